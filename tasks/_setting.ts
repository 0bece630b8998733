/** Writes one setting into the project's rungs.yaml, and leaves all else in it as it is. */

import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { withSetting } from '../src/config/document.ts';
import type { Setting } from '../src/report/adoption.ts';
import type { Loaded } from './_config.ts';

/** What could not be written is told, and no reason to fail: the database is adopted by then. */
export function writeSetting({ file }: Loaded, key: string, value: string): Setting {
  const path = file ?? 'rungs.yaml';
  try {
    const text = withSetting(file === null ? '' : readFileSync(path, 'utf8'), key, value);
    if (text === null) return { file: path, value, written: false };
    if (file === null) writeFileSync(path, text, { flag: 'wx' });
    else replace(path, text);
    return { file: path, value, written: true };
  } catch {
    return { file: path, value, written: false };
  }
}

/** At once: a run that begins meanwhile reads the one or the other. */
function replace(path: string, text: string): void {
  const draft = join(dirname(path), `.rungs.yaml.${process.pid}`);
  writeFileSync(draft, text, { mode: statSync(path).mode & 0o777 });
  renameSync(draft, path);
}
