/** golang-migrate's parameters in the URL that say how a file is run, beside the real one. */

import { expect, test } from 'vitest';
import { up } from '../../src/index.ts';
import { createDatabase } from '../support/database.ts';
import { failureOf } from '../support/failure.ts';
import { folderOf } from '../support/folder.ts';
import { besideGolangMigrate, type Driver, golang, withParameters } from '../support/golang-migrate.ts';

const DRIVERS: readonly Driver[] = ['postgres', 'pgx5'];
const MULTI = { 'x-multi-statement': 'true' };

const TYPE = { '0_mood.up.sql': "create type mood as enum ('sad');" };

/** Each needs it with golang-migrate, and runs there with it. */
const ONE_BY_ONE: Readonly<Record<string, string>> = {
  'a new enum value in use':
    "alter type mood add value 'ok';\ncreate table m (m mood);\ninsert into m values ('ok');",
  'an index that is built concurrently beside its table':
    'create table t (id int);\ncreate index concurrently t_id on t (id);\ncreate index concurrently t_id2 on t (id);',
  'a transaction of its own, and behind it what can be in none':
    'begin;\ncreate table t (id int);\ncommit;\nvacuum t;\n-- done',
  // Without a ; inside, where golang-migrate would cut.
  'a procedure that commits':
    "create table t (id int);\nprepare one as select 1;\ncreate procedure p() language plpgsql as E'begin insert into t values (1)\\x3b commit\\x3b end';\ncall p();",
  'an index of a partitioned table, rebuilt':
    'create table t (id int primary key) partition by list (id);\ncreate table t1 partition of t for values in (1);\nreindex table t;',
  'nothing of the kind': 'create table t (id int);\n;\n/* and */\ninsert into t values (1);\nselect 1',
};

besideGolangMigrate('x-multi-statement', () => {
  test.each(
    Object.entries(ONE_BY_ONE).flatMap(([what, sql]) =>
      DRIVERS.map((driver) => [what, driver, sql] as const),
    ),
  )('lets a file run here that it lets run there: %s (%s)', async (what, driver, sql) => {
    const folder = folderOf({ ...TYPE, '1_a.up.sql': sql, '2_b.up.sql': 'create table after_it (id int);' });
    const [theirs, ours, without] = [await createDatabase(), await createDatabase(), await createDatabase()];
    const ran = await golang(theirs, folder, ['up'], { driver, parameters: MULTI });
    expect(ran).toMatchObject({ code: 0 });
    const needsIt = (await golang(without, folder, ['up'], { driver })).code !== 0;
    expect(needsIt).toBe(what !== 'nothing of the kind');

    const report = await up({ database: withParameters(ours.url, MULTI), migrations: folder });
    expect(report).toMatchObject({ to: 2n, dirty: false });
    const columns = 'select table_name, column_name from information_schema.columns';
    const shape = `${columns} where table_schema = 'public' and table_name not like 'schema_migrations%' order by 1, 2`;
    expect(await ours.query(shape)).toEqual(await theirs.query(shape));
    const row = 'select version::text, dirty from schema_migrations';
    expect(await ours.query(row)).toEqual(await theirs.query(row));
  });

  test('keeps a file in one transaction that can be in one, so that a failure leaves nothing', async () => {
    const folder = folderOf({ '1_a.up.sql': 'create table a (id int);\ncreate table a (id int);' });
    const [theirs, ours] = [await createDatabase(), await createDatabase()];
    expect(await golang(theirs, folder, ['up'], { parameters: MULTI })).toMatchObject({ code: 1 });
    await failureOf(up({ database: withParameters(ours.url, MULTI), migrations: folder }));
    const left = "select to_regclass('a')::text as a, (select dirty from schema_migrations) as dirty";
    expect(await theirs.query(left)).toEqual([{ a: 'a', dirty: true }]);
    expect(await ours.query(left)).toEqual([{ a: null, dirty: null }]);
  });

  test('lets a file that failed half-way go on where it was', async () => {
    const sql = ONE_BY_ONE['a new enum value in use'] ?? '';
    const { url, query } = await createDatabase();
    const migrate = (last: string) => {
      const migrations = folderOf({ ...TYPE, '1_a.up.sql': `${sql}\n${last}` });
      return up({ database: withParameters(url, MULTI), migrations });
    };
    const error = await failureOf(migrate('select x;'));
    expect(error).toMatchObject({ location: { line: 4 }, report: { dirty: true } });
    expect(error.report?.warnings.map((w) => w.reason)).toEqual(['one_by_one']);
    await migrate('select 1;');
    expect(await query('select m::text from m')).toEqual([{ m: 'ok' }]);
  });
});

