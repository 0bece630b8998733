/** What either leaves half-way is dirty for the other, and each says so in its documented words. */

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { down, force, goto, redo, status, up } from '../../src/index.ts';
import { createDatabase, type Database } from '../support/database.ts';
import { failureOf } from '../support/failure.ts';
import { copyOf } from '../support/fixtures.ts';
import { writeInto } from '../support/folder.ts';
import { besideGolangMigrate, type GolangResult, golang } from '../support/golang-migrate.ts';
import { ledgerOf } from '../support/schema.ts';

const tables = async (database: Database) => {
  const rows = await database.query(
    `select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace
      and relname not like 'schema_migrations%' order by 1`,
  );
  return rows.map((row) => row.relname);
};

const at = (version: number, dirty: boolean) => [{ version: String(version), dirty }];

/** golang-migrate refuses everything but `version` and `force`. */
async function expectRefusedByGolang(database: Database, folder: string, version: number): Promise<void> {
  for (const args of [['up'], ['up', '1'], ['down', '1'], ['down', '-all'], ['goto', '1']]) {
    expect(await golang(database, folder, args), args.join(' ')).toEqual({
      code: 1,
      output: `error: Dirty database version ${version}. Fix and force version.\n`,
    });
  }
  if (version >= 0) {
    expect(await golang(database, folder, ['version'])).toEqual({ code: 0, output: `${version} (dirty)\n` });
  }
}

/** We refuse everything but `status`, `version` and `force`, in golang-migrate's words. */
async function expectRefusedByUs(database: Database, migrations: string, version: number): Promise<void> {
  const options = { database: database.url, migrations };
  const calls = [
    () => up(options),
    () => up({ ...options, steps: 1 }),
    () => up({ ...options, dryRun: true }),
    () => down(options),
    () => down({ ...options, steps: 'all' }),
    () => goto({ ...options, to: 1n }),
    () => redo(options),
  ];
  for (const call of calls) {
    const error = await failureOf(call());
    expect(error.reason).toBe('dirty');
    expect(error.message).toBe(`Dirty database version ${version}. Fix and force version.`);
  }
  expect(await status(options)).toMatchObject({ dirty: true, version: version < 0 ? null : BigInt(version) });
}

besideGolangMigrate('what golang-migrate leaves dirty', () => {
  test('a failed up is refused by us until it is forced, and then we go on', async () => {
    const database = await createDatabase();
    const folder = copyOf('interop/fails-up');
    const failed = await golang(database, folder, ['up']);
    expect(failed.output).toContain('relation "nothere" does not exist');
    expect(await ledgerOf(database)).toEqual(at(2, true));
    await expectRefusedByUs(database, folder, 2);
    expect(await ledgerOf(database)).toEqual(at(2, true));

    writeInto(folder, { '2_b.up.sql': 'create table b (id int primary key);' });
    await force({ database: database.url, migrations: folder, version: 1n });
    const report = await up({ database: database.url, migrations: folder });
    expect(report.applied.map((step) => step.id)).toEqual(['2', '3']);
    expect(await tables(database)).toEqual(['a', 'b', 'c']);
    expect(await golang(database, folder, ['up'])).toEqual({ code: 0, output: 'no change\n' });
  });

  test('a failed up after ours is told as another tool’s, and status shows which version it is', async () => {
    const database = await createDatabase();
    const folder = copyOf('interop/fails-up');
    const options = { database: database.url, migrations: folder };
    await up({ ...options, steps: 1 });
    await golang(database, folder, ['up']);
    const error = await failureOf(up(options));
    expect(error).toMatchObject({ code: 'MIGRATION_UP_FAILED', reason: 'dirty', exitCode: 12 });
    expect(error.details.join()).toContain('another tool, such as golang-migrate');
    expect((await status(options)).migrations.map((m) => m.state)).toEqual(['applied', 'dirty', 'pending']);
  });

  test('a failed down of the first is (-1, true), which is dirty for us as well', async () => {
    const database = await createDatabase();
    const folder = copyOf('interop/fails-down');
    await golang(database, folder, ['up', '1']);
    await golang(database, folder, ['down', '1']);
    expect(await ledgerOf(database)).toEqual(at(-1, true));
    await expectRefusedByUs(database, folder, -1);

    await force({ database: database.url, migrations: folder, version: 1n });
    expect((await up({ database: database.url, migrations: folder })).applied).toMatchObject([{ id: '2' }]);
  });

  test('a failed down of ours is known by the version it was going to', async () => {
    const database = await createDatabase();
    const folder = copyOf('interop/fails-down');
    writeInto(folder, { '2_b.down.sql': 'drop table nothere;' });
    const options = { database: database.url, migrations: folder };
    await up(options);
    await golang(database, folder, ['down', '1']);
    expect(await ledgerOf(database)).toEqual(at(1, true));
    await expectRefusedByUs(database, folder, 1);
    // The schema is still at 2, and so it is declared; nothing is run again.
    await force({ ...options, version: 2n });
    expect((await up(options)).applied).toEqual([]);
    writeInto(folder, { '2_b.down.sql': 'drop table b;' });
    expect((await down(options)).applied).toMatchObject([{ id: '2', direction: 'down' }]);
    expect(await tables(database)).toEqual(['a']);
  });

  test('a version repaired by hand, in the table itself, is one that we go on from', async () => {
    const database = await createDatabase();
    const folder = copyOf('interop/fails-up');
    await golang(database, folder, ['up']);
    await database.query('create table b (id int primary key); update schema_migrations set dirty = false');
    const report = await up({ database: database.url, migrations: folder });
    expect(report.applied.map((step) => step.id)).toEqual(['3']);
  });
});

