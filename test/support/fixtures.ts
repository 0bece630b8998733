import { cpSync } from 'node:fs';
import { folderOf } from './folder.ts';

/** A folder of test/fixtures, copied for a test that edits it. */
export function copyOf(fixture: string): string {
  const folder = folderOf({});
  cpSync(`test/fixtures/${fixture}`, folder, { recursive: true });
  return folder;
}
