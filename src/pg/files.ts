/** The files that a connection needs, and who else can read them. */

import type { Stats } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { platform } from 'node:os';
import type { HomeFile } from '../config/home-file.ts';
import { MigrateError } from '../errors.ts';

/** Something is wrong with a file that nobody has named: not an error where there is a way without it. */
export class HomeFileError extends Error {}

/** Null where there is none, which is an error only if it was named. */
export async function statOf(file: HomeFile): Promise<Stats | null> {
  try {
    return await stat(file.path);
  } catch (e) {
    const { code } = e as NodeJS.ErrnoException;
    if (!file.named && (code === 'ENOENT' || code === 'ENOTDIR')) return null;
    throw unusable(file, `${file.keyword} ${file.path}: ${code ?? String(e)}`);
  }
}

export async function read(file: HomeFile): Promise<Buffer> {
  try {
    return await readFile(file.path);
  } catch (e) {
    throw unusable(file, `${file.keyword} ${file.path}: ${(e as NodeJS.ErrnoException).code ?? String(e)}`);
  }
}

export async function readIfThere(file: HomeFile | null): Promise<Buffer | null> {
  return file === null || (await statOf(file)) === null ? null : await read(file);
}

/**
 * Whether group or others have any of the rights in the mask, which is for a file of anyone's but root's. On Windows
 * modes say nothing, and libpq does not look at them there either.
 */
export function isOpen({ mode }: Stats, mask: number): boolean {
  return platform() !== 'win32' && (mode & mask) !== 0;
}

/** What libpq only finds out when it comes to it stops us at once where the user has named the file. */
export function unusable(
  file: HomeFile,
  message: string,
  hint = 'correct the path in the connection string, or the file',
): Error {
  if (!file.named) return new HomeFileError(message);
  return new MigrateError('MIGRATION_INIT_FAILED', 'unreadable', {
    operation: 'read the files that the connection needs',
    message,
    hint,
  });
}
