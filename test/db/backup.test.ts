/** `rungs backup` and `rungs restore`, with the real pg_dump and pg_restore. */

import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { type CliResult, rungs, startRungs } from '../support/cli.ts';
import { createDatabase, type Database, serverMajor } from '../support/database.ts';
import { documentOf } from '../support/documents.ts';
import { folderOf } from '../support/folder.ts';
import { describeFitting, pgDumpFits } from '../support/pg-dump.ts';
import { commandLines } from '../support/processes.ts';
import { createRole } from '../support/role.ts';
import { schemaOf } from '../support/schema.ts';

const FILES = {
  'migrations/1_customers.up.sql': 'create table customers (id int primary key, name text);\n',
  'migrations/1_customers.down.sql': 'drop table customers;\n',
  'migrations/2_parcels.up.sql': 'create table parcels (customer int references customers);\n',
  'migrations/2_parcels.down.sql': 'drop table parcels;\n',
};

interface Project {
  readonly folder: string;
  readonly database: Database;
  readonly run: (words: readonly string[], into?: Database) => Promise<CliResult>;
}

/** At version 2, with a customer. */
async function project(): Promise<Project> {
  const folder = folderOf(FILES);
  const database = await createDatabase();
  const run: Project['run'] = (words, into = database) =>
    rungs(words, { cwd: folder, env: { DATABASE_URL: into.url } });
  expect(await run(['up'])).toMatchObject({ code: 0 });
  await database.query("insert into customers values (1, 'Ada')");
  return { folder, database, run };
}

const NAME = /^backups\/rungs_test_[0-9a-f]+-\d{8}T\d{6}Z(-2)?\.dump$/;

/** Its file's path, as stdout has it. */
async function backedUp({ run }: Project, ...words: readonly string[]): Promise<string> {
  const made = await run(['backup', ...words]);
  expect(made).toMatchObject({ code: 0 });
  return made.stdout.split(' (')[0] ?? '';
}

const filesIn = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => !name.startsWith('migrations'));

if (!pgDumpFits) {
  test('a server newer than every pg_dump is not backed up; what there is and what to install is said', async () => {
    const { folder, run } = await project();
    const { code, stdout, stderr } = await run(['backup']);
    expect({ code, stdout }).toEqual({ code: 11, stdout: '' });
    expect(stderr).toMatch(
      new RegExp(
        `error: (there is no pg_dump on PATH|the server is PostgreSQL ${serverMajor}\\.\\S+, and there is only pg_dump \\d+\\.\\S+ \\(/)`,
      ),
    );
    expect(stderr).toMatch(new RegExp(`next: install it: .*${serverMajor}`));
    expect(filesIn(folder)).toEqual([]);
  });
}

