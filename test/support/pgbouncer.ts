/** The machine's own PgBouncer in front of a test database; tests of it are registered only where there is one. */

import { spawn } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, describe } from 'vitest';
import { chooseIdentity, credentials } from '../../tasks/cluster/identity.ts';
import type { Database } from './database.ts';
import { folderOf } from './folder.ts';
import { until } from './session.ts';
import { has } from './tools.ts';

// Debian has it in /usr/sbin, which is not on everyone's PATH.
const path = `${process.env.PATH ?? ''}:/usr/sbin`;
const program = process.env.RUNGS_PGBOUNCER ?? 'pgbouncer';
process.env.PATH = path;

const isHere = has(program, '--version');

/** `describe` where there is a PgBouncer. Elsewhere there are no such tests; under CI=true it has to be there. */
export function throughPgBouncer(name: string, body: () => void): void {
  if (isHere) describe(name, body);
}

export type PoolMode = 'session' | 'transaction' | 'statement';

export interface Pooler {
  /** The database's URL, by way of the pooler. */
  readonly url: string;
  /** What the pooler has said so far. */
  readonly log: () => string;
  readonly stop: () => Promise<void>;
}

const running = new Set<Pooler>();

afterAll(async () => {
  for (const pooler of running) await pooler.stop();
});

/** Its own defaults, but for `settings` (pgbouncer.ini's). `connectQuery`: what it sends on each server connection first. */
export async function startPgBouncer(
  database: Database,
  mode: PoolMode,
  settings: Readonly<Record<string, string | number>> = {},
  connectQuery?: string,
): Promise<Pooler> {
  const { hostname, port, username, password } = new URL(database.url);
  const own = await freePort();
  const said = decodeURIComponent(password);
  const target = [
    `host=${hostname} port=${port || 5432} dbname=${database.name} user=${decodeURIComponent(username)}`,
    ...(said === '' ? [] : [`password='${said.replaceAll("'", "''")}'`]),
    ...(connectQuery === undefined ? [] : [`connect_query='${connectQuery.replaceAll("'", "''")}'`]),
  ].join(' ');
  const ini = {
    listen_addr: '127.0.0.1',
    listen_port: own,
    unix_socket_dir: '',
    auth_type: 'any',
    pool_mode: mode,
    max_client_conn: 300,
    ...settings,
  };
  const lines = Object.entries(ini).map(([name, value]) => `${name} = ${value}`);
  const folder = folderOf({
    'pgbouncer.ini': `[databases]\n${database.name} = ${target}\n[pgbouncer]\n${lines.join('\n')}\n`,
  });
  chmodSync(folder, 0o755);
  chmodSync(join(folder, 'pgbouncer.ini'), 0o644);
  // It refuses to run as root.
  const identity = await chooseIdentity(null);
  const child = spawn(program, [join(folder, 'pgbouncer.ini')], {
    cwd: '/',
    stdio: ['ignore', 'ignore', 'pipe'],
    ...credentials(identity),
  });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    log += part;
  });
  const ended = new Promise<void>((done) => child.once('close', () => done()));
  const url = new URL(database.url);
  url.hostname = '127.0.0.1';
  url.port = String(own);
  const pooler: Pooler = {
    url: url.href,
    log: () => log,
    stop: async () => {
      running.delete(pooler);
      child.kill('SIGKILL');
      await ended;
    },
  };
  running.add(pooler);
  await until(`PgBouncer listens: ${log}`, () => answers(own));
  return pooler;
}

function freePort(): Promise<number> {
  return new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => done(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

function answers(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => done(true)).once('error', () => done(false));
    socket.once('close', () => done(false));
    socket.on('connect', () => socket.destroy());
  });
}
