import { spawn } from 'node:child_process';
import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { MigrateError } from '../../src/errors.ts';
import type { Binaries } from './binaries.ts';
import { credentials, type Identity, serverEnvironment } from './identity.ts';
import { isAlive } from './lock.ts';
import { choosePort, isFree } from './port.ts';
import { findPostmaster, isPostmasterOf, type Postmaster, readPidFile } from './postmaster.ts';

const READY_MS = 180_000;
const LEFTOVERS_MS = 20_000;
const LOG_LIMIT = 1_000_000;

export interface Launch {
  /** Holds `data/` and `server.log`. */
  readonly clusterDir: string;
  readonly rememberedPort: number | null;
  readonly settings: Readonly<{ [name: string]: string }>;
}

/** Starts the server, detached, and waits until it takes connections. The data are not in use. */
export async function launch(
  { clusterDir, rememberedPort, settings }: Launch,
  binaries: Binaries,
  identity: Identity,
): Promise<Postmaster> {
  const dataDir = join(clusterDir, 'data');
  const crashed = await forgetStranger(dataDir);
  const end = Date.now() + LEFTOVERS_MS;
  let port = await choosePort(rememberedPort, clusterDir);
  for (;;) {
    const attempt = await tryLaunch(clusterDir, port, settings, binaries, identity);
    if (attempt.ready) return attempt.ready;
    if (!(await isFree(port))) {
      // Somebody took it between our look and the server's.
      port = await choosePort(null, clusterDir);
    } else if (crashed && Date.now() < end) {
      // After a kill -9 the old server's children take a moment to notice; until then the shared memory is in use.
      await pause(300);
    } else {
      throw attempt.failure;
    }
  }
}

/** Waits for a server that is just starting. Null if it ends instead. */
export async function untilReady(dataDir: string): Promise<Postmaster | null> {
  const end = Date.now() + READY_MS;
  for (;;) {
    const found = await findPostmaster(dataDir);
    if (found === null || found.state === 'ready') return found;
    if (Date.now() > end) throw notReady(dataDir);
    await pause(50);
  }
}

/**
 * True if a crash left a pid file. The server does not run, so if that pid is alive it is a stranger's by now, and
 * PostgreSQL would refuse to start beside it: the file goes. (The server's shared memory, found by the data folder's
 * inode, still keeps two apart.) A dead pid PostgreSQL handles better itself.
 */
async function forgetStranger(dataDir: string): Promise<boolean> {
  const left = await readPidFile(dataDir);
  if (left !== null && isAlive(left.pid)) await rm(join(dataDir, 'postmaster.pid'), { force: true });
  return left !== null;
}

type Attempt = { readonly ready: Postmaster } | { readonly ready: null; readonly failure: MigrateError };

async function tryLaunch(
  clusterDir: string,
  port: number,
  settings: Launch['settings'],
  binaries: Binaries,
  identity: Identity,
): Promise<Attempt> {
  const dataDir = join(clusterDir, 'data');
  const logFile = join(clusterDir, 'server.log');
  const before = await rotate(logFile);
  const exit = await spawnServer(dataDir, logFile, port, settings, binaries, identity);
  const end = Date.now() + READY_MS;
  while (exit.reason === null) {
    const found = await readPidFile(dataDir).catch(() => null);
    if (found?.state === 'ready' && (exit.pid === null || found.pid === exit.pid)) {
      if (await isPostmasterOf(found.pid, dataDir)) return { ready: found };
    }
    if (Date.now() > end) throw notReady(dataDir);
    await pause(30);
  }
  const log = (await readFile(logFile)).subarray(before).toString('utf8').trim();
  const failure = new MigrateError('MIGRATION_INIT_FAILED', 'connection', {
    operation: 'start the embedded server',
    message: `PostgreSQL ${binaries.version} did not start: ${exit.reason}`,
    details: [...(log === '' ? [] : log.split('\n').slice(-12)), `log: ${logFile}`],
    hint: `read ${logFile}; \`task db:reset\` starts over with an empty server`,
  });
  return { ready: null, failure };
}

interface Exit {
  readonly pid: number | null;
  /** Null while it runs. */
  reason: string | null;
}

async function spawnServer(
  dataDir: string,
  logFile: string,
  port: number,
  settings: Launch['settings'],
  binaries: Binaries,
  identity: Identity,
): Promise<Exit> {
  // Given on the command line, these win over whatever a user writes into postgresql.conf. No socket file: its
  // path may not exceed 107 bytes, a project's may.
  const fixed = { listen_addresses: '127.0.0.1', unix_socket_directories: '', port: String(port) };
  const flags = Object.entries({ ...settings, ...fixed }).map(([name, value]) => `${name}=${value}`);
  const log = await open(logFile, 'a', 0o600);
  try {
    // detached: a session of its own, so neither Ctrl-C nor the end of the terminal reaches it.
    const common = { cwd: '/', detached: true, env: serverEnvironment(), ...credentials(identity) };
    if (process.platform === 'win32') {
      // postgres.exe refuses administrators; pg_ctl sheds their rights, and writes the log itself.
      const options = flags.map((flag) => `-c "${flag}"`).join(' ');
      const args = ['start', '-W', '-D', dataDir, '-l', logFile, '-o', options];
      const child = spawn(binaries.pgCtl, args, { ...common, cwd: dataDir, stdio: 'ignore' });
      return watch(child, null);
    }
    const args = ['-D', dataDir, ...flags.flatMap((flag) => ['-c', flag])];
    const child = spawn(binaries.postgres, args, { ...common, stdio: ['ignore', log.fd, log.fd] });
    return watch(child, child.pid ?? null);
  } finally {
    await log.close();
  }
}

function watch(child: ReturnType<typeof spawn>, pid: number | null): Exit {
  const exit: Exit = { pid, reason: null };
  child.once('error', (error) => {
    exit.reason = error.message;
  });
  child.once('exit', (code, signal) => {
    if (pid !== null || code !== 0) exit.reason ??= signal ? `ended by ${signal}` : `exit code ${code}`;
  });
  child.unref();
  return exit;
}

/** Keeps the log and the one before. Returns where the next line will stand. */
async function rotate(logFile: string): Promise<number> {
  const { size } = await stat(logFile).catch(() => ({ size: 0 }));
  if (size < LOG_LIMIT) return size;
  await rename(logFile, `${logFile}.1`);
  return 0;
}

function notReady(dataDir: string): MigrateError {
  return new MigrateError('MIGRATION_INIT_FAILED', 'connection', {
    operation: 'start the embedded server',
    message: `the server in ${dataDir} is still not ready after ${READY_MS / 1000} s (it may be recovering)`,
    hint: `read the log beside it, and run \`task db:start\` again`,
  });
}
