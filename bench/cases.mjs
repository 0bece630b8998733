/** What is measured, a function for each case. Whoever is compared takes turns, so that a busy machine is busy for all. */

import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { all, oneByOne, small } from './files.mjs';
import { median, run } from './measure.mjs';
import { PEERS, PSQL, pairs } from './peers.mjs';
import { ask, createDatabase, dropDatabase, heard, rungs, urlOf, work } from './server.mjs';

/** Of what takes half a minute, two are enough: the bench is to end. */
const isEnough = (times) => times.length > 1 && median(times) > 30_000;

/** Each of `contestants` (name to a function from URL to command) on a database of its own, `rounds` times in turns. */
async function takeTurns({ contestants, ms, rounds, like = {}, say }) {
  const found = Object.fromEntries(Object.keys(contestants).map((name) => [name, { times: [], peak: 0 }]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, commandFor] of Object.entries(contestants)) {
      if (found[name].error !== undefined || isEnough(found[name].times)) continue;
      const database = await createDatabase(like[name]);
      try {
        const command = await commandFor(await urlOf(database, ms));
        const { ms: took, peak } = await (typeof command === 'function' ? command() : run(command));
        found[name].times.push(took);
        found[name].peak = Math.max(found[name].peak, peak);
        say(`  ${name}: ${(took / 1000).toFixed(2)} s`);
      } catch (e) {
        // Said on the page; a tool that cannot do it is no reason not to measure the others.
        found[name].error = e.message;
        say(`  ${name}: ${e.message}`);
      } finally {
        await dropDatabase(database);
      }
    }
  }
  return found;
}

const there = (names) => names.filter((name) => (name === 'psql' ? PSQL : PEERS[name]).isThere());

const folderFor = (what, name) => join(work, 'files', what, name);

function toolsOn(names, what, files) {
  const contestants = {};
  for (const name of there(names)) {
    const folder = folderFor(what, name);
    PEERS[name].write(folder, files);
    contestants[name] = (url) => PEERS[name].command(folder, url);
  }
  return contestants;
}

/** A bundle of a folder of pairs. */
function bundleOf(folder) {
  const file = join(folder, '..', `bundle-${Date.now()}.mjs`);
  execFileSync(process.execPath, [rungs, 'build', '--path', folder, '--outfile', file], { stdio: 'ignore' });
  return (url) => ({ program: process.execPath, args: [file, 'up'], env: { DATABASE_URL: url } });
}

/** An empty database, and `count` small migrations. */
export async function firstRun({ count, ms, rounds, tools, say }) {
  const files = small(count);
  const contestants = toolsOn(tools, `first-${count}`, files);
  contestants['rungs, bundled'] = bundleOf(folderFor(`first-${count}`, 'rungs'));
  if (PSQL.isThere()) {
    contestants['psql, begin and commit for each'] = (url) => PSQL.command(oneByOne(files), url);
    contestants['the server alone'] = (url) => () => serverAlone(oneByOne(files), url);
    contestants['psql -1'] = (url) => PSQL.command(all(files), url, '-1');
    contestants['psql -c, one message'] = (url) => PSQL.command(undefined, url, '-c', oneByOne(files));
  }
  return takeTurns({ contestants, ms, rounds, say });
}

/** On an open connection, from the first byte sent to the last heard. */
async function serverAlone(text, url) {
  const client = new pg.Client(url);
  await client.connect();
  try {
    const begun = performance.now();
    await client.query(text);
    return { ms: performance.now() - begun, peak: 0 };
  } finally {
    await client.end();
  }
}

/** `pending` of `count` are not applied yet. */
export async function later({ count, pending, ms, rounds, tools, say }) {
  const what = `later-${count}-${pending}`;
  const contestants = toolsOn(tools, what, small(count - pending));
  const like = {};
  for (const [name, commandFor] of Object.entries(contestants)) {
    like[name] = await createDatabase();
    await run(commandFor(await urlOf(like[name])));
    PEERS[name].write(folderFor(what, name), small(count));
  }
  if ('rungs' in contestants) {
    contestants['rungs, bundled'] = bundleOf(folderFor(what, 'rungs'));
    like['rungs, bundled'] = like.rungs;
  }
  try {
    return await takeTurns({ contestants, ms, rounds, like, say });
  } finally {
    for (const name of new Set(Object.values(like))) await dropDatabase(name);
  }
}

