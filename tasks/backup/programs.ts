/** pg_dump and pg_restore on this machine: where they are, of what version, and which of them fits. */

import { execFile } from 'node:child_process';
import { readdirSync, realpathSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { MigrateError } from '../../src/errors.ts';
import type { Environment } from './environment.ts';

export type Name = 'pg_dump' | 'pg_restore';

export interface Program {
  readonly path: string;
  /** As it says itself: `15.18`, `19devel`. */
  readonly version: string;
  readonly major: number;
}

const isWindows = process.platform === 'win32';

/** Where packages put what is not on PATH: a folder, which of its folders, and what is in those. */
const USUAL: readonly (readonly [folder: string, name: RegExp, inside: string])[] = [
  ['/usr/lib/postgresql', /^\d+$/, 'bin'],
  ['/usr', /^pgsql-\d+$/, 'bin'],
  ['/usr/libexec', /^postgresql\d+$/, ''],
  ['/opt/homebrew/opt', /^(postgresql|libpq)(@\d+)?$/, 'bin'],
  ['/usr/local/opt', /^(postgresql|libpq)(@\d+)?$/, 'bin'],
  ['/Applications/Postgres.app/Contents/Versions', /^\d+$/, 'bin'],
  ['C:\\Program Files\\PostgreSQL', /^\d+$/, 'bin'],
];

/** All there are, each once, those on PATH first. */
async function programs(name: Name, env: Environment): Promise<readonly Program[]> {
  const onPath = (process.env.PATH ?? '').split(delimiter).filter(isAbsolute);
  const elsewhere = USUAL.flatMap(([folder, pattern, inside]) =>
    namesIn(folder)
      .filter((n) => pattern.test(n))
      .map((n) => join(folder, n, inside)),
  );
  const paths = [...onPath, ...elsewhere].flatMap((folder) => {
    const path = join(folder, isWindows ? `${name}.exe` : name);
    const real = realOf(path);
    return real === null ? [] : [{ path, real }];
  });
  // Several names of Debian's pg_wrapper are one file, which goes by the name that it is called by.
  const each = new Map(paths.toReversed().map(({ path, real }) => [real, path]));
  const found = await Promise.all([...each.values()].reverse().map((path) => ask(path, env)));
  return found.filter((p) => p !== null);
}

/** Asked in the environment that it will run in: Debian's pg_wrapper chooses a version by what that says. */
function ask(path: string, env: Environment): Promise<Program | null> {
  return new Promise((done) => {
    execFile(path, ['--version'], { env, timeout: 10_000 }, (_error, stdout) => {
      const [, version, major] = /\(PostgreSQL\) ((\d+)\S*)/.exec(stdout) ?? [];
      done(version === undefined ? null : { path, version, major: Number(major) });
    });
  });
}

/**
 * The oldest that is as new as `wanted`: pg_dump refuses a newer server, and what a much newer one writes an older
 * server may not understand.
 */
export function fitting(found: readonly Program[], wanted: number): Program | null {
  return found.filter(({ major }) => major >= wanted).sort((a, b) => a.major - b.major)[0] ?? null;
}

/** `why`: what asks for that version, as in "the server is PostgreSQL 18.1". */
export async function findProgram(
  name: Name,
  wanted: number,
  why: string,
  env: Environment,
): Promise<Program> {
  const found = await programs(name, env);
  const program = fitting(found, wanted);
  if (program !== null) return program;
  const each = found.filter(({ version }, i) => found.findIndex((p) => p.version === version) === i);
  const list = each.map(({ path, version }) => `${version} (${path})`).join(', ');
  throw new MigrateError('MIGRATION_INIT_FAILED', name === 'pg_dump' ? 'backup' : 'restore', {
    operation: `find a ${name} of version ${wanted} or newer`,
    message:
      found.length === 0
        ? `there is no ${name} on PATH or in the usual places`
        : `${why}, and there is only ${name} ${list}`,
    hint: `install it: ${installing(wanted)}`,
  });
}

function installing(major: number): string {
  if (process.platform === 'darwin') return `\`brew install postgresql@${major}\``;
  if (isWindows) return `PostgreSQL ${major}’s “Command Line Tools”, from postgresql.org`;
  return `\`apt-get install postgresql-client-${major}\`, or your system’s package; apt.postgresql.org has all versions`;
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function realOf(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}
