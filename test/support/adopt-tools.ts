/** The migration tools that `adopt` takes over from, as they are installed: in .cache/ by .ci/run, or on PATH. */

import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { describe, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const cache = join(root, '.cache');
/** Of the packages that are no dependencies of ours. */
export const NPM = join(cache, 'adopt-tools');

export interface Ran {
  readonly code: number;
  readonly output: string;
}

/** Where a program is, or a file of a tool's; null where it is not. */
export function find(program: string): string | null {
  const places = [
    ...[join(cache, 'bin'), join(NPM, 'node_modules/.bin'), join(cache, 'alembic/bin')],
    ...(process.env.PATH ?? '').split(delimiter),
  ];
  if (program.includes('/')) return existsSync(join(cache, program)) ? join(cache, program) : null;
  return places.map((dir) => join(dir, program)).find(isExecutable) ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** To its end, with both its outputs as one. */
export function run(
  program: string,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  const { HOME = '' } = process.env;
  const path = [dirname(process.execPath), process.env.PATH ?? ''].join(delimiter);
  return new Promise((done) => {
    const options = { cwd, env: { HOME, PATH: path, NODE_PATH: join(NPM, 'node_modules'), ...env } };
    execFile(program, [...args], { ...options, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
      done({
        code,
        output: `${stdout}${stderr}${error !== null && error.code === undefined ? error.message : ''}`,
      });
    });
  });
}

/** `describe`, where all of it is here. Else skipped, aloud; in CI that is a failure. */
export function beside(title: string, needed: readonly string[], body: () => void): void {
  const missing = needed.filter((program) => find(program) === null);
  if (missing.length === 0) {
    describe(title, body);
    return;
  }
  const message = `${title}: ${missing.join(', ')} is not here (.ci/run installs it)`;
  if (process.env.CI === 'true') {
    test(title, () => {
      throw new Error(message);
    });
    return;
  }
  console.error(`tests: skipped ${message}`);
  describe.skip(title, body);
}
