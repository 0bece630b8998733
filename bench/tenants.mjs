/** Many schemas of one database: a fleet beside a loop. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { folderFor } from './contestants.mjs';
import { small } from './files.mjs';
import { nodeOn, run } from './measure.mjs';
import { PEERS, pairs } from './peers.mjs';
import { ask, createDatabase, rungs, urlOf, work } from './server.mjs';
import { listened } from './turns.mjs';

export const LOOP = 'golang-migrate in a loop';

/** `count` schemas of one database, in which `pending` of `files` migrations are not applied: one fleet, and a loop. */
export async function tenants({ count, files, pending, ms, rounds, say }) {
  const folder = folderFor(`tenants-${files}-${pending}`, 'pairs');
  const schemas = Array.from({ length: count }, (_, i) => `tenant_${i + 1}`);
  const config = join(work, 'fleet.yaml');
  writeFileSync(
    config,
    "targets:\n  query: select nspname as schema from pg_namespace where nspname like 'tenant%'\n",
  );
  const fleet = (url) => nodeOn(url, rungs, 'fleet', '--config', config, '--path', folder);
  const like = await createDatabase();
  const there = await urlOf(like);
  await ask(schemas.map((schema) => `create schema ${schema};`).join('\n'), there);
  pairs(folder, small(files - pending));
  if (pending < files) await run(fleet(there));
  pairs(folder, small(files));

  const loop = async (url) => {
    const ends = [];
    for (const schema of schemas)
      ends.push(await run(PEERS['golang-migrate'].command(folder, `${url}&search_path=${schema}`)));
    return { peak: Math.max(...ends.map((end) => end.peak)) };
  };
  const contestants = { 'rungs fleet': (url) => run(fleet(url)) };
  if (PEERS['golang-migrate'].isThere()) contestants[LOOP] = loop;
  return listened({ contestants, like, ms, rounds, say });
}
