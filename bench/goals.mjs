/** What was promised, as ratios within one run, beside what came out. */

import { ALL_SENT, EMPTY, FILES_ALONE } from './first.mjs';
import { median } from './measure.mjs';
import { PEERS } from './peers.mjs';
import { LOOP } from './tenants.mjs';

export const ratio = (a, b) => (a / b).toFixed(a / b < 10 ? 2 : 0);
export const of = (found, name) => (found?.[name]?.times.length > 0 ? median(found[name].times) : null);
export const foundIn = (result) => result?.found ?? result;

/** Who is the fastest of them all is for the run to say. */
const FASTEST = Symbol('the fastest peer');
/** What is run from node_modules, and what a release build makes. */
const OURS = ['rungs', 'rungs, bundled'];

/** [what, case, theirs, ours, at least this]. */
const GOALS = [
  ...OURS.flatMap((ours) => [
    [`${ours}: faster than golang-migrate, 200 at 10 ms`, 'first', 'golang-migrate', ours, 50],
    [`${ours}: faster than psql -1, 200 at 10 ms`, 'first', 'psql -1', ours, 10],
    [`${ours}: faster than golang-migrate, 200 of three`, 'first, of three', 'golang-migrate', ours, 50],
    [`${ours}: faster than psql -1, 200 of three`, 'first, of three', 'psql -1', ours, 10],
    [`${ours}: faster than every peer at 0 ms`, 'first, at 0 ms', FASTEST, ours, 1],
  ]),
  ['faster than golang-migrate, 50 whole processes', 'replicas', 'golang-migrate', 'rungs, bundled', 10],
  ...['built with its migrations', 'of a folder'].map((how) => [
    `faster than golang-migrate, 50 services from the word on: ${how}`,
    'services',
    'golang-migrate, as a library',
    `migrateOnStart, ${how}`,
    10,
  ]),
  ...['tenants', 'tenants, one pending', 'tenants, nothing pending'].map((name) => [
    `faster than a loop over golang-migrate, ${name}`,
    name,
    LOOP,
    'rungs fleet',
    10,
  ]),
  ...['node-pg-migrate', 'knex', 'umzug', 'drizzle-orm', 'postgres-migrations'].map((name) => [
    `rungs, bundled: faster than ${name}, nothing pending`,
    'nothing pending',
    name,
    'rungs, bundled',
    2,
  ]),
];

/** The other way round: [what, case, ours, theirs, at most this, what is taken off ours]. */
const LIMITS = [
  ...OURS.flatMap((ours) => [
    [`${ours}: at 0 ms, to \`${FILES_ALONE}\``, 'first, at 0 ms', ours, FILES_ALONE, 1.1],
    ['the same without the start of Node', 'first, at 0 ms', ours, FILES_ALONE, 1.1, EMPTY],
    [`${ours}: at 0 ms, to \`${ALL_SENT}\``, 'first, at 0 ms', ours, ALL_SENT, 1.1],
    ['the same without the start of Node', 'first, at 0 ms', ours, ALL_SENT, 1.1, EMPTY],
  ]),
  ['COPY data, to psql', 'copy', 'rungs', 'psql -1', 1 / 0.9],
  ['INSERT lines, to psql', 'inserts', 'rungs', 'psql -1', 1 / 0.9],
  ...['status', 'up --dry-run', 'up, nothing pending'].map((what) => [
    `${what} of 10,000 pairs, to reading them`,
    'many files',
    `rungs ${what}`,
    'reading the files',
    1.5,
  ]),
  ['`version --embedded`, to an empty .mjs', 'start', 'bundle version --embedded', 'empty.mjs', 1.15],
  ['bundle `up`, to a minimal pg script', 'start', 'bundle up', 'minimal pg, two queries', 1.25],
  ['rungs `up`, to a minimal pg script', 'start', 'rungs up', 'minimal pg, two queries', 1.25],
];

const row = (what, side, wanted, came, isKept) =>
  `| ${what} | ${side} ${ratio(wanted, 1)} | ${ratio(came, 1)} | ${isKept ? 'kept' : '**missed**'} |`;

const fastestOf = (found) =>
  Object.keys(PEERS)
    .filter((name) => name !== 'rungs' && of(found, name) !== null)
    .reduce((best, name) => (best !== null && of(found, best) <= of(found, name) ? best : name), null);

/** A table, or nothing where nothing was measured that a goal is about. */
export function goals(results) {
  const rows = [
    ...GOALS.flatMap(([what, where, theirs, ours, wanted]) => {
      const found = foundIn(results[where]);
      const whose = theirs === FASTEST ? fastestOf(found) : theirs;
      const [a, b] = [of(found, whose), of(found, ours)];
      const whole = theirs === FASTEST ? `${what} (${whose})` : what;
      return a === null || b === null ? [] : [row(whole, 'at least', wanted, a / b, a / b >= wanted)];
    }),
    ...LIMITS.flatMap(([what, where, ours, theirs, wanted, without]) => {
      const found = foundIn(results[where]);
      const [a, b] = [of(found, ours), of(found, theirs)];
      const less = without === undefined ? 0 : of(found, without);
      if (a === null || b === null || less === null) return [];
      return [row(what, 'at most', wanted, (a - less) / b, (a - less) / b <= wanted)];
    }),
  ];
  return rows.length === 0
    ? ''
    : ['| goal | wanted | came out |  |', '| --- | ---: | ---: | --- |', ...rows].join('\n');
}
