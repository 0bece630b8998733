/** The embedded server after a kill -9, with a foreign pid file, with a lost password. */

import { spawn } from 'node:child_process';
import { chown, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { reset, start, status, stop } from '../../../tasks/cluster/cluster.ts';
import { isAlive } from '../../../tasks/cluster/lock.ts';
import { isPostmasterOf, readPidFile } from '../../../tasks/cluster/postmaster.ts';
import { isRoot, makeProject, query, removeProjects } from '../../support/project.ts';
import { until } from '../../support/session.ts';

afterEach(removeProjects);

describe('after an accident', () => {
  test('a postmaster killed with -9 starts again, with its data', async () => {
    const project = await makeProject();
    const { url, dataDir } = await start(project);
    await query(url, 'create table kept ()');
    const { pid = 0 } = (await readPidFile(dataDir)) ?? {};
    process.kill(pid, 'SIGKILL');
    // Killed is not gone yet.
    await until('the postmaster is gone', async () => !(await isPostmasterOf(pid, dataDir)));
    expect(await start(project)).toMatchObject({ url, started: true });
    expect(await query(url, 'select from kept')).toEqual([]);
  });

  test('a pid file that names another program stops nothing: neither the start nor that program', async () => {
    const project = await makeProject();
    const { dataDir } = await start(project);
    const pidFile = join(dataDir, 'postmaster.pid');
    const text = await readFile(pidFile, 'utf8');
    await stop(project);
    // Of the server's own user: PostgreSQL takes any other for gone.
    const { uid, gid } = await stat(dataDir);
    const stranger = spawn('sleep', ['60'], { stdio: 'ignore', ...(isRoot ? { uid, gid } : {}) });
    try {
      await writeFile(pidFile, text.replace(/^\d+/, String(stranger.pid)), { mode: 0o600 });
      if (isRoot) await chown(pidFile, uid, gid);
      expect(await status(project)).toBe(null);
      expect(await stop(project)).toBe(false);
      expect((await start(project)).started).toBe(true);
      expect(stranger.exitCode ?? stranger.signalCode).toBe(null);
    } finally {
      stranger.kill();
    }
  });

  test('an initdb that was killed leaves nothing that a start would trust', async () => {
    const project = await makeProject();
    const litter = join(project.projectDir, '.rungs/.init-killed/data');
    await mkdir(litter, { recursive: true });
    await writeFile(join(litter, 'PG_VERSION'), '18\n');
    expect((await start(project)).started).toBe(true);
    expect(await readdir(join(project.projectDir, '.rungs'))).not.toContain('.init-killed');
  });

  test('the lock of a command that was killed is taken over', async () => {
    const project = await makeProject();
    const dead = spawn('true');
    await new Promise((resolve) => dead.once('exit', resolve));
    expect(isAlive(dead.pid ?? 0)).toBe(false);
    await mkdir(join(project.projectDir, '.rungs'));
    const { hostname } = await import('node:os');
    await writeFile(join(project.projectDir, '.rungs/lock'), `${dead.pid} ${hostname()} x\n`);
    expect((await start(project)).started).toBe(true);
  });

  test('a server that cannot start says why: the last lines of its log, and where it is', async () => {
    const project = await makeProject();
    const { dataDir } = await start(project);
    await stop(project);
    await writeFile(join(dataDir, 'postgresql.conf'), 'shared_bufers = 1\n');
    const error = await start(project).catch((e) => e);
    expect(error).toMatchObject({ code: 'MIGRATION_INIT_FAILED', reason: 'connection' });
    expect(error.details.join('\n')).toContain('shared_bufers');
    expect(error.details.at(-1)).toBe(`log: ${join(dirname(dataDir), 'server.log')}`);
  });

  test('a lost password is said, and reset is the way out', async () => {
    const project = await makeProject();
    const { dataDir } = await start(project);
    await stop(project);
    await rm(join(dirname(dataDir), 'cluster.json'));
    await expect(start(project)).rejects.toMatchObject({ reason: 'unreadable' });
    await writeFile(join(dirname(dataDir), 'cluster.json'), '{');
    await expect(start(project)).rejects.toMatchObject({ reason: 'unreadable' });
    expect((await reset(project)).started).toBe(true);
  });
});