besideGolangMigrate('what rungs leaves dirty', () => {
  test('nothing, where the file ran in a transaction: golang-migrate sees the version before', async () => {
    const database = await createDatabase();
    const folder = copyOf('interop/fails-up');
    const options = { database: database.url, migrations: folder };
    const error = await failureOf(up(options));
    expect(error.report).toMatchObject({ to: 1n, dirty: false, failed: { id: '2', rolledBack: true } });
    expect(await golang(database, folder, ['version'])).toEqual({ code: 0, output: '1\n' });
    writeInto(folder, { '2_b.up.sql': 'create table b (id int primary key);' });
    expect(await golang(database, folder, ['up'])).toMatchObject({ code: 0 });
    expect(await tables(database)).toEqual(['a', 'b', 'c']);
  });

  test('a plain file that failed is refused by golang-migrate, and by us, until it is forced', async () => {
    const database = await createDatabase();
    const folder = copyOf('interop/fails-up');
    writeInto(folder, { '2_b.up.sql': 'begin; create table b (id int); commit; select 1/0;' });
    const options = { database: database.url, migrations: folder };
    await failureOf(up(options));
    expect(await ledgerOf(database)).toEqual(at(2, true));
    await expectRefusedByGolang(database, folder, 2);
    await expectRefusedByUs(database, folder, 2);
    await golang(database, folder, ['force', '2']);
    // The version says that 2 is applied, whatever our journal had begun.
    expect((await up(options)).applied.map((step) => step.id)).toEqual(['3']);
    expect(await tables(database)).toEqual(['a', 'b', 'c']);
  });

  test('a failed down of the first is (-1, true), which is dirty for golang-migrate as well', async () => {
    const database = await createDatabase();
    const folder = copyOf('interop/fails-down');
    writeInto(folder, { '1_a.down.sql': '-- rungs: plain\ndrop table nothere;' });
    const options = { database: database.url, migrations: folder };
    await up({ ...options, steps: 1 });
    await failureOf(down(options));
    expect(await ledgerOf(database)).toEqual(at(-1, true));
    await expectRefusedByGolang(database, folder, -1);
    await golang(database, folder, ['force', '1']);
    expect(await golang(database, folder, ['up'])).toMatchObject({ code: 0 });
    expect(await ledgerOf(database)).toEqual(at(2, false));
  });
});

/** 2 builds a unique index CONCURRENTLY over rows that are twins. */
async function halfDone(fixture = 'half-done') {
  const database = await createDatabase();
  const folder = copyOf(`interop/${fixture}`);
  const options = { database: database.url, migrations: folder };
  const error = await failureOf(up(options));
  expect(error.sqlstate).toBe('23505');
  const repair = () => database.query('delete from people where ctid = (select min(ctid) from people)');
  return { database, folder, options, repair };
}

const indexes = (database: Database) =>
  database.query(
    `select indexrelid::regclass::text as name, indisvalid as valid from pg_index
      where indrelid = to_regclass('people') order by 1`,
  );

