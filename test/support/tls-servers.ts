/** Servers of a test file's own: with or without TLS, and with rules of their own for who may log in and how. */

import { chmod, chown, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { type Binaries, findPackage, makeRunnable } from '../../tasks/cluster/binaries.ts';
import { chooseIdentity, type Identity, runAs } from '../../tasks/cluster/identity.ts';
import { choosePort } from '../../tasks/cluster/port.ts';
import type { Certificates } from './certificates.ts';
import { packageHome, query, root } from './project.ts';
import { until } from './session.ts';

export interface OwnServer {
  readonly port: number;
  readonly data: string;
  /** The folder of its socket. */
  readonly socket: string;
  /** Settings, as in postgresql.conf; those of before stay. Takes effect for new connections. */
  configure(settings: Settings): Promise<void>;
  /** Serves that certificate (with its key) from now on. */
  present(certificates: Certificates, file: string): Promise<void>;
  start(): Promise<void>;
  /** `immediate`: as in a power cut; sessions end with nothing said, and the next start recovers from the log. */
  stop(how?: 'fast' | 'immediate'): Promise<void>;
  /** Of its log; lines that begin with a tab belong to the one before. */
  log(): Promise<string>;
  /** The rows of one statement, as the superuser. */
  query(sql: string): Promise<Record<string, unknown>[]>;
}

type Settings = Readonly<Record<string, string>>;

const made: OwnServer[] = [];

// Before `root` is removed with all that is in it: vitest runs these in reverse order.
afterAll(async () => {
  for (const server of made) await server.stop();
});

interface Programs {
  readonly binaries: Binaries;
  readonly identity: Identity;
}

let found: Promise<Programs> | null = null;

function programs(): Promise<Programs> {
  found ??= findPrograms();
  return found;
}

async function findPrograms(): Promise<Programs> {
  const identity = await chooseIdentity(null);
  const cache = async () => {
    await mkdir(join(root, 'cache'), { recursive: true });
    return join(root, 'cache');
  };
  return { identity, binaries: await makeRunnable(await findPackage([packageHome]), identity, cache) };
}

/** Data of its own; not started yet. `hba`: the lines of pg_hba.conf. */
export async function makeServer(
  name: string,
  hba: readonly string[],
  settings: Settings,
  initdb: readonly string[] = [],
): Promise<OwnServer> {
  const data = await dataFolder(name);
  await run(
    'initdb',
    '--pgdata',
    data,
    '--username=postgres',
    '--auth=trust',
    '--no-sync',
    '--locale=C',
    '-EUTF8',
    ...initdb,
  );
  await writeFile(join(data, 'pg_hba.conf'), `${hba.join('\n')}\n`);
  return serverOn(name, data, settings);
}

/** A server on a copy of a stopped one's data. */
export async function copyServer(name: string, from: OwnServer, settings: Settings): Promise<OwnServer> {
  const data = await dataFolder(name);
  await run('cp', '-R', `${from.data}/.`, data);
  return serverOn(name, data, settings);
}

/** A standby of it, which streams; both run then. pg_basebackup is not in the embedded package; a stopped server's data are as good. */
export async function standbyOf(primary: OwnServer, name = 'standby'): Promise<OwnServer> {
  await primary.stop();
  const standby = await copyServer(name, primary, {
    primary_conninfo: `host=127.0.0.1 port=${primary.port} user=postgres`,
  });
  await writeFile(join(standby.data, 'standby.signal'), '');
  await Promise.all([primary.start(), standby.start()]);
  await until('the standby streams', async () => {
    const rows = await standby.query("select from pg_stat_wal_receiver where status = 'streaming'");
    return rows.length === 1;
  });
  return standby;
}

/** Belongs to the server's user, whom the tests may not be. */
export async function giveToServer(path: string): Promise<void> {
  const { identity } = await programs();
  if (identity.dropped) await chown(path, identity.uid, identity.gid);
}

async function dataFolder(name: string): Promise<string> {
  // The watchdog looks for folders called data.
  const data = join(root, name, 'data');
  await mkdir(data, { recursive: true });
  await chmod(data, 0o700);
  await giveToServer(data);
  return data;
}

async function run(program: string, ...args: string[]): Promise<void> {
  const { binaries, identity } = await programs();
  const own: Readonly<Record<string, string>> = { initdb: binaries.initdb, pg_ctl: binaries.pgCtl };
  const { failed, output } = await runAs(identity, own[program] ?? program, args);
  if (failed) throw new Error(`${program} ${args.join(' ')}: ${output}`);
}

async function serverOn(name: string, data: string, settings: Settings): Promise<OwnServer> {
  const port = await choosePort(null, data);
  // A socket's path has 107 bytes at most.
  const socket = join(root, name.slice(0, 8));
  await mkdir(socket, { recursive: true });
  await chmod(socket, 0o777);
  let running = false;
  const said = new Map<string, string>([
    ['listen_addresses', '127.0.0.1'],
    ['port', String(port)],
    ['unix_socket_directories', socket],
    ['fsync', 'off'],
    ['max_connections', '40'],
    ['lc_messages', 'C'],
  ]);
  const write = async (more: Settings) => {
    for (const [key, value] of Object.entries(more)) said.set(key, value);
    const lines = [...said].map(([key, value]) => `${key} = '${value.replaceAll("'", "''")}'`);
    await writeFile(join(data, 'postgresql.auto.conf'), `${lines.join('\n')}\n`);
  };
  const url = `postgres://postgres@%2F${encodeURIComponent(socket.slice(1))}:${port}/postgres`;
  const server: OwnServer = {
    port,
    data,
    socket,
    async configure(more) {
      await write(more);
      if (!running) return;
      const stamp = async () => (await query(url, 'select pg_conf_load_time()::text as at'))[0]?.at;
      const before = await stamp();
      await run('pg_ctl', 'reload', '-D', data);
      while ((await stamp()) === before);
    },
    async present(certificates, file) {
      for (const end of ['crt', 'key']) {
        const copy = join(data, `${file}.${end}`);
        await copyFile(certificates.path(`${file}.${end}`), copy);
        await chmod(copy, 0o600);
        await giveToServer(copy);
      }
      await this.configure({ ssl: 'on', ssl_cert_file: `${file}.crt`, ssl_key_file: `${file}.key` });
    },
    async start() {
      await run('pg_ctl', 'start', '-w', '-s', '-D', data, '-l', join(data, 'log'));
      running = true;
    },
    async stop(how = 'fast') {
      if (!running) return;
      await run('pg_ctl', 'stop', '-w', '-s', '-m', how, '-D', data);
      running = false;
    },
    log: () => readFile(join(data, 'log'), 'utf8'),
    query: (sql) => query(url, sql),
  };
  await write(settings);
  made.push(server);
  return server;
}
