/** Consecutive atomic migrations in one message: one round trip for all, and to the user as if each had had its own. */

import { describe, expect, it } from 'vitest';
import { down, type Event, up } from '../../src/index.ts';
import { of, upPastBlock, withObjects } from '../support/blocked.ts';
import { createDatabase, type Database } from '../support/database.ts';
import { failureOf } from '../support/failure.ts';
import { folderOf } from '../support/folder.ts';
import { recorder } from '../support/recorder.ts';
import { connectTo, until, waiting } from '../support/session.ts';

const tables = (count: number, more: Readonly<Record<string, string>> = {}) =>
  folderOf({
    ...Object.fromEntries(
      Array.from({ length: count }, (_, i) => i + 1).flatMap((v) => [
        [`${v}_t.up.sql`, `create table t${v} (id int);\n`],
        [`${v}_t.down.sql`, `drop table t${v};\n`],
      ]),
    ),
    ...more,
  });

const versionOf = async (database: Database) =>
  (await database.query('select version::int as v, dirty from schema_migrations'))[0];
const inJournal = (database: Database) =>
  database.query(
    `select version::int as version, direction, state from schema_migrations_history order by id`,
  );
const done = (...versions: number[]) =>
  versions.map((version) => ({ version, direction: 'up', state: 'done' }));

it('ten migrations are one message, up and down', async () => {
  const database = await createDatabase();
  const migrations = tables(10);
  const { client, sent } = await recorder(database);
  const report = await up({ database: client, migrations });
  expect(sent.filter((text) => text.includes('create table t'))).toHaveLength(1);
  expect(report.applied.map((s) => s.id)).toEqual(['1', '2', '3', '4', '5', '6', '7', '8', '9', '10']);
  expect(await versionOf(database)).toEqual({ v: 10, dirty: false });
  expect(await inJournal(database)).toEqual(done(1, 2, 3, 4, 5, 6, 7, 8, 9, 10));
  sent.length = 0;
  const back = await down({ database: client, migrations, steps: 'all' });
  await client.end();
  expect(sent.filter((text) => text.includes('drop table t'))).toHaveLength(1);
  expect(back.applied.map((s) => s.id)).toEqual(['10', '9', '8', '7', '6', '5', '4', '3', '2', '1']);
  expect(await versionOf(database)).toBeUndefined();
});

it.each([
  [1, 4],
  [6000, 2],
  [1_000_000, 1],
])('with a batch size of %d, four small ones are %d messages', async (batchSize, messages) => {
  const database = await createDatabase();
  const { client, sent } = await recorder(database);
  await up({ database: client, migrations: tables(4), batchSize });
  await client.end();
  expect(sent.filter((text) => text.includes('create table t'))).toHaveLength(messages);
  expect(await inJournal(database)).toEqual(done(1, 2, 3, 4));
});

it('what cannot share a message goes by itself, in its order', async () => {
  const database = await createDatabase();
  const migrations = tables(6, {
    '3_t.up.sql': 'create index concurrently on t1 (id);\n',
    '5_t.up.sql': 'create table t5 (id int);\ncopy t5 from stdin;\n1\n2\n\\.\n',
  });
  const { client, sent } = await recorder(database);
  const report = await up({ database: client, migrations });
  await client.end();
  expect(report.applied.map((s) => [s.id, s.mode])).toEqual([
    ['1', 'atomic'],
    ['2', 'atomic'],
    ['3', 'resumable'],
    ['4', 'atomic'],
    ['5', 'atomic'],
    ['6', 'atomic'],
  ]);
  expect(sent.filter((text) => /create table t[12]/.test(text))).toHaveLength(1);
  expect(await database.query('select count(*)::int as n from t5')).toEqual([{ n: 2 }]);
});

