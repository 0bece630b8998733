/** The real golang-migrate, from RUNGS_GOLANG_MIGRATE or PATH. */

import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, test } from 'vitest';
import type { Database } from './database.ts';

const binary = find();

const INSTALL =
  "go install -tags 'pgx5 postgres' github.com/golang-migrate/migrate/v4/cmd/migrate@v4.19.1, and put it on PATH";

/** `describe`, where there is a golang-migrate. Else skipped, aloud; in CI that is a failure. */
export function besideGolangMigrate(name: string, body: () => void): void {
  if (binary !== null) {
    describe(name, body);
  } else if (process.env.CI === 'true') {
    test(name, () => {
      throw new Error(`no golang-migrate: ${INSTALL}`);
    });
  } else {
    console.error(`SKIPPED, for there is no golang-migrate: ${name} (${INSTALL})`);
    describe.skip(name, body);
  }
}

/** Its two drivers of today: lib/pq and pgx. */
export type Driver = 'postgres' | 'pgx5';

export interface GolangOptions {
  readonly driver?: Driver;
  /** More parameters of the URL. */
  readonly parameters?: Readonly<Record<string, string>>;
}

export interface GolangResult {
  readonly code: number | null;
  /** It prints everything on stderr; stdout, which stays empty, is before it. */
  readonly output: string;
}

export function golang(
  database: Database,
  folder: string,
  args: readonly string[],
  options: GolangOptions = {},
): Promise<GolangResult> {
  const { driver = 'postgres', parameters = {} } = options;
  // lib/pq insists on TLS unless told otherwise.
  const url = withParameters(database.url, { sslmode: 'disable', ...parameters });
  const { PATH = '', HOME = '' } = process.env;
  const theirs = ['-path', folder, '-database', url.replace(/^[a-z]+:/, `${driver}:`), ...args];
  const child = spawn(binary ?? 'migrate', theirs, {
    env: { PATH, HOME },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (part: string) => {
      text[name] += part;
    });
  }
  return new Promise((done, fail) => {
    child.on('error', fail);
    child.on('close', (code) => done({ code, output: text.stdout + text.stderr }));
  });
}

/** URLSearchParams would write a blank as +, which is a plus to libpq. */
export function withParameters(url: string, parameters: Readonly<Record<string, string>>): string {
  const [base = '', query = ''] = url.split('?');
  const given = query.split('&').filter((pair) => pair !== '' && !((pair.split('=')[0] ?? '') in parameters));
  const added = Object.entries(parameters).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return `${base}?${[...given, ...added].join('&')}`;
}

function find(): string | null {
  const { RUNGS_GOLANG_MIGRATE, PATH = '' } = process.env;
  const name = process.platform === 'win32' ? 'migrate.exe' : 'migrate';
  const places = RUNGS_GOLANG_MIGRATE
    ? [RUNGS_GOLANG_MIGRATE]
    : PATH.split(delimiter)
        .filter((dir) => dir !== '')
        .map((dir) => join(dir, name));
  return places.find(isExecutable) ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
