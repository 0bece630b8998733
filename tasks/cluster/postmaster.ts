import { execFile, spawn } from 'node:child_process';
import { readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { MigrateError } from '../../src/errors.ts';
import { isAlive } from './lock.ts';

/** postmaster.pid, the server's own lock file, which it also keeps up to date with its state. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  /** starting, ready, standby or stopping. */
  readonly state: string;
}

const FAST_MS = 60_000;
const IMMEDIATE_MS = 20_000;

/** The server that runs on these data; null if none does, whatever file a crash has left. */
export async function findPostmaster(dataDir: string): Promise<Postmaster | null> {
  const noted = await readPidFile(dataDir);
  return noted !== null && (await isPostmasterOf(noted.pid, dataDir)) ? noted : null;
}

/** What the file says, true or not. */
export async function readPidFile(dataDir: string): Promise<Postmaster | null> {
  let text: string;
  try {
    text = await readFile(join(dataDir, 'postmaster.pid'), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  const lines = text.split('\n');
  // A standalone backend (`postgres --single`) writes a negative pid.
  const pid = Math.abs(Number(lines[0]));
  return Number.isInteger(pid) && pid > 0
    ? { pid, port: Number(lines[3]), state: lines[7]?.trim() ?? '' }
    : null;
}

/**
 * Pids come round again, all the sooner in containers, where every start counts from 1. PostgreSQL itself only
 * asks whether the pid is alive, and then refuses to start beside a stranger; and a stop must not kill one.
 */
export async function isPostmasterOf(pid: number, dataDir: string): Promise<boolean> {
  if (!isAlive(pid)) return false;
  if (process.platform === 'linux') {
    // The server's working folder is its data; readable by its own user and root, if root may trace (not in Docker).
    const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => null);
    if (cwd !== null) return cwd === dataDir;
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    return line.split('\0').includes(dataDir);
  }
  if (process.platform === 'win32') {
    return (await output('tasklist', ['/FI', `PID eq ${pid}`, '/NH'])).includes('postgres.exe');
  }
  return (await output('ps', ['-ww', '-o', 'command=', '-p', String(pid)])).includes(dataDir);
}

/** Stops it as a service manager would: sessions are ended, the data are written out. */
export async function stopPostmaster(
  dataDir: string,
  found: Postmaster,
  pgCtl: string | null,
): Promise<void> {
  signal(found.pid, 'SIGINT', dataDir, pgCtl);
  if (await isGone(found.pid, dataDir, FAST_MS)) return;
  // Something does not let go (a backend stuck in the kernel). The next start recovers from the log.
  signal(found.pid, 'SIGQUIT', dataDir, pgCtl);
  if (await isGone(found.pid, dataDir, IMMEDIATE_MS)) return;
  throw new MigrateError('MIGRATION_INIT_FAILED', 'connection', {
    operation: 'stop the embedded server',
    message: `the server (pid ${found.pid}) did not stop within ${(FAST_MS + IMMEDIATE_MS) / 1000} s`,
    hint: `look at its log beside ${dataDir}`,
  });
}

function signal(pid: number, name: 'SIGINT' | 'SIGQUIT', dataDir: string, pgCtl: string | null): void {
  if (process.platform === 'win32' && pgCtl !== null) {
    // Windows has no signals to send: Node's kill would be a crash.
    const mode = name === 'SIGINT' ? 'fast' : 'immediate';
    spawn(pgCtl, ['stop', '-D', dataDir, '-m', mode, '-W'], { stdio: 'ignore' });
    return;
  }
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EPERM') {
      throw new MigrateError('MIGRATION_INIT_FAILED', 'permission', {
        operation: 'stop the embedded server',
        message: `the server (pid ${pid}) belongs to another user`,
        hint: 'stop it as the user who started it',
      });
    }
  }
}

async function isGone(pid: number, dataDir: string, withinMs: number): Promise<boolean> {
  const end = Date.now() + withinMs;
  while (await isPostmasterOf(pid, dataDir)) {
    if (Date.now() > end) return false;
    await pause(50);
  }
  return true;
}

function output(program: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(program, [...args], (_error, stdout) => resolve(stdout));
  });
}
