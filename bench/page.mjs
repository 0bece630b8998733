/** Results to Markdown: tables, ratios, and what was promised beside what came out. */

import { cpus, totalmem, type } from 'node:os';
import { median } from './measure.mjs';
import { isInMemory } from './server.mjs';

const seconds = (ms) =>
  ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
const megabytes = (bytes) =>
  bytes === 0 ? '–' : bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${Math.round(bytes / 1e6)} MB`;
const ratio = (a, b) => (a / b).toFixed(a / b < 10 ? 2 : 0);
const of = (found, name) => (found?.[name]?.times.length > 0 ? median(found[name].times) : null);

/** Fastest first; `base` is what the others are told as a multiple of. */
function table(found, base) {
  const unit = of(found, base);
  const rows = Object.entries(found)
    .filter(([, { times }]) => times.length > 0)
    .sort(([, a], [, b]) => median(a.times) - median(b.times))
    .map(([name, { times, peak }]) => {
      const spread =
        times.length < 2 ? 'once' : `${seconds(Math.min(...times))} to ${seconds(Math.max(...times))}`;
      return `| ${name} | ${seconds(median(times))} | ${spread} | ${ratio(median(times), unit)} | ${megabytes(peak)} |`;
    });
  const failed = Object.entries(found)
    .filter(([, { error }]) => error !== undefined)
    .map(([name, { error }]) => `${name} failed: ${error.trim().split('\n').at(-1)}`);
  return [
    '|  | median | spread | as a multiple of ours | peak memory |',
    '| --- | ---: | --- | ---: | ---: |',
    ...rows,
    ...failed.flatMap((line) => ['', line]),
  ].join('\n');
}

/** What psql is fed for the first run. */
const FED = 'psql, begin and commit for each';

const TITLES = {
  first: ['200 small migrations on an empty database, 10 ms away', 'rungs'],
  'first, at 0 ms': ['The same on this machine', 'rungs'],
  'first, at 1 ms': ['The same, 1 ms away', 'rungs'],
  'first, at 50 ms': ['The same, 50 ms away', 'rungs'],
  'first, 10 migrations': ['10 migrations, 10 ms away', 'rungs'],
  'first, 1,000 migrations': ['1,000 migrations, 10 ms away', 'rungs'],
  'one pending': ['One pending among 1,000, 10 ms away', 'rungs'],
  'nothing pending': ['Nothing pending among 200, 10 ms away', 'rungs'],
  replicas: ['50 replicas at once on an up-to-date database, 10 ms away', 'rungs, bundled'],
  tenants: ['5 small migrations in each of 1,000 empty schemas, 5 ms away', 'rungs fleet'],
  'tenants, one pending': ['One pending among 20 in each of 100 schemas, 5 ms away', 'rungs fleet'],
  'tenants, nothing pending': ['Nothing pending among 20 in each of 100 schemas, 5 ms away', 'rungs fleet'],
  copy: ['500 MB of COPY data as pg_dump writes it', 'rungs'],
  inserts: ['200,000 INSERT lines', 'rungs'],
  'many files': ['10,000 pairs, all applied', 'reading the files'],
  start: ['Nothing to do, on this machine: whole processes', 'minimal pg, two queries'],
  'parallel, small': ['Were it done in parallel: 200 small migrations, 10 ms away', 'one after the other'],
  'parallel, indexes': ['Were it done in parallel: an index on each of eight tables', 'one after the other'],
};

/** What was promised, as ratios within one run: [what, case, theirs, ours, at least this]. */
const GOALS = [
  ['faster than golang-migrate, 200 at 10 ms', 'first', 'golang-migrate', 'rungs', 50],
  ['faster than psql -1, 200 at 10 ms', 'first', 'psql -1', 'rungs', 10],
  ['faster than golang-migrate, 50 replicas', 'replicas', 'golang-migrate', 'rungs, bundled', 10],
  ...['tenants', 'tenants, one pending', 'tenants, nothing pending'].map((name) => [
    `faster than a loop over golang-migrate, ${name}`,
    name,
    'golang-migrate in a loop',
    'rungs fleet',
    10,
  ]),
  ...['node-pg-migrate', 'knex', 'umzug', 'drizzle-orm', 'postgres-migrations'].map((name) => [
    `faster than ${name}, nothing pending`,
    'nothing pending',
    name,
    'rungs, bundled',
    2,
  ]),
];

/** The same the other way round: [what, case, ours, theirs, at most this]. */
const LIMITS = [
  ['at 0 ms, to psql fed the same begin and commit', 'first, at 0 ms', 'rungs', FED, 1.1],
  ['the same without the start of Node', 'first, at 0 ms', 'rungs', FED, 1.1, 'empty.mjs'],
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

const goal = (what, side, wanted, came, isKept) =>
  `| ${what} | ${side} ${ratio(wanted, 1)} | ${ratio(came, 1)} | ${isKept ? 'kept' : '**missed**'} |`;

function goals(results) {
  const rows = [
    ...GOALS.flatMap(([what, name, theirs, ours, wanted]) => {
      const [a, b] = [of(foundIn(results[name]), theirs), of(foundIn(results[name]), ours)];
      return a === null || b === null ? [] : [goal(what, 'at least', wanted, a / b, a / b >= wanted)];
    }),
    ...LIMITS.flatMap(([what, name, ours, theirs, wanted, without]) => {
      const [a, b] = [of(foundIn(results[name]), ours), of(foundIn(results[name]), theirs)];
      const less = without === undefined ? 0 : of(results.start, without);
      if (a === null || b === null || less === null) return [];
      return [goal(what, 'at most', wanted, (a - less) / b, (a - less) / b <= wanted)];
    }),
  ];
  return rows.length === 0
    ? ''
    : ['| goal | wanted | came out |  |', '| --- | ---: | ---: | --- |', ...rows].join('\n');
}

const foundIn = (result) => result?.found ?? result;

export function page({ results, versions, server }) {
  const parts = Object.entries(results).map(([name, result]) => {
    const [title, base] = TITLES[name];
    const found = foundIn(result);
    const more = [];
    if (result.bytes !== undefined) more.push(`${megabytes(result.bytes)} of SQL.`);
    for (const [tool, { queries, locks }] of Object.entries(found)) {
      if (queries !== undefined)
        more.push(`${tool}: ${queries} queries, ${locks} of them for an advisory lock.`);
    }
    return [`## ${title}`, table(found, base), ...more].join('\n\n');
  });
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}, ${Math.round(totalmem() / 2 ** 30)} GB, ${type()}`;
  const tools = versions.map(([name, version]) => `${name} ${version ?? '(not there)'}`).join(', ');
  return {
    results,
    text: [
      `Measured by \`npm run bench -- --write\` on ${new Date().toISOString().slice(0, 10)}: ${machine}; Node ${process.version}, PostgreSQL ${server}${isInMemory ? ', its data in memory' : ''}. Whole processes, in turns; read the ratios, not the digits.`,
      tools,
      goals(results),
      ...parts,
    ]
      .filter((part) => part !== '')
      .join('\n\n'),
  };
}

/** Of each tool, milliseconds over the round trip, where it was measured at more than one. */
export function curves(results) {
  const at = { 0: 'first, at 0 ms', 1: 'first, at 1 ms', 10: 'first', 50: 'first, at 50 ms' };
  const names = new Set(Object.values(at).flatMap((name) => Object.keys(results[name] ?? {})));
  return [...names].flatMap((name) => {
    const points = Object.entries(at).flatMap(([ms, key]) => {
      const time = of(results[key], name);
      return time === null ? [] : [[Number(ms), time / 1000]];
    });
    return points.length < 3 ? [] : [{ name, points }];
  });
}