besideGolangMigrate('x-journal-table', () => {
  test.each(DRIVERS)('is ours, and may stand in a URL that both are given (%s)', async (driver) => {
    const folder = folderOf({
      '1_a.up.sql': 'create table a (id int);',
      '2_b.up.sql': 'create table b (id int);',
    });
    const database = await createDatabase();
    const parameters = { 'x-journal-table': 'journal' };
    expect(await golang(database, folder, ['up', '1'], { driver, parameters })).toMatchObject({ code: 0 });
    await up({ database: withParameters(database.url, parameters), migrations: folder });
    expect(await golang(database, folder, ['up'], { driver, parameters })).toMatchObject({ code: 0 });
    const kinds = 'select version::text, kind from journal order by id';
    expect(await database.query(kinds)).toEqual([
      { version: '1', kind: 'assumed' },
      { version: '2', kind: 'run' },
    ]);
  });
});

besideGolangMigrate('x-statement-timeout', () => {
  const slow = { '1_a.up.sql': 'create table a (id int);\nselect pg_sleep(20);' };

  test.each(DRIVERS)('ends a statement that takes longer, here and there (%s)', async (driver) => {
    const folder = folderOf(slow);
    const parameters = { 'x-statement-timeout': '300' };
    const [theirs, ours] = [await createDatabase(), await createDatabase()];
    const begun = performance.now();
    expect(await golang(theirs, folder, ['up'], { driver, parameters })).toMatchObject({ code: 1 });
    const error = await failureOf(up({ database: withParameters(ours.url, parameters), migrations: folder }));
    expect(performance.now() - begun).toBeLessThan(15_000);
    expect(error).toMatchObject({ sqlstate: '57014', location: { line: 2 }, report: { dirty: false } });
    expect(error.hint).toContain('`x-statement-timeout`');
    expect(await theirs.query('select dirty from schema_migrations')).toEqual([{ dirty: true }]);
    expect(await ours.query("select to_regclass('a')::text as a")).toEqual([{ a: null }]);
  });

  test('counts for each statement here, and there for the whole file', async () => {
    const half = 'select pg_sleep(0.4);\n';
    const folder = folderOf({
      '1_a.up.sql': half + half + half,
      '2_b.up.sql': 'reset all; select pg_sleep(20);',
    });
    const parameters = { 'x-statement-timeout': '1000' };
    const [theirs, ours] = [await createDatabase(), await createDatabase()];
    expect(await golang(theirs, folder, ['up', '1'], { parameters })).toMatchObject({ code: 1 });
    const database = withParameters(ours.url, parameters);
    expect(await up({ database, migrations: folder, steps: 1 })).toMatchObject({ to: 1n });
    expect(await failureOf(up({ database, migrations: folder }))).toMatchObject({ sqlstate: '57014' });
  });

  test('of 0 is none', async () => {
    const parameters = { 'x-statement-timeout': '0' };
    const folder = folderOf({ '1_a.up.sql': 'select pg_sleep(0.1)' });
    const [theirs, ours] = [await createDatabase(), await createDatabase()];
    expect(await golang(theirs, folder, ['up'], { parameters })).toMatchObject({ code: 0 });
    expect(await up({ database: withParameters(ours.url, parameters), migrations: folder })).toMatchObject({
      to: 1n,
    });
  });
});