describeFitting('a backup', () => {
  test('is named after the database and the time, for its owner alone, and kept out of repositories', async () => {
    const { folder, run } = await project();
    const { code, stdout, stderr } = await run(['backup']);
    expect(code).toBe(0);
    const [, file = ''] = /^(\S+) \(\d+ kB, 4 tables, \d\.\d s\)\n$/.exec(stdout) ?? [];
    expect(file).toMatch(NAME);
    expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(folder, file)).toString('latin1', 0, 5)).toBe('PGDMP');
    expect(readFileSync(join(folder, 'backups/.gitignore'), 'utf8')).toBe('*\n');
    expect(stderr).toMatch(/^backing up \S+ \(PostgreSQL [\d.]+\) with pg_dump [\d.]+$/m);
    expect(stderr).toMatch(/^ {2}1 public\.customers \(\d+ kB so far\)$/m);
  });

  test('two in one second are two files', async () => {
    const { folder, run } = await project();
    const both = await Promise.all([run(['backup', '--json']), run(['backup', '--json'])]);
    const names = both.map((made) => (documentOf(made) as { file?: string }).file ?? '');
    for (const name of names) expect(name).toMatch(NAME);
    expect(new Set(names).size).toBe(2);
    expect(filesIn(folder).length).toBe(4);
  });

  test('--output is a file or a folder, and no file is overwritten', async () => {
    const { folder, run } = await project();
    expect(await run(['backup', '--output', 'deep/er/a b.dump'])).toMatchObject({ code: 0 });
    expect(await run(['backup', '--output', 'deep/'])).toMatchObject({ code: 0 });
    expect(filesIn(folder).length).toBe(4);
    const before = readFileSync(join(folder, 'deep/er/a b.dump'));
    const again = await run(['backup', '--output', 'deep/er/a b.dump']);
    expect(again).toMatchObject({ code: 11, stdout: '' });
    expect(again.stderr).toContain('deep/er/a b.dump is there already, and no backup is overwritten');
    expect(readFileSync(join(folder, 'deep/er/a b.dump'))).toEqual(before);
  });

  test('that the server refuses leaves no file', async () => {
    const { folder, database, run } = await project();
    const role = await createRole();
    const failed = await run(['backup', '--database', role.urlOf(database)]);
    expect(failed).toMatchObject({ code: 11, stdout: '' });
    expect(failed.stderr).toContain('ERROR:  permission denied for table ');
    expect(failed.stderr).toContain(
      'next: connect as a role that may read all of it, or name one with `--role`',
    );
    expect(filesIn(folder)).toEqual(['backups', 'backups/.gitignore']);
    expect(failed.stderr).not.toContain(role.password);
  });

  test('ended by Ctrl-C leaves no file and no session, and its password is in no argument', async () => {
    const { folder, database } = await project();
    const role = await createRole('pass=\'w"rd%', 'superuser');
    const holder = new pg.Client(database.url);
    await holder.connect();
    try {
      await holder.query('begin; lock table customers');
      const { child, ended } = startRungs(['backup'], {
        cwd: folder,
        env: { DATABASE_URL: role.urlOf(database) },
      });
      const sessions = `select from pg_stat_activity where datname = current_database() and application_name = 'rungs backup'`;
      const waiting = `${sessions} and wait_event_type = 'Lock'`;
      for (let i = 0; i < 200 && (await database.query(waiting)).length === 0; i++) await pause(50);
      const argv =
        process.platform === 'linux' ? commandLines().filter((line) => line.includes('--format=custom')) : [];
      child.kill('SIGINT');
      const { code, stdout, stderr } = await ended;
      expect({ code, stdout }).toEqual({ code: 130, stdout: '' });
      expect(stderr).toContain('error: ended by a signal');
      expect(filesIn(folder)).toEqual(['backups', 'backups/.gitignore']);
      expect(await database.query(sessions)).toEqual([]);
      if (process.platform === 'linux')
        expect(argv).toContainEqual(expect.stringMatching(/pg_dump --format=custom/));
      for (const text of [...argv, stderr]) expect(text).not.toMatch(/pass=|w"rd|postgres:\/\//);
    } finally {
      await holder.end();
    }
  });

  test('of rows alone passes on what pg_dump warns of', async () => {
    const { database, run } = await project();
    await database.query(
      'alter table customers add boss int; alter table parcels add unique (customer); alter table customers add foreign key (boss) references parcels (customer)',
    );
    const made = await run(['backup', '--data-only']);
    expect(made).toMatchObject({ code: 0 });
    expect(made.stderr).toContain('pg_dump: warning: there are circular foreign-key constraints');
  });

  test('is made as the role, and through any connection string of ours', async () => {
    const { database, run, folder } = await project();
    const [owner, login] = [await createRole(), await createRole()];
    await database.query(`grant ${owner.name} to ${login.name}; alter role ${login.name} noinherit;
      grant select on all tables in schema public to ${owner.name};
      grant select on all sequences in schema public to ${owner.name}`);
    const url = login.urlOf(database);
    expect(await run(['backup', '--database', url])).toMatchObject({ code: 11 });
    expect(await run(['backup', '--database', url, '--role', owner.name])).toMatchObject({ code: 0 });
    const { hostname, port, username, password, pathname } = new URL(database.url);
    const login2 = `${username}${password === '' ? '' : `:${password}`}`;
    const several = `pgx5://${login2}@127.0.0.1:1,${hostname}:${port}${pathname}?sslmode=prefer&x-lock-table=x&search_path=nowhere`;
    expect(await run(['backup', '--database', several, '--output', 'several.dump'])).toMatchObject({
      code: 0,
    });
    const conninfo = `host=${hostname} port=${port} dbname=${pathname.slice(1)} user=${username} sslmode=disable`;
    const env = { PGPASSWORD: decodeURIComponent(password), DATABASE_URL: conninfo };
    expect(await rungs(['backup', '--output', 'conninfo.dump'], { cwd: folder, env })).toMatchObject({
      code: 0,
    });
  });
});