describe('a failure', () => {
  it('keeps what came before, rolls its own migration back, and points into its file', async () => {
    const database = await createDatabase();
    const migrations = tables(10, {
      '6_t.up.sql': `create table t6 (id int);\n-- é 😀\ninsert into t6 values ('x');\n`,
    });
    const error = await failureOf(up({ database: database.url, migrations }));
    expect(error).toMatchObject({
      code: 'MIGRATION_UP_FAILED',
      sqlstate: '22P02',
      operation: 'apply migration 6',
      location: { file: `${migrations}/6_t.up.sql`, line: 3, column: 24 },
    });
    const { report } = error;
    expect(report?.applied.map((s) => s.id)).toEqual(['1', '2', '3', '4', '5']);
    expect(report?.failed).toMatchObject({ id: '6', rolledBack: true });
    expect(report?.notReached.map((s) => s.id)).toEqual(['7', '8', '9', '10']);
    expect(await versionOf(database)).toEqual({ v: 5, dirty: false });
    expect(await inJournal(database)).toEqual(done(1, 2, 3, 4, 5));
    expect(await database.query(`select to_regclass('t6') as six, to_regclass('t7') as seven`)).toEqual([
      { six: null, seven: null },
    ]);
  });

  it('without a position is found by the statement, and in a hook by its line', async () => {
    const database = await createDatabase();
    const migrations = tables(4, {
      '3_t.up.sql':
        'create table t3 (id int primary key);\ninsert into t3 values (1);\ninsert into t3 values (1);\n',
    });
    const error = await failureOf(up({ database: database.url, migrations }));
    expect(error).toMatchObject({ sqlstate: '23505', location: { line: 3, column: 1 } });
    const hook = `${folderOf({ 'check.sql': `select 1;\n\nselect 1 / (3 - max(version)) from schema_migrations;\n` })}/check.sql`;
    const fixed = tables(5);
    const inHook = await failureOf(
      up({ database: database.url, migrations: fixed, hooks: { beforeEach: hook } }),
    );
    expect(inHook).toMatchObject({ reason: 'hook', location: { file: hook, line: 3 } });
    expect(inHook.report?.applied.map((s) => s.id)).toEqual(['3']);
  });

  it('of the message as a whole is that of the file it is in, and those before it are applied', async () => {
    const admin = await createDatabase();
    const name = `latin_${admin.name}`;
    await admin.query(`create database ${name} encoding 'LATIN1' locale 'C' template template0`);
    const url = new URL(admin.url);
    url.pathname = `/${name}`;
    // The server reads all of a message, in its own encoding, before it runs any of it.
    const migrations = tables(4, { '3_t.up.sql': `create table t3 (a text default '日本');\n` });
    const error = await failureOf(up({ database: url.href, migrations }));
    expect(error).toMatchObject({ sqlstate: '22P05', operation: 'apply migration 3' });
    expect(error.report?.applied.map((s) => s.id)).toEqual(['1', '2']);
    await admin.query(`drop database ${name} with (force)`);
  });
});

it('progress is live: each is told of when it is committed, while the message still runs', async () => {
  const database = await createDatabase();
  const gate = await connectTo(database);
  await gate.query('select pg_advisory_lock(42)');
  const finished: string[] = [];
  const onEvent = (e: Event) => void (e.kind === 'finished' && finished.push(e.id));
  const migrations = tables(3, {
    '2_t.up.sql': 'select pg_advisory_xact_lock(42);\n',
  });
  const run = up({ database: database.url, migrations, onEvent, blocked: { timeoutMs: 0 } });
  await until('the second waits', async () => (await waiting(database, 'advisory')) === 1);
  await until('the first is told of', () => finished.length === 1);
  await gate.query('select pg_advisory_unlock(42)');
  await run;
  expect(finished).toEqual(['1', '2', '3']);
});

it('each may set its transaction’s isolation, and finds neither settings nor tables of the one before', async () => {
  const database = await createDatabase();
  const migrations = folderOf({
    '1_a.up.sql': 'create temp table left_over (id int); set search_path = pg_catalog; set role none;\n',
    '2_b.up.sql':
      'set transaction isolation level serializable;\ncreate table seen as select current_setting($$transaction_isolation$$) as level, current_schema() as schema, to_regclass($$left_over$$)::text as left_over;\n',
  });
  await up({ database: database.url, migrations });
  expect(await database.query('select * from seen')).toEqual([
    { level: 'serializable', schema: 'public', left_over: null },
  ]);
});

it('each has its own time in the journal', async () => {
  const database = await createDatabase();
  const migrations = tables(3, { '2_t.up.sql': 'select pg_sleep(0.3);\n' });
  const report = await up({ database: database.url, migrations });
  const rows = await database.query(
    `select execution_time_ms::int as ms,
      started_at >= coalesce(lag(finished_at) over (order by id), started_at) and finished_at >= started_at as in_order
      from schema_migrations_history order by id`,
  );
  expect(rows.map((r) => r.in_order)).toEqual([true, true, true]);
  const [first, second, third] = rows.map((r) => Number(r.ms)) as [number, number, number];
  expect(second).toBeGreaterThanOrEqual(300);
  // What the first one and the third took is not the second one's 300 ms as well.
  expect(Math.min(first, third)).toBeLessThan(second);
  expect(report.applied[1]?.executionTimeMs).toBeGreaterThanOrEqual(300);
});

