/** The optional packages: only builders have them, and only a build asks for them. */

import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { MigrateError } from '../src/errors.ts';

export async function loadEsbuild(): Promise<typeof import('esbuild')> {
  try {
    return await import('esbuild');
  } catch (e) {
    if (!isMissing(e)) throw e;
  }
  return found('esbuild', () => inProject('esbuild'));
}

/** The path of its command. */
export function findPostject(): string {
  const path = 'postject/dist/cli.js';
  return found('postject', () => {
    try {
      return createRequire(import.meta.url).resolve(path);
    } catch (e) {
      if (!isMissing(e)) throw e;
    }
    return inProject.resolve(path);
  });
}

/** We may be installed elsewhere (npx, globally): then it is the project that has it. */
const inProject = createRequire(resolve('package.json'));

function found<T>(name: string, find: () => T): T {
  try {
    return find();
  } catch (e) {
    if (!isMissing(e)) throw e;
    throw cannotBuild(`the package ${name} is not installed`, `run \`npm i -D ${name}\``);
  }
}

function isMissing(e: unknown): boolean {
  const { code } = e as NodeJS.ErrnoException;
  return code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
}

export function cannotBuild(message: string, hint?: string, cause?: unknown): MigrateError {
  const operation = 'build the bundle';
  return new MigrateError('CONFIG_INVALID', 'build', {
    operation,
    message,
    cause,
    ...(hint === undefined ? {} : { hint }),
  });
}
