/**
 * `npm run bench:start`: what a run costs where there is nothing to do, beside the least that Node and pg can do.
 * All candidates take turns, so that a busy machine is busy for all of them; medians count, and their ratios.
 *
 * On the server of DATABASE_URL, in a database of its own; without one, on an embedded server.
 * `--rounds N` (25); `--check` ends with 1 where a ratio is above its limit.
 */

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { median } from './measure.mjs';
import { createDatabase, dropDatabase, root, rungs, urlOf, withServer, work } from './server.mjs';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '25' }, check: { type: 'boolean', default: false } },
});
/** The promises: a ratio of the first to the second. */
const LIMITS = [
  ['bundle version --embedded', 'empty.mjs', 1.15],
  ['bundle up', 'minimal pg, two queries', 1.25],
  ['rungs up', 'minimal pg, two queries', 1.25],
];

const MINIMAL = `
import pg from 'pg';
const client = new pg.Client(process.env.DATABASE_URL);
await client.connect();
await client.query('select 1');
console.log((await client.query('select version, dirty from schema_migrations')).rows[0].version);
await client.end();
`;

async function main() {
  const name = await createDatabase();
  try {
    await compare(await urlOf(name));
  } finally {
    await dropDatabase(name);
  }
}

async function compare(url) {
  const bundle = join(work, 'migrate.mjs');
  const migrations = join(root, 'migrations');
  execFileSync(process.execPath, [rungs, 'build', '--path', migrations, '--outfile', bundle]);
  const env = { PATH: process.env.PATH, DATABASE_URL: url };
  execFileSync(process.execPath, [bundle, 'up'], { env, stdio: 'ignore' });
  writeFileSync(join(work, 'empty.mjs'), '');
  // Beside node_modules, as a service has it; and as a single file, which is the least there can be.
  const beside = join(root, 'node_modules/.rungs-bench');
  mkdirSync(beside, { recursive: true });
  writeFileSync(join(beside, 'minimal.mjs'), MINIMAL);
  const one = join(work, 'minimal.cjs');
  await build({
    stdin: {
      contents: `(async () => {${MINIMAL.replace('import pg', 'const { default: pg } = await import').replace(
        " from 'pg'",
        "('pg')",
      )}})()`,
      resolveDir: root,
    },
    bundle: true,
    platform: 'node',
    minify: true,
    external: ['pg-native'],
    outfile: one,
    logLevel: 'error',
  });
  const candidates = {
    'empty.mjs': [join(work, 'empty.mjs')],
    'bundle version --embedded': [bundle, 'version', '--embedded'],
    'minimal pg, two queries': [join(beside, 'minimal.mjs')],
    'the same, bundled': [one],
    'bundle up': [bundle, 'up'],
    'bundle status': [bundle, 'status'],
    'rungs up': [rungs, 'up', '--path', migrations],
  };
  const times = measure(candidates, env, Number(values.rounds));
  rmSync(beside, { recursive: true });
  report(times, statSync(bundle).size);
}

function measure(candidates, env, rounds) {
  const times = Object.fromEntries(Object.keys(candidates).map((name) => [name, []]));
  for (let round = -1; round < rounds; round++) {
    for (const [name, args] of Object.entries(candidates)) {
      const begun = performance.now();
      const { status, stderr } = spawnSync(process.execPath, args, { env, cwd: work });
      const took = performance.now() - begun;
      if (status !== 0) throw new Error(`${name}: ${stderr}`);
      // The first fills the caches of the file system.
      if (round >= 0) times[name].push(took);
    }
  }
  return times;
}

function report(times, bytes) {
  console.log(`Node ${process.version}, ${values.rounds} rounds, bundle of ${Math.ceil(bytes / 1000)} kB\n`);
  for (const [name, list] of Object.entries(times)) {
    const [middle, least] = [median(list), Math.min(...list)].map((ms) => `${ms.toFixed(1)} ms`.padStart(9));
    console.log(`${name.padEnd(28)} median ${middle}  least ${least}`);
  }
  console.log('');
  for (const [name, base, limit] of LIMITS) {
    const ratio = median(times[name]) / median(times[base]);
    const verdict = ratio <= limit ? 'kept' : 'BROKEN';
    console.log(`${name} / ${base}: ${ratio.toFixed(2)} (at most ${limit}: ${verdict})`);
    if (values.check && ratio > limit) process.exitCode = 1;
  }
}

await withServer(main);