describeFitting('restoring', () => {
  test('brings all of it into an empty database, so that status says what it said', async () => {
    const from = await project();
    const file = await backedUp(from);
    const into = await createDatabase();
    const restored = await from.run(['restore', file, '--json'], into);
    expect(documentOf(restored)).toMatchObject({ command: 'restore', tables: 4, version: '2', dirty: false });
    expect(restored.stderr).toMatch(/^ {2}1\/4 public\.customers$/m);
    expect(await schemaOf(into)).toEqual(await schemaOf(from.database));
    expect(await into.query('select * from customers')).toEqual([{ id: 1, name: 'Ada' }]);
    const [before, after] = [
      await from.run(['status', '--json']),
      await from.run(['status', '--json'], into),
    ];
    expect(JSON.parse(after.stdout)).toEqual(JSON.parse(before.stdout));
    expect(await from.run(['up'], into)).toMatchObject({ code: 0, stdout: 'Already at latest version: 2\n' });
    expect(await from.run(['down', '--all', '--yes'], into)).toMatchObject({ code: 0 });
  });

  test('the schema, then the rows, is the whole again', async () => {
    const from = await project();
    const [schema, data] = [await backedUp(from, '--schema-only'), await backedUp(from, '--data-only')];
    const into = await createDatabase();
    const first = await from.run(['restore', schema], into);
    expect(first).toMatchObject({ code: 0, stdout: expect.stringContaining('\nversion: 0\n') });
    expect(first.stderr).toContain('warning: no rows were restored, and so no version');
    const refused = await from.run(['restore', data], into);
    expect(refused).toMatchObject({
      code: 19,
      stderr: expect.stringContaining('`--yes` adds the backup’s rows'),
    });
    expect(await from.run(['restore', data, '--yes'], into)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('\nversion: 2\n'),
    });
    expect(await into.query('select * from customers')).toEqual([{ id: 1, name: 'Ada' }]);
    const twice = await from.run(['restore', data, '--yes'], into);
    expect(twice).toMatchObject({ code: 11 });
    expect(twice.stderr).toMatch(/duplicate key value[\s\S]*next: rows go into empty tables/);
    expect(
      await from.run(['restore', await backedUp(from), '--schema-only'], await createDatabase()),
    ).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('restored 0 tables'),
    });
  });

  test('into a database that is not empty needs --yes, and replaces what the backup has', async () => {
    const from = await project();
    const file = await backedUp(from);
    await from.database.query("update customers set name = 'Bob'; create table mine (id int)");
    const refused = await from.run(['restore', file, '--json']);
    expect(refused.code).toBe(19);
    expect(documentOf(refused).error).toMatchObject({ code: 'CONFIG_INVALID', reason: 'not_empty' });
    expect(documentOf(refused).error?.message).toContain('table public.customers');
    const done = await from.run(['restore', file, '--yes']);
    expect(done).toMatchObject({ code: 0 });
    expect(done.stderr).toContain('what the backup has too is dropped and made anew, the rest stays');
    expect(done.stderr).toContain('warning: not in the backup, and left as it is: public.mine');
    expect(await from.database.query('select name from customers')).toEqual([{ name: 'Ada' }]);
    expect(await from.database.query('select * from mine')).toEqual([]);
  });

  test.each([
    ['create table schema_migrations (version bigint, dirty boolean)', 'table public.schema_migrations'],
    ['create view v as select 1 as one', 'view public.v'],
    ['create schema s', 'schema s'],
    ["create type t as enum ('a')", 'type public.t'],
    ["create function f() returns int language sql as 'select 1'", 'function public.f'],
    ['create sequence s', 'sequence public.s'],
  ])('%j is not empty', async (sql, named) => {
    const from = await project();
    const into = await createDatabase();
    const file = await backedUp(from);
    await into.query(sql);
    const refused = await from.run(['restore', file], into);
    expect(refused.stderr).toContain(`error: the database is not empty: ${named}\n`);
  });

  test('an extension is no reason to refuse', async () => {
    const from = await project();
    const into = await createDatabase();
    await into.query('create extension pg_trgm');
    expect(await from.run(['restore', await backedUp(from)], into)).toMatchObject({ code: 0 });
  });

  test('that fails changes nothing', async () => {
    const from = await project();
    const file = await backedUp(from);
    await from.database.query('create table later (c int references customers); delete from customers');
    const before = await schemaOf(from.database);
    const failed = await from.run(['restore', file, '--yes']);
    expect(failed).toMatchObject({ code: 11, stdout: '' });
    expect(failed.stderr).toContain('cannot drop constraint customers_pkey');
    expect(failed.stderr).toContain('or restore into an empty database; nothing was restored');
    expect(await schemaOf(from.database)).toEqual(before);
    expect(await from.database.query('select * from customers')).toEqual([]);
  });

  test('ended by Ctrl-C changes nothing', async () => {
    const from = await project();
    const file = await backedUp(from);
    await from.database.query("update customers set name = 'Bob'");
    const holder = new pg.Client(from.database.url);
    await holder.connect();
    try {
      await holder.query('begin; lock table customers');
      const env = { DATABASE_URL: from.database.url };
      const { child, ended } = startRungs(['restore', file, '--yes'], { cwd: from.folder, env });
      const waiting = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
      for (let i = 0; i < 200 && (await from.database.query(waiting)).length === 0; i++) await pause(50);
      child.kill('SIGINT');
      expect(await ended).toMatchObject({ code: 130, stdout: '' });
      await holder.query('commit');
    } finally {
      await holder.end();
    }
    expect(await from.database.query('select name from customers')).toEqual([{ name: 'Bob' }]);
  });

  test('a file that ends too soon is refused', async () => {
    const from = await project();
    const whole = readFileSync(join(from.folder, await backedUp(from)));
    const into = await createDatabase();
    for (const length of [whole.length - 2000, 600, 30]) {
      writeFileSync(join(from.folder, 'cut.dump'), whole.subarray(0, length));
      const failed = await from.run(['restore', 'cut.dump'], into);
      expect(failed, String(length)).toMatchObject({ code: expect.not.stringMatching('0'), stdout: '' });
      expect(failed.stderr).toMatch(/cut off|end of file/);
    }
    expect(await into.query("select from pg_class where relname = 'customers'")).toEqual([]);
  });
});

