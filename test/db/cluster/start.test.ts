/** The embedded server: started, stopped, reset, wherever the project is. */

import { readdir, readFile, stat, symlink } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { reset, start, status, stop, url } from '../../../tasks/cluster/cluster.ts';
import { makeProject, query, removeProjects } from '../../support/project.ts';

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
