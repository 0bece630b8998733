import { existsSync, mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Makes a folder and those above it that are not there; returns the topmost one made. Node's own `recursive` never ends
 * where the system answers ENOENT for a folder in one that is there, as /proc does.
 */
export function makeFolder(folder: string): string | undefined {
  const missing: string[] = [];
  for (let at = resolve(folder); !existsSync(at) && dirname(at) !== at; at = dirname(at)) missing.unshift(at);
  for (const path of missing) {
    try {
      mkdirSync(path);
    } catch (e) {
      // Another run was quicker.
      if ((e as NodeJS.ErrnoException).code !== 'EEXIST' || !existsSync(path)) throw e;
    }
  }
  return missing[0];
}
