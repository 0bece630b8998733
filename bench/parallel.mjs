/**
 * What it would gain to run independent migrations at the same time: the least that this could cost, without the ledger's
 * row, for which they would wait for each other, beside the same in one message after the other.
 */

import { oneByOne, small } from './files.mjs';
import { ask, createDatabase, dropDatabase, urlOf } from './server.mjs';

const LANES = 4;
const TABLES = 8;

/** 200 small ones, `ms` milliseconds away. */
export const smallOnes = ({ count, ms, rounds, say }) =>
  compare({ parts: small(count), text: oneByOne, ms, rounds, like: 'template1', say });

/** An index on each of several tables: work for the server. */
export async function indexes({ rows, rounds, say }) {
  const like = await createDatabase();
  const names = Array.from({ length: TABLES }, (_, i) => `bench_${i}`);
  for (const name of names) {
    const made = `create table ${name} as select i as id, md5(i::text) as name from generate_series(1, ${rows}) i`;
    await ask(made, await urlOf(like));
  }
  const parts = names.map((name) => `begin;\ncreate index on ${name} (name);\ncommit;\n`);
  try {
    return await compare({ parts, text: (list) => list.join(''), ms: 0, rounds, like, say });
  } finally {
    await dropDatabase(like);
  }
}

async function compare({ parts, text, ms, rounds, like, say }) {
  const found = {};
  for (let round = 0; round < rounds; round++) {
    for (const lanes of [1, LANES]) {
      const name = lanes === 1 ? 'one after the other' : `${lanes} at a time`;
      const database = await createDatabase(like);
      const url = await urlOf(database, ms);
      const begun = performance.now();
      await Promise.all(
        Array.from({ length: lanes }, (_, lane) =>
          ask(text(parts.filter((_, i) => i % lanes === lane)), url),
        ),
      );
      found[name] ??= { times: [], peak: 0 };
      found[name].times.push(performance.now() - begun);
      say(`  ${name}: ${(found[name].times.at(-1) / 1000).toFixed(2)} s`);
      await dropDatabase(database);
    }
  }
  return found;
}