besideGolangMigrate('a resumable migration that we left half done', () => {
  test('is dirty for golang-migrate; once we have resumed it, golang-migrate goes on', async () => {
    const { database, folder, options, repair } = await halfDone();
    expect(await ledgerOf(database)).toEqual(at(2, true));
    await expectRefusedByGolang(database, folder, 2);
    await repair();
    await expectRefusedByGolang(database, folder, 2);

    const report = await up({ ...options, steps: 1 });
    expect(report.applied.map((step) => step.id)).toEqual(['2']);
    expect(await indexes(database)).toEqual([{ name: 'people_email', valid: true }]);
    expect(await golang(database, folder, ['version'])).toEqual({ code: 0, output: '2\n' });
    expect(await golang(database, folder, ['up'])).toMatchObject({
      code: 0,
      output: expect.stringMatching(/^3\/u after /),
    });
    expect((await golang(database, folder, ['down', '-all'])).code).toBe(0);
    expect(await tables(database)).toEqual([]);
  });

  test('on its way down is dirty for golang-migrate too, at the version below', async () => {
    const database = await createDatabase();
    const folder = copyOf('interop/half-done');
    const options = { database: database.url, migrations: folder };
    writeInto(folder, { '1_people.up.sql': 'create table people (email text);' });
    await up({ ...options, steps: 2 });
    writeInto(folder, {
      '2_people_email.down.sql': 'drop index concurrently people_email; drop index concurrently nothere;',
    });
    await failureOf(down(options));
    expect(await ledgerOf(database)).toEqual(at(1, true));
    await expectRefusedByGolang(database, folder, 1);

    writeInto(folder, { '2_people_email.down.sql': 'drop index concurrently people_email;' });
    expect((await down(options)).applied).toMatchObject([{ id: '2', direction: 'down' }]);
    expect(await ledgerOf(database)).toEqual(at(1, false));
    expect((await golang(database, folder, ['up'])).code).toBe(0);
    expect(await indexes(database)).toEqual([{ name: 'people_email', valid: true }]);
    expect((await status(options)).counts).toMatchObject({ applied: 3, pending: 0, dirty: 0 });
  });

  test('and that golang-migrate forces back is begun anew by either', async () => {
    const { database, folder, options, repair } = await halfDone();
    await golang(database, folder, ['force', '1']);
    await database.query('drop index people_email');
    await repair();
    expect((await status(options)).unfinished).toBeNull();
    const report = await up({ ...options, steps: 1 });
    expect(report.applied).toMatchObject([{ id: '2', mode: 'resumable' }]);
    expect(await indexes(database)).toEqual([{ name: 'people_email', valid: true }]);
    expect(await golang(database, folder, ['down', '1'])).toMatchObject({ code: 0 });
    expect(await golang(database, folder, ['up', '1'])).toMatchObject({ code: 0 });
    expect((await status(options)).counts).toMatchObject({ applied: 2, pending: 1 });
  });

  test('and that golang-migrate forces as done is applied for us, and not run again', async () => {
    const { database, folder, options, repair } = await halfDone();
    await repair();
    await database.query('reindex index people_email');
    await golang(database, folder, ['force', '2']);
    expect((await status(options)).migrations.map((m) => m.state)).toEqual(['applied', 'applied', 'pending']);
    const report = await up(options);
    expect(report.applied.map((step) => step.id)).toEqual(['3']);
    expect(await indexes(database)).toEqual([{ name: 'people_email', valid: true }]);
  });

  test('and that golang-migrate forces back and then leaves dirty itself is no longer ours to continue', async () => {
    const { database, folder, options, repair } = await halfDone('half-done-seed');
    await database.query('drop table seed; drop index people_email');
    await golang(database, folder, ['force', '1']);
    // Two statements, one of them CONCURRENTLY: golang-migrate cannot run that, and nothing of it stays.
    expect((await golang(database, folder, ['up'])).output).toContain(
      'cannot run inside a transaction block',
    );
    await repair();
    // Our first statement was undone; to go on at the second would leave it out for good.
    await expectRefusedByUs(database, folder, 2);
    await force({ ...options, version: 1n });
    await up(options);
    expect(await tables(database)).toEqual(['people', 'seed']);
  });

  test('and whose file is gone is refused by both', async () => {
    const { database, folder } = await halfDone();
    for (const side of ['up', 'down']) rmSync(join(folder, `2_people_email.${side}.sql`));
    await expectRefusedByUs(database, folder, 2);
    const refused: GolangResult = await golang(database, folder, ['up']);
    expect(refused).toMatchObject({ code: 1, output: expect.stringContaining('Dirty database version 2.') });
  });
});

describe('without golang-migrate: the row that it would leave', () => {
  test('(-1, true) is refused by us, and force 0 clears it to no row at all', async () => {
    const database = await createDatabase();
    const folder = copyOf('interop/fails-down');
    await database.query(`create table schema_migrations (version bigint not null primary key, dirty boolean not null);
      insert into schema_migrations values (-1, true)`);
    await expectRefusedByUs(database, folder, -1);
    await force({ database: database.url, migrations: folder, version: 0n });
    expect(await ledgerOf(database)).toEqual([]);
  });
});
