/** The optional packages: only builders have them, and only a build asks for them. */

import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { MigrateError } from '../src/errors.ts';

export const loadEsbuild = (): Promise<typeof import('esbuild')> => load('esbuild', () => import('esbuild'));

export const loadPostject = (): Promise<typeof import('postject')> =>
  load('postject', () => import('postject'));

async function load<T>(name: string, find: () => Promise<T>): Promise<T> {
  try {
    return await find();
  } catch (e) {
    if (!isMissing(e, name)) throw e;
  }
  // We may be installed elsewhere (npx, globally): then it is the project that has it.
  try {
    return createRequire(resolve('package.json'))(name);
  } catch (e) {
    if (!isMissing(e, name)) throw e;
    throw cannotBuild(`the package ${name} is not installed`, `run \`npm i -D ${name}\``);
  }
}

function isMissing(e: unknown, name: string): boolean {
  const { code, message } = e as NodeJS.ErrnoException;
  return (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND') && message.includes(`'${name}'`);
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
