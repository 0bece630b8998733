/** What a command costs where there is nothing to do, from the start of its process, beside the least that Node and pg can do. */

import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { onPath, root } from './install.mjs';
import { run } from './measure.mjs';
import { createDatabase, dropDatabase, rungs, urlOf, work } from './server.mjs';

const MINIMAL = `
import pg from 'pg';
const client = new pg.Client(process.env.DATABASE_URL);
await client.connect();
await client.query('select 1');
console.log((await client.query('select version, dirty from schema_migrations')).rows[0].version);
await client.end();
`;

/** All take turns on one database. */
export async function starts({ rounds, say }) {
  const name = await createDatabase();
  const beside = join(root, 'node_modules/.rungs-bench');
  mkdirSync(beside, { recursive: true });
  try {
    const url = await urlOf(name);
    return await measure(await candidates(beside), { DATABASE_URL: url }, rounds, say);
  } finally {
    rmSync(beside, { recursive: true });
    await dropDatabase(name);
  }
}

async function candidates(beside) {
  const [bundle, executable] = [join(work, 'migrate.mjs'), join(work, 'migrate')];
  const migrations = join(root, 'migrations');
  const make = (...args) =>
    execFileSync(process.execPath, [rungs, 'build', '--path', migrations, ...args], { stdio: 'ignore' });
  make('--outfile', bundle);
  make('--outfile', executable, '--executable');
  writeFileSync(join(work, 'empty.mjs'), '');
  // Beside node_modules, as a service has it; and as a single file, which is the least there can be.
  writeFileSync(join(beside, 'minimal.mjs'), MINIMAL);
  const node = (...args) => ({ program: process.execPath, args, cwd: work });
  const list = {
    'empty.mjs': node(join(work, 'empty.mjs')),
    'bundle version --embedded': node(bundle, 'version', '--embedded'),
    'executable version --embedded': { program: executable, args: ['version', '--embedded'] },
    'minimal pg, two queries': node(join(beside, 'minimal.mjs')),
    'minimal pg, bundled': node(await bundledMinimal()),
    'bundle up': node(bundle, 'up'),
    'bundle status': node(bundle, 'status'),
    'executable up': { program: executable, args: ['up'] },
    'rungs up': node(rungs, 'up', '--path', migrations),
    'rungs status': node(rungs, 'status', '--path', migrations),
  };
  return onPath('task') === null ? list : { ...list, ...withTask(migrations) };
}

async function bundledMinimal() {
  const outfile = join(work, 'minimal.cjs');
  const imported = MINIMAL.replace("import pg from 'pg'", "const { default: pg } = await import('pg')");
  await build({
    stdin: { contents: `(async () => {${imported}})()`, resolveDir: root },
    outfile,
    bundle: true,
    platform: 'node',
    minify: true,
    external: ['pg-native'],
    logLevel: 'error',
  });
  return outfile;
}

/** What `task` adds is what it costs by itself. */
function withTask(migrations) {
  const folder = join(work, 'task');
  mkdirSync(folder, { recursive: true });
  const command = (line) => `    cmds: ['${line}']\n`;
  writeFileSync(
    join(folder, 'Taskfile.yml'),
    `version: '3'\nsilent: true\ntasks:\n  empty:\n${command(`${process.execPath} ${join(work, 'empty.mjs')}`)}  migrate:\n${command(`${process.execPath} ${rungs} up --path ${migrations}`)}`,
  );
  const task = (name) => ({ program: onPath('task'), args: ['-d', folder, name] });
  return { 'task, of empty.mjs': task('empty'), 'task migrate': task('migrate') };
}

async function measure(list, env, rounds, say) {
  const found = Object.fromEntries(Object.keys(list).map((name) => [name, { times: [], peak: 0 }]));
  await run({ ...list['bundle up'], env });
  for (let round = -1; round < rounds; round++) {
    for (const [name, command] of Object.entries(list)) {
      const { ms, peak } = await run({ ...command, env });
      // The first fills the caches of the file system.
      if (round < 0) continue;
      found[name].times.push(ms);
      found[name].peak = Math.max(found[name].peak, peak);
    }
  }
  for (const [name, { times }] of Object.entries(found))
    say(`  ${name}: ${Math.min(...times).toFixed(0)} ms`);
  return found;
}
