/** Writes the generated tables of docs/; `--check` only says whether they are up to date. */

import { readFileSync, writeFileSync } from 'node:fs';
import { pages } from './pages.ts';

const check = process.argv.includes('--check');
let stale = false;
for (const [path, text] of pages()) {
  const current = (() => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return null;
    }
  })();
  if (current === text) continue;
  stale = true;
  if (check) console.error(`${path} is not up to date: run \`npm run docs\``);
  else writeFileSync(path, text);
}
process.exitCode = check && stale ? 1 : 0;
