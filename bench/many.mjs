/** So many files that reading them is the work. */

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { folderFor } from './contestants.mjs';
import { small } from './files.mjs';
import { nodeOn, run } from './measure.mjs';
import { pairs } from './peers.mjs';
import { createDatabase, dropDatabase, rungs, urlOf, work } from './server.mjs';
import { takeTurns } from './turns.mjs';

/** `count` pairs, all applied: what reading them costs (and checks nothing), and what rungs does with them. */
export async function manyFiles({ count, rounds, say }) {
  const folder = folderFor(`many-${count}`, 'pairs');
  const files = small(count).map((file) => ({ ...file, up: 'select 1;\n', down: 'select 1;\n' }));
  pairs(folder, files);
  const like = await createDatabase();
  const command =
    (...args) =>
    (url) =>
      nodeOn(url, rungs, ...args, '--path', folder);
  await run(command('up')(await urlOf(like)));
  // The two ways that Node has: the usual one, and the one that costs least.
  const [usual, least] = [join(work, 'read.mjs'), join(work, 'read-sync.mjs')];
  const within = JSON.stringify(`${folder}/`);
  writeFileSync(
    usual,
    `import { readdir, readFile } from 'node:fs/promises';
const names = await readdir(${within});
for (let i = 0; i < names.length; i += 64)
  await Promise.all(names.slice(i, i + 64).map((name) => readFile(${within} + name, 'utf8')));\n`,
  );
  writeFileSync(
    least,
    `import { readdirSync, readFileSync } from 'node:fs';
for (const name of readdirSync(${within})) readFileSync(${within} + name, 'utf8');\n`,
  );
  const contestants = {
    'reading the files': () => ({ program: process.execPath, args: [usual] }),
    'reading them with readFileSync': () => ({ program: process.execPath, args: [least] }),
    'rungs status': command('status'),
    'rungs up --dry-run': command('up', '--dry-run'),
    'rungs up, nothing pending': command('up'),
  };
  const names = Object.fromEntries(Object.keys(contestants).map((name) => [name, like]));
  const found = await takeTurns({ contestants, ms: 0, rounds, like: names, say });
  await dropDatabase(like);
  return { bytes: bytesIn(folder), found };
}

const bytesIn = (folder) =>
  readdirSync(folder).reduce((sum, name) => sum + readFileSync(join(folder, name)).length, 0);
