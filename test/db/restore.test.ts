/** `rungs restore`, with the real pg_restore. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { backedUp, project } from '../support/backup.ts';
import { rungs, startRungs } from '../support/cli.ts';
import { createDatabase } from '../support/database.ts';
import { documentOf } from '../support/documents.ts';
import { folderOf } from '../support/folder.ts';
import { describeFitting, pgDumpFits } from '../support/pg-dump.ts';
import { schemaOf } from '../support/schema.ts';

if (!pgDumpFits) {
  test('with no pg_restore as new as the server is refused; what there is and what to install is said', async () => {
    const from = await project();
    // No more than the head of one: no pg_dump here makes more.
    const head = Buffer.from('PGDMP\u0001\u000e\u0000\u0004\u0008\u0001');
    const numbers = Buffer.alloc(8 * 5);
    const text = Buffer.from('\u0000\u0002\u0000\u0000\u000015');
    writeFileSync(join(from.folder, 'x.dump'), Buffer.concat([head, numbers, text, text, text]));
    const { code, stdout, stderr } = await from.run(['restore', 'x.dump'], await createDatabase());
    expect({ code, stdout }).toEqual({ code: 11, stdout: '' });
    expect(stderr).toMatch(
      /error: (there is no pg_restore|the backup is by pg_dump 15, the server PostgreSQL )/,
    );
    expect(stderr).toContain('next: install it: ');
  });
}

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
