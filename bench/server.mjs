/** The server that everything is measured on: DATABASE_URL's, or an embedded one that lives as long as the bench. */

import { execFileSync, fork, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { root } from './install.mjs';

/** Data in memory where there is room for it: what is measured is the tools, not a disk. */
export const isInMemory = hasRoom('/dev/shm', 8e9);
export const work = mkdtempSync(join(isInMemory ? '/dev/shm' : tmpdir(), 'rungs-bench-'));
// Closed to others, root's server, which runs as another user, would keep its data elsewhere, and they would stay.
chmodSync(work, 0o755);
export const rungs = join(root, 'dist/rungs.mjs');
const db = join(root, 'dist/db.mjs');
const proxies = new Map();
let server = null;

function hasRoom(folder, bytes) {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize >= bytes;
  } catch {
    return false;
  }
}

/** Calls `main` with everything ready, and leaves nothing behind. */
export async function withServer(main) {
  try {
    const options = { cwd: work, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] };
    server = process.env.DATABASE_URL ?? execFileSync(process.execPath, [db, 'start'], options).trim();
    await main();
  } finally {
    for (const { child } of proxies.values()) child.disconnect();
    if (process.env.DATABASE_URL === undefined) spawnSync(process.execPath, [db, 'stop'], { cwd: work });
    rmSync(work, { recursive: true, force: true });
  }
}

export async function ask(sql, url = server) {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

let count = 0;
/** A new database; its name. `like` names one that it is to be a copy of. */
export async function createDatabase(like = 'template1') {
  const name = `rungs_bench_${process.pid}_${++count}`;
  await ask(`create database ${name} template ${like}`);
  return name;
}

export const dropDatabase = (name) => ask(`drop database if exists ${name} with (force)`);

/** Where a database is, `ms` milliseconds away. */
export async function urlOf(name, ms = 0) {
  const url = new URL(server);
  url.pathname = `/${name}`;
  url.searchParams.set('sslmode', 'disable');
  if (ms > 0) url.host = `127.0.0.1:${(await proxy(ms)).port}`;
  return url.href;
}

async function proxy(ms) {
  const there = proxies.get(ms);
  if (there !== undefined) return there;
  const { port } = new URL(server);
  const child = fork(join(import.meta.dirname, 'latency.mjs'), [port || '5432', String(ms)]);
  const found = { child, ...(await once(child)) };
  proxies.set(ms, found);
  return found;
}

const once = (child) => new Promise((done) => child.once('message', done));

/** How many queries have gone that way so far, and how many of them were for an advisory lock. */
export const heard = (ms) => told(ms, 'count');

/** What is said that way while `work` is done, query for query, on its first connection: another one looks on at most. */
export async function textsOf(ms, work) {
  await told(ms, 'keep');
  await work();
  return (await told(ms, 'count')).texts[0];
}

async function told(ms, what) {
  const { child } = await proxy(ms);
  const answer = once(child);
  child.send(what);
  return answer;
}