it('a migration that drops our locks lets no other of its message run without them', async () => {
  const database = await createDatabase();
  const migrations = tables(4, { '2_t.up.sql': 'select pg_advisory_unlock_all();\n' });
  const { client, sent } = await recorder(database);
  const report = await up({ database: client, migrations });
  await client.end();
  expect(report.applied.map((s) => s.id)).toEqual(['1', '2', '3', '4']);
  expect(report.warnings.map((w) => w.reason)).toEqual(['locks_dropped']);
  const third = sent.findIndex(
    (text) => text.includes('create table t3') && !text.includes('create table t1'),
  );
  const locked = sent.findLastIndex((text, i) => i < third && text.includes('pg_try_advisory_lock'));
  const first = sent.findIndex((text) => text.includes('create table t1'));
  expect([first < locked, locked < third]).toEqual([true, true]);
});

it('one that finds a lock taken is tried again, and those before it are not', async () => {
  const database = await withObjects();
  const migrations = tables(4, {
    '3_t.up.sql': 'alter table objects add column price int;\ncreate table t3 (id int);\n',
  });
  const { report, heard } = await upPastBlock(database, { migrations });
  expect(report.applied.map((s) => s.id)).toEqual(['1', '2', '3', '4']);
  expect(of(heard, 'finished').map((e) => e.id)).toEqual(['1', '2', '3', '4']);
  expect(await inJournal(database)).toEqual(done(1, 2, 3, 4));
});

it.each([1, 1_000_000])(
  'what one has prepared is not in its way when it is tried again (batch size %d)',
  async (batchSize) => {
    const database = await withObjects();
    const migrations = tables(2, {
      '2_t.up.sql': 'prepare one as select 1;\nalter table objects add column price int;\n',
    });
    const { report, heard } = await upPastBlock(database, { migrations, batchSize });
    expect(of(heard, 'let-go').length).toBeGreaterThan(0);
    expect(report.applied.map((s) => s.id)).toEqual(['1', '2']);
    // Nor where it is run statement by statement, without what is there already.
    const again = await createDatabase();
    await again.query('create table t2 ()');
    const files = tables(2, { '2_t.up.sql': 'prepare one as select 1;\ncreate table t2 ();\n' });
    const second = await up({ database: again.url, migrations: files, batchSize, skipDuplicates: true });
    expect(second.applied.map((s) => s.id)).toEqual(['1', '2']);
  },
);

it('a cancelled run keeps what was committed, and says what was not reached', async () => {
  const database = await createDatabase();
  const stop = new AbortController();
  const migrations = tables(4, { '2_t.up.sql': 'select pg_sleep(60);\n' });
  const run = up({ database: database.url, migrations, signal: stop.signal });
  await until('the second sleeps', async () => {
    const rows = await database.query(
      `select 1 from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'`,
    );
    return rows.length === 1;
  });
  stop.abort();
  const error = await failureOf(run);
  expect(error).toMatchObject({ reason: 'cancelled', operation: 'apply migration 2' });
  expect(error.report?.applied.map((s) => s.id)).toEqual(['1']);
  expect(error.report?.notReached.map((s) => s.id)).toEqual(['3', '4']);
  expect(await versionOf(database)).toEqual({ v: 1, dirty: false });
});

it('a notice is that of the migration that gave it', async () => {
  const database = await createDatabase();
  const heard: Event[] = [];
  const migrations = tables(3, {
    '1_t.up.sql': `do $$ begin raise notice 'one'; end $$;\n`,
    '3_t.up.sql': `do $$ begin raise notice 'three'; end $$;\n`,
  });
  await up({ database: database.url, migrations, onEvent: (e) => heard.push(e) });
  expect(of(heard, 'notice').map((e) => [e.id, e.message])).toEqual([
    ['1', 'one'],
    ['3', 'three'],
  ]);
});

it('what exists already is left out of one, where that is asked for', async () => {
  const database = await createDatabase();
  await database.query('create table t2 (id int)');
  const report = await up({ database: database.url, migrations: tables(3), skipDuplicates: true });
  expect(report.applied.map((s) => s.id)).toEqual(['1', '2', '3']);
  expect(report.warnings).toHaveLength(1);
});

it.each(['', 'my service', 'my service'.repeat(9)])(
  'other sessions see which migration of a message runs, behind the application’s name (%j)',
  async (applicationName) => {
    const database = await createDatabase();
    await database.query('create table seen (application text)');
    const migrations = folderOf({
      '1_a.up.sql': 'create table a ();',
      '2_b.up.sql':
        'insert into seen select application_name from pg_stat_activity where pid = pg_backend_pid();',
      [`3_${'c'.repeat(80)}.up.sql`]: 'create table c ();',
    });
    const heard: Event[] = [];
    const onEvent = (event: Event) => heard.push(event);
    await up({ database: database.url, migrations, applicationName, onEvent });
    const seen = `${applicationName === '' ? '' : `${applicationName.slice(0, 63)}: `}2_b`.slice(0, 63);
    expect(await database.query('select * from seen')).toEqual([{ application: seen }]);
    expect(of(heard, 'notice')).toEqual([]);
  },
);
