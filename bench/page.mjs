/** Results to Markdown: a table for each case. */

import { cpus, totalmem, type } from 'node:os';
import { foundIn, goals, of, ratio } from './goals.mjs';
import { median } from './measure.mjs';
import { isInMemory } from './server.mjs';

const seconds = (ms) =>
  ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
const megabytes = (bytes) =>
  bytes === 0 ? '–' : bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${Math.round(bytes / 1e6)} MB`;

/** Fastest first; `base` is what the others are told as a multiple of. */
function table(found, base) {
  const unit = of(found, base);
  const rows = Object.entries(found)
    .filter(([, { times }]) => times.length > 0)
    .sort(([, a], [, b]) => median(a.times) - median(b.times))
    .map(([name, { times, peak }]) => {
      const spread =
        times.length < 2
          ? 'once'
          : `${seconds(Math.min(...times))} to ${seconds(Math.max(...times))}, ${times.length} runs`;
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

const TITLES = {
  first: ['200 small migrations on an empty database, 10 ms away', 'rungs'],
  'first, at 0 ms': ['The same on this machine', 'rungs'],
  'first, at 1 ms': ['The same, 1 ms away', 'rungs'],
  'first, at 50 ms': ['The same, 50 ms away', 'rungs'],
  'first, 10 migrations': ['10 migrations, 10 ms away', 'rungs'],
  'first, 1,000 migrations': ['1,000 migrations, 10 ms away', 'rungs'],
  'first, of three': ['200 migrations of three statements on an empty database, 10 ms away', 'rungs'],
  'one pending': ['One pending among 1,000, 10 ms away', 'rungs'],
  'nothing pending': ['Nothing pending among 200, 10 ms away', 'rungs'],
  replicas: ['50 whole processes at once on an up-to-date database, 10 ms away', 'rungs, bundled'],
  services: [
    '50 services that have started migrate at once, nothing pending, 10 ms away: until the last is ready',
    'migrateOnStart, built with its migrations',
  ],
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

/** `minutes` is how long all that took. */
export function page({ results, versions, server, minutes }) {
  const parts = Object.entries(results).map(([name, result]) => {
    const [title, base] = TITLES[name];
    const found = foundIn(result);
    const more = [];
    if (result.bytes !== undefined) more.push(`${megabytes(result.bytes)} of SQL.`);
    for (const [tool, { queries, locks }] of Object.entries(found)) {
      if (queries > 0) more.push(`${tool}: ${queries} queries, ${locks} of them for an advisory lock.`);
    }
    return [`## ${title}`, table(found, base), ...more].join('\n\n');
  });
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}, ${Math.round(totalmem() / 2 ** 30)} GB, ${type()}`;
  const tools = versions.map(([name, version]) => `${name} ${version ?? '(not there)'}`).join(', ');
  return {
    results,
    text: [
      `Measured by \`npm run bench -- --write\` on ${new Date().toISOString().slice(0, 10)}: ${machine}; Node ${process.version}, PostgreSQL ${server}${isInMemory ? ', its data in memory' : ''}. Whole processes unless it says otherwise, in turns; read the ratios, not the digits. What takes more than ten seconds has two runs at most, what takes more than thirty one. All of it: ${minutes} min.`,
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