/** As many processes at once as a service has replicas, on a database where there is nothing to do. */
export async function replicas({ count, ms, rounds, say }) {
  const folder = folderFor('replicas', 'pairs');
  pairs(folder, small(20));
  const like = await createDatabase();
  const bundle = bundleOf(folder);
  await run(bundle(await urlOf(like)));
  const atOnce = (commandFor) => async (url) => {
    const ends = await Promise.all(Array.from({ length: count }, () => run(commandFor(url))));
    return { peak: Math.max(...ends.map((end) => end.peak)) };
  };
  const contestants = { 'rungs, bundled': atOnce(bundle) };
  if (PEERS['golang-migrate'].isThere()) {
    contestants['golang-migrate'] = atOnce((url) => PEERS['golang-migrate'].command(folder, url));
  }
  return listened({ contestants, like, ms, rounds, say });
}

/** Each of `contestants` (name to a function from URL to its memory) on a copy of `like`, and what goes over the wire. */
async function listened({ contestants, like, ms, rounds, say }) {
  const found = Object.fromEntries(Object.keys(contestants).map((name) => [name, { times: [], peak: 0 }]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, work] of Object.entries(contestants)) {
      const database = await createDatabase(like);
      const url = await urlOf(database, ms);
      const before = await heard(ms);
      const begun = performance.now();
      const { peak } = await work(url);
      found[name].times.push(performance.now() - begun);
      const after = await heard(ms);
      found[name].queries = after.queries - before.queries;
      found[name].locks = after.locks - before.locks;
      found[name].peak = Math.max(found[name].peak, peak);
      say(`  ${name}: ${(found[name].times.at(-1) / 1000).toFixed(2)} s`);
      await dropDatabase(database);
    }
  }
  await dropDatabase(like);
  return found;
}

/** `count` schemas of one database, in which `pending` of `files` migrations are not applied: one fleet, and a loop. */
export async function tenants({ count, files, pending, ms, rounds, say }) {
  const folder = folderFor(`tenants-${files}-${pending}`, 'pairs');
  const schemas = Array.from({ length: count }, (_, i) => `tenant_${i + 1}`);
  const config = join(work, 'fleet.yaml');
  writeFileSync(
    config,
    "targets:\n  query: select nspname as schema from pg_namespace where nspname like 'tenant%'\n",
  );
  const fleet = (url) => ({
    program: process.execPath,
    args: [rungs, 'fleet', '--config', config, '--path', folder],
    env: { DATABASE_URL: url },
  });
  const like = await createDatabase();
  const there = await urlOf(like);
  for (const schema of schemas) await ask(`create schema ${schema}`, there);
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
  if (PEERS['golang-migrate'].isThere()) contestants['golang-migrate in a loop'] = loop;
  return listened({ contestants, like, ms, rounds, say });
}

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

/** `count` pairs, all applied: what reading them costs (and checks nothing), and what rungs does with them. */
export async function manyFiles({ count, rounds, say }) {
  const folder = folderFor(`many-${count}`, 'pairs');
  const files = small(count).map((file) => ({ ...file, up: 'select 1;\n', down: 'select 1;\n' }));
  pairs(folder, files);
  const like = await createDatabase();
  const command =
    (...args) =>
    (url) => ({
      program: process.execPath,
      args: [rungs, ...args, '--path', folder],
      env: { DATABASE_URL: url },
    });
  await run(command('up')(await urlOf(like)));
  // The two ways that Node has: the usual one, and the one that costs least.
  const [usual, least] = [join(work, 'read.mjs'), join(work, 'read-sync.mjs')];
  const within = JSON.stringify(`${folder}/`);
  writeFileSync(
    usual,
    `import { readdir, readFile } from 'node:fs/promises';
const names = await readdir(${within});
for (let i = 0; i < names.length; i += 64)
  await Promise.all(names.slice(i, i + 64).map((name) => readFile(${within} + name, 'utf8')));\n`,
  );
  writeFileSync(
    least,
    `import { readdirSync, readFileSync } from 'node:fs';
for (const name of readdirSync(${within})) readFileSync(${within} + name, 'utf8');\n`,
  );
  const contestants = {
    'reading the files': () => ({ program: process.execPath, args: [usual] }),
    'reading them with readFileSync': () => ({ program: process.execPath, args: [least] }),
    'rungs status': command('status'),
    'rungs up --dry-run': command('up', '--dry-run'),
    'rungs up, nothing pending': command('up'),
  };
  const names = Object.fromEntries(Object.keys(contestants).map((name) => [name, like]));
  const found = await takeTurns({ contestants, ms: 0, rounds, like: names, say });
  await dropDatabase(like);
  return { bytes: bytesIn(folder), found };
}

const bytesIn = (folder) =>
  readdirSync(folder).reduce((sum, name) => sum + readFileSync(join(folder, name)).length, 0);
