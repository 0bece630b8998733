import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { MigrateError } from '../../src/errors.ts';
import { notYours } from './record.ts';

const BEAT_MS = 2_000;
const SILENCE_MS = 20_000;
const PATIENCE_MS = 300_000;

/**
 * One `db:` command at a time in one project. A holder that was killed is recognised by its pid, and where the pid
 * says nothing (reused, or of another container) by the file's age: a live holder touches it every two seconds.
 *
 * The lock spares work; it is not what keeps the data safe. Should two commands ever hold it, both still meet at a
 * rename that only one can win and at postmaster.pid.
 */
export async function withLock<T>(
  file: string,
  onWait: (holder: string) => void,
  work: () => Promise<T>,
): Promise<T> {
  const token = `${process.pid} ${hostname()} ${randomUUID()}\n`;
  await acquire(file, token, onWait);
  const beat = setInterval(() => utimes(file, new Date(), new Date()).catch(() => {}), BEAT_MS);
  try {
    return await work();
  } finally {
    clearInterval(beat);
    if ((await read(file)) === token) await rm(file, { force: true });
  }
}

async function acquire(file: string, token: string, onWait: (holder: string) => void): Promise<void> {
  const start = Date.now();
  for (let tries = 0; ; tries++) {
    try {
      return await writeFile(file, token, { flag: 'wx', mode: 0o644 });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EACCES' || code === 'EPERM') throw notYours(dirname(file));
      if (code !== 'EEXIST') throw error;
    }
    const holder = await read(file);
    if (holder === null) continue;
    if (await isStale(file, holder)) {
      await takeAway(file, holder);
      continue;
    }
    const [pid = ''] = holder.split(' ');
    if (tries === 10) onWait(pid);
    if (Date.now() - start > PATIENCE_MS) {
      throw new MigrateError('MIGRATION_INIT_FAILED', 'lock_timeout', {
        operation: 'lock the embedded server',
        message: `another db: command (pid ${pid}) has been at work for ${PATIENCE_MS / 1000} s`,
        hint: `wait for it, or stop it and remove ${file}`,
      });
    }
    await pause(100);
  }
}

async function isStale(file: string, holder: string): Promise<boolean> {
  const [pid, host] = holder.split(' ');
  if (host === hostname() && !isAlive(Number(pid))) return true;
  const { mtimeMs } = await stat(file).catch(() => ({ mtimeMs: Date.now() }));
  return Date.now() - mtimeMs > SILENCE_MS;
}

/** By rename, because a plain unlink could hit the lock that a faster waiter has just made; that one goes back. */
async function takeAway(file: string, stale: string): Promise<void> {
  const aside = `${file}.${randomUUID()}`;
  await rename(file, aside).catch(() => {});
  const taken = await read(aside);
  if (taken !== null && taken !== stale) await link(aside, file).catch(() => {});
  await rm(aside, { force: true });
}

function read(file: string): Promise<string | null> {
  return readFile(file, 'utf8').catch(() => null);
}

/** True also for a process that we may not signal. */
export function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
