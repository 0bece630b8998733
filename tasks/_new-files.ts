/** Files that belong together: all of them are there in the end, or none. */

import { rm, writeFile } from 'node:fs/promises';

/** Nothing that exists is overwritten. */
export const writeNew = (path: string, text: string): Promise<void> => writeFile(path, text, { flag: 'wx' });

/** In their order; where one cannot be written, those before it are taken back. */
export async function writeAll(
  files: readonly (readonly [path: string, write: (path: string) => Promise<void>])[],
): Promise<void> {
  const written: string[] = [];
  try {
    for (const [path, write] of files) {
      await write(path);
      written.push(path);
    }
  } catch (e) {
    for (const path of written) await rm(path);
    if (written.length === 0) throw e;
    throw new Error(`${(e as Error).message}; ${written.join(', ')} was taken back`, { cause: e });
  }
}
