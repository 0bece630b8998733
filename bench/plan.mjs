/** What is measured, in the order of the page: a name, and who is asked how often. */

import { ofThree, small } from './files.mjs';
import { FILES_ALONE, firstRun } from './first.mjs';
import { largeFile } from './large.mjs';
import { later } from './later.mjs';
import { manyFiles } from './many.mjs';
import { indexes, smallOnes } from './parallel.mjs';
import { PEERS } from './peers.mjs';
import { processes, services } from './replicas.mjs';
import { starts } from './start.mjs';
import { tenants } from './tenants.mjs';

const EVERYONE = Object.keys(PEERS);
const NEAR = ['rungs', 'golang-migrate', 'goose', 'dbmate', 'knex'];
const NODE = ['node-pg-migrate', 'knex', 'umzug', 'drizzle-orm', 'postgres-migrations'];

/** Name to a function that measures; `quick` is less of everything. */
export function planFor({ quick, say }) {
  const [rounds, count] = quick ? [1, 20] : [5, 200];
  const few = Math.min(rounds, 3);
  const first = (number, rest) =>
    firstRun({ files: small(number), what: `first-${number}`, ms: 10, rounds: 1, tools: NEAR, say, ...rest });
  return {
    first: async () => {
      // Fills the caches of the file system.
      await first(5, { ms: 0, tools: EVERYONE, say: () => {} });
      return first(count, { rounds, tools: EVERYONE });
    },
    'first, at 0 ms': () => first(count, { ms: 0, rounds: few, tools: EVERYONE }),
    'first, at 1 ms': () => first(count, { ms: 1 }),
    'first, at 50 ms': () =>
      first(count, { ms: 50, tools: ['rungs', 'golang-migrate', 'knex'], without: [FILES_ALONE] }),
    'first, 10 migrations': () => first(10),
    'first, 1,000 migrations': () =>
      first(quick ? 50 : 1000, { tools: ['rungs', 'goose'], without: [FILES_ALONE] }),
    'first, of three': () =>
      firstRun({
        files: ofThree(count),
        what: `three-${count}`,
        ms: 10,
        rounds: few,
        tools: ['rungs', 'golang-migrate', 'goose'],
        without: [FILES_ALONE],
        say,
      }),
    'one pending': () =>
      later({ count: quick ? 20 : 1000, pending: 1, ms: 10, rounds: few, tools: NEAR, say }),
    'nothing pending': () =>
      later({ count, pending: 0, ms: 10, rounds, tools: ['rungs', 'golang-migrate', ...NODE], say }),
    replicas: () => processes({ count: quick ? 5 : 50, ms: 10, rounds: few, say }),
    services: () => services({ count: quick ? 5 : 50, ms: 10, rounds: few, say }),
    tenants: () => tenants({ count: quick ? 100 : 1000, files: 5, pending: 5, ms: 5, rounds: 1, say }),
    'tenants, one pending': () => tenants({ count: 100, files: 20, pending: 1, ms: 5, rounds: 1, say }),
    'tenants, nothing pending': () => tenants({ count: 100, files: 20, pending: 0, ms: 5, rounds: 1, say }),
    copy: () => largeFile({ megabytes: quick ? 10 : 500, rounds: few, say }),
    inserts: () => largeFile({ inserts: quick ? 10_000 : 200_000, rounds: few, say }),
    'many files': () => manyFiles({ count: quick ? 500 : 10_000, rounds: few, say }),
    start: () => starts({ rounds: quick ? 3 : 20, say }),
    'parallel, small': () => smallOnes({ count, ms: 10, rounds, say }),
    'parallel, indexes': () => indexes({ rows: quick ? 1000 : 300_000, rounds: few, say }),
  };
}
