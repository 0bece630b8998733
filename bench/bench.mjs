/**
 * `npm run bench`: rungs beside its peers, on the same SQL, in one session. Needs nothing but the network, the first
 * time: it starts the embedded server (or takes DATABASE_URL's) and a stretch of latency in front of it, installs or
 * finds each peer, and lets all of them take turns. `--write` puts the results into docs/performance.md.
 *
 * `--only NAME` measures one case; `--quick` less of everything, to see that the bench works.
 */

import { parseArgs } from 'node:util';
import * as cases from './cases.mjs';
import { page } from './page.mjs';
import { indexes, smallOnes } from './parallel.mjs';
import { install, PEERS, PSQL } from './peers.mjs';
import { ask, withServer } from './server.mjs';
import { starts } from './start.mjs';
import { writePage } from './write.mjs';

const { values } = parseArgs({
  options: {
    write: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
  },
});
const say = (text) => console.error(text);
const { quick } = values;

const EVERYONE = Object.keys(PEERS);
const NEAR = ['rungs', 'golang-migrate', 'goose', 'dbmate', 'knex'];
const NODE = [
  'rungs',
  'golang-migrate',
  'node-pg-migrate',
  'knex',
  'umzug',
  'drizzle-orm',
  'postgres-migrations',
];
const [ROUNDS, COUNT] = quick ? [1, 20] : [5, 200];

/** In the order of the page. */
const PLAN = {
  first: async () => {
    // Fills the caches of the file system.
    await cases.firstRun({ count: 5, ms: 0, rounds: 1, tools: EVERYONE, say: () => {} });
    return cases.firstRun({ count: COUNT, ms: 10, rounds: ROUNDS, tools: EVERYONE, say });
  },
  'first, at 0 ms': () =>
    cases.firstRun({ count: COUNT, ms: 0, rounds: Math.min(ROUNDS, 3), tools: EVERYONE, say }),
  'first, at 1 ms': () => cases.firstRun({ count: COUNT, ms: 1, rounds: 1, tools: NEAR, say }),
  'first, at 50 ms': () =>
    cases.firstRun({ count: COUNT, ms: 50, rounds: 1, tools: NEAR.filter((name) => name !== 'dbmate'), say }),
  'first, 10 migrations': () => cases.firstRun({ count: 10, ms: 10, rounds: 1, tools: NEAR, say }),
  'first, 1,000 migrations': () =>
    cases.firstRun({ count: quick ? 50 : 1000, ms: 10, rounds: 1, tools: ['rungs', 'goose'], say }),
  'one pending': () =>
    cases.later({
      count: quick ? 20 : 1000,
      pending: 1,
      ms: 10,
      rounds: Math.min(ROUNDS, 3),
      tools: NEAR,
      say,
    }),
  'nothing pending': () =>
    cases.later({ count: quick ? 20 : 200, pending: 0, ms: 10, rounds: ROUNDS, tools: NODE, say }),
  replicas: () => cases.replicas({ count: quick ? 5 : 50, ms: 10, rounds: Math.min(ROUNDS, 3), say }),
  tenants: () => cases.tenants({ count: quick ? 100 : 1000, files: 5, pending: 5, ms: 5, rounds: 1, say }),
  'tenants, one pending': () => cases.tenants({ count: 100, files: 20, pending: 1, ms: 5, rounds: 1, say }),
  'tenants, nothing pending': () =>
    cases.tenants({ count: 100, files: 20, pending: 0, ms: 5, rounds: 1, say }),
  copy: () => cases.largeFile({ megabytes: quick ? 10 : 500, rounds: Math.min(ROUNDS, 3), say }),
  inserts: () => cases.largeFile({ inserts: quick ? 10_000 : 200_000, rounds: Math.min(ROUNDS, 3), say }),
  'many files': () => cases.manyFiles({ count: quick ? 500 : 10_000, rounds: Math.min(ROUNDS, 3), say }),
  start: () => starts({ rounds: quick ? 3 : 25, say }),
  'parallel, small': () => smallOnes({ count: COUNT, ms: 10, rounds: ROUNDS, say }),
  'parallel, indexes': () => indexes({ rows: quick ? 1000 : 300_000, rounds: Math.min(ROUNDS, 3), say }),
};

await withServer(async () => {
  install(say);
  const [server] = await ask('show server_version');
  const versions = Object.entries({ ...PEERS, psql: PSQL }).map(([name, peer]) => [
    name,
    peer.isThere() ? peer.version() : null,
  ]);
  const results = {};
  for (const [name, measure] of Object.entries(PLAN)) {
    if (values.only !== undefined && values.only !== name) continue;
    say(`${name} (${new Date().toISOString()})`);
    results[name] = await measure();
    // After each, as it takes half an hour.
    if (values.write) writePage(page({ results, versions, server: server.server_version }));
  }
  console.log(page({ results, versions, server: server.server_version }).text);
});
