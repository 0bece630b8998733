/** One file that is large. */

import { once } from 'node:events';
import { createWriteStream, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { folderFor } from './contestants.mjs';
import { PEERS, PSQL } from './peers.mjs';
import { takeTurns } from './turns.mjs';

/** A file as pg_dump writes it, with `megabytes` of rows; or that many INSERTs. */
export async function largeFile({ megabytes, inserts, rounds, say }) {
  const folder = folderFor(`large-${megabytes ?? inserts}`, 'pairs');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, '1_large.up.sql');
  const out = createWriteStream(file);
  out.write('create table large (id bigint, at timestamptz, name text, note text);\n');
  const note = 'the quick brown fox jumps over the lazy dog, again and again';
  if (megabytes !== undefined) out.write('copy large (id, at, name, note) from stdin;\n');
  const lines = inserts ?? Math.ceil((megabytes * 1e6) / 100);
  for (let i = 0; i < lines; i += 1000) {
    const row = (n) =>
      inserts === undefined
        ? `${n}\t2026-01-02 03:04:05+00\tname ${n}\t${note}\n`
        : `insert into large values (${n}, '2026-01-02 03:04:05+00', 'name ${n}', '${note}');\n`;
    if (!out.write(Array.from({ length: 1000 }, (_, k) => row(i + k)).join(''))) await once(out, 'drain');
  }
  if (megabytes !== undefined) out.write('\\.\n');
  out.end();
  await once(out, 'close');
  const contestants = { rungs: (url) => PEERS.rungs.command(folder, url) };
  if (PSQL.isThere()) contestants['psql -1'] = (url) => PSQL.command(undefined, url, '-1', '-f', file);
  const found = await takeTurns({ contestants, ms: 0, rounds, say });
  return { bytes: statSync(file).size, found };
}