describe('a file that is no backup is refused before anything is asked of the server', () => {
  const NOWHERE = { DATABASE_URL: 'postgres://u:pa55word@127.0.0.1:1/d' };

  test.each([
    ['gone.dump', 'there is no file "gone.dump"', 'next: look for it with `ls backups`'],
    ['.', '. is a folder', 'next: give a file that `rungs backup`'],
    ['empty.dump', 'empty.dump is empty', 'next: give a file'],
    ['text.dump', 'text.dump is not a backup', 'next: give a file'],
    ['plain.sql', 'plain.sql is a dump in SQL, which psql restores', 'next: `psql --single-transaction'],
    ['cut.dump', 'cut.dump is cut off', 'next: give a file'],
  ])('%s', async (file, error, next) => {
    const cwd = folderOf({
      'empty.dump': '',
      'text.dump': 'Dear diary\n',
      'plain.sql': '--\n-- PostgreSQL database dump\n--\n',
      'cut.dump': 'PGDMP\u0001\u000e\u0000\u0004\u0008\u0001',
    });
    const { code, stderr } = await rungs(['restore', file], { cwd, env: NOWHERE });
    expect(code).toBe(19);
    expect(stderr).toContain(`error: ${error}`);
    expect(stderr).toContain(next);
  });

  test('and so is a call without one, or with DRY_RUN', async () => {
    const none = await rungs(['restore'], { env: NOWHERE });
    expect(none).toMatchObject({ code: 19, stderr: expect.stringContaining('which backup?') });
    const dry = await rungs(['restore', 'x.dump'], { env: { ...NOWHERE, DRY_RUN: '1' } });
    expect(dry).toMatchObject({ code: 19, stderr: expect.stringContaining('restore has no dry run') });
    const both = await rungs(['backup', '--schema-only', '--data-only'], { env: NOWHERE });
    expect(both).toMatchObject({ code: 19, stderr: expect.stringContaining('together') });
  });
});
