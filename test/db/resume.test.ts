/** Files whose statements cannot share a transaction: what a failure leaves, and how the next run goes on. */

import { describe, expect, it } from 'vitest';
import { down, type Event, status, up } from '../../src/index.ts';
import { createDatabase, type Database } from '../support/database.ts';
import { failureOf } from '../support/failure.ts';
import { folderLike, folderOf, writeInto } from '../support/folder.ts';

const copyOf = (name: string): string => folderLike(`test/fixtures/resume/${name}`);

const indexes = (database: Database, table: string) =>
  database.query(
    `select c.relname as name, i.indisvalid as valid from pg_index i join pg_class c on c.oid = i.indexrelid
    where i.indrelid = to_regclass('${table}') order by 1`,
  );

const ledger = (database: Database) => database.query('select version::text, dirty from schema_migrations');

async function failedOnDuplicates(name = 'unique-index') {
  const database = await createDatabase();
  const migrations = copyOf(name);
  const error = await failureOf(up({ database: database.url, migrations }));
  expect(error.sqlstate).toBe('23505');
  return { database, migrations, error };
}

describe('a resumable migration that fails', () => {
  it('is dirty, says where it stopped, and that the next run goes on there', async () => {
    const { database, migrations, error } = await failedOnDuplicates();
    expect(await ledger(database)).toEqual([{ version: '2', dirty: true }]);
    expect(error).toMatchObject({ location: { line: 2, column: 1 }, report: { to: 2n, dirty: true } });
    expect(error.report?.failed).toMatchObject({ id: '2', rolledBack: false });
    expect(error.hint).toContain('run `task migrate` again: it goes on at this statement');
    const s = await status({ database: database.url, migrations });
    expect(s.migrations.map((m) => m.state)).toEqual(['applied', 'dirty']);
    expect(s.unfinished).toEqual({ id: '2', done: 1, resumable: true });
  });

  it('goes on at the failed statement, without its INVALID index, when the data are repaired', async () => {
    const { database, migrations } = await failedOnDuplicates();
    expect(await indexes(database, 'people')).toEqual([{ name: 'people_email', valid: false }]);
    await database.query('delete from people where ctid = (select min(ctid) from people)');
    const heard: Event[] = [];
    const report = await up({ database: database.url, migrations, onEvent: (e) => heard.push(e) });
    expect(report).toMatchObject({ from: 2n, to: 2n, dirty: false });
    expect(report.warnings.map((w) => w.reason)).toEqual(['invalid_index_dropped']);
    expect(heard.find((e) => e.kind === 'started')).toMatchObject({ id: '2', resumedAt: 2 });
    expect(await indexes(database, 'people')).toEqual([{ name: 'people_email', valid: true }]);
    expect(await database.query('select statement from calls order by 1')).toEqual([
      { statement: 1 },
      { statement: 3 },
    ]);
    expect(await ledger(database)).toEqual([{ version: '2', dirty: false }]);
  });

  it('goes on when the failed statement has been fixed in the file, under another name too', async () => {
    const { database, migrations } = await failedOnDuplicates();
    writeInto(migrations, {
      '000002_emails.up.sql':
        'insert into calls values (1);\n\n-- not unique after all\ncreate index concurrently people_mail on people (email);\ninsert into calls values (3);\n',
    });
    await up({ database: database.url, migrations });
    expect(await indexes(database, 'people')).toEqual([{ name: 'people_mail', valid: true }]);
    expect((await status({ database: database.url, migrations })).counts).toMatchObject({
      applied: 2,
      changed: 0,
    });
  });

  it('is refused when a statement that was run has been edited', async () => {
    const { database, migrations } = await failedOnDuplicates();
    writeInto(migrations, { '000002_emails.up.sql': 'insert into calls values (10);\nselect 1;\nvacuum;\n' });
    const error = await failureOf(up({ database: database.url, migrations }));
    expect(error).toMatchObject({ reason: 'resume_changed', location: { line: 1, column: 1 } });
    expect(await database.query('select statement from calls')).toEqual([{ statement: 1 }]);
  });

  it('does not touch an INVALID index that was there before', async () => {
    const database = await createDatabase();
    const migrations = copyOf('unique-index');
    await up({ database: database.url, migrations, steps: 1 });
    await database.query('create unique index concurrently somebody on people (email)').catch(() => {});
    await failureOf(up({ database: database.url, migrations }));
    await database.query('delete from people where ctid = (select min(ctid) from people)');
    await up({ database: database.url, migrations });
    expect(await indexes(database, 'people')).toEqual([
      { name: 'people_email', valid: true },
      { name: 'somebody', valid: false },
    ]);
  });

  it('of an unnamed index leaves none under a second name', async () => {
    const { database, migrations } = await failedOnDuplicates('unnamed');
    await database.query('delete from people where ctid = (select min(ctid) from people)');
    await up({ database: database.url, migrations });
    expect(await indexes(database, 'people')).toEqual([{ name: 'people_email_idx', valid: true }]);
  });

  it('makes the settings of its earlier statements again before it goes on', async () => {
    const { database, migrations } = await failedOnDuplicates('search-path');
    await database.query('truncate app.people');
    await up({ database: database.url, migrations });
    expect(await indexes(database, 'app.people')).toEqual([{ name: 'people_email', valid: true }]);
    expect(await indexes(database, 'public.people')).toEqual([]);
    expect(await database.query('select value from app.memory')).toEqual([{ value: '8MB' }]);
  });

  it('does not build an index again when only the record of it was lost', async () => {
    const { database, migrations } = await failedOnDuplicates();
    await database.query('delete from people where ctid = (select min(ctid) from people)');
    // What a connection lost between the statement and its record leaves: the index, and the note from before it.
    await database.query('drop index people_email; create unique index people_email on people (email)');
    const [before] = await database.query(`select 'people_email'::regclass::oid::text as oid`);
    const report = await up({ database: database.url, migrations });
    expect(report.warnings).toEqual([]);
    expect(await database.query(`select 'people_email'::regclass::oid::text as oid`)).toEqual([before]);
  });

  it('in its down file is continued by down, and refused by up', async () => {
    const database = await createDatabase();
    const migrations = copyOf('down');
    await up({ database: database.url, migrations });
    const failed = await failureOf(down({ database: database.url, migrations }));
    expect(failed).toMatchObject({
      code: 'MIGRATION_STEPS_FAILED',
      sqlstate: '42P01',
      location: { line: 2 },
    });
    expect(failed.hint).toContain('`task migrate:down`');
    expect(await ledger(database)).toEqual([{ version: '-1', dirty: true }]);
    const refused = await failureOf(up({ database: database.url, migrations }));
    expect(refused).toMatchObject({ reason: 'dirty', code: 'MIGRATION_UP_FAILED' });
    expect(refused.hint).toContain('task migrate:down');
    await database.query('create table gone_already (id int)');
    await down({ database: database.url, migrations });
    expect(await ledger(database)).toEqual([]);
    expect(await database.query(`select to_regclass('people') as t`)).toEqual([{ t: null }]);
  });
});

describe('a resumable migration', () => {
  it('is not done while an index of its is INVALID, though IF NOT EXISTS was content', async () => {
    const database = await createDatabase();
    const migrations = copyOf('unique-index');
    await up({ database: database.url, migrations, steps: 1 });
    await database.query('create unique index concurrently people_email on people (email)').catch(() => {});
    writeInto(migrations, {
      '000002_emails.up.sql':
        'create unique index concurrently if not exists people_email on people (email);\n',
    });
    const error = await failureOf(up({ database: database.url, migrations }));
    expect(error).toMatchObject({ reason: 'invalid_index', location: { line: 1 } });
    expect(error.hint).toContain('drop index concurrently public.people_email');
    expect(await ledger(database)).toEqual([{ version: '2', dirty: true }]);
  });

  it('records its progress whatever role, timeout or read-only default the file has set', async () => {
    const database = await createDatabase();
    await up({ database: database.url, migrations: copyOf('role-and-timeout') });
    expect(await ledger(database)).toEqual([{ version: '2', dirty: false }]);
  });

  it('may commit inside DO', async () => {
    const database = await createDatabase();
    await up({ database: database.url, migrations: copyOf('commits-in-do') });
    expect(await database.query('select count(distinct xmin::text) from rows')).toEqual([{ count: '3' }]);
  });

  it('may rebuild the index of a partitioned table, which nothing in its text tells apart', async () => {
    const { url } = await createDatabase();
    const text = `create table t (id int primary key) partition by list (id);
      create table t1 partition of t for values in (1);\n`;
    const error = await failureOf(
      up({ database: url, migrations: folderOf({ '1_t.up.sql': `${text}reindex table t;` }) }),
    );
    expect(error).toMatchObject({ sqlstate: '25001', report: { dirty: false } });
    expect(error.hint).toContain('`-- rungs: no-transaction`');
    const migrations = folderOf({ '1_t.up.sql': `-- rungs: no-transaction\n${text}reindex table t;` });
    expect(await up({ database: url, migrations })).toMatchObject({ to: 1n });
  });

  it('leaves the parent index made with ON ONLY as INVALID as it should be', async () => {
    const database = await createDatabase();
    await up({ database: database.url, migrations: copyOf('partitioned') });
    expect(await indexes(database, 'events')).toEqual([{ name: 'events_what', valid: false }]);
    expect(await indexes(database, 'events_2026')).toEqual([{ name: 'events_2026_what', valid: true }]);
  });

  it('waits for nobody who waits for its lock', async () => {
    const database = await createDatabase();
    const migrations = folderOf({
      '1_t.up.sql': 'create table t (id int)',
      '2_i.up.sql': 'select pg_sleep(0.5);\ncreate index concurrently i on t (id);',
    });
    const runs = await Promise.all([1, 2, 3].map(() => up({ database: database.url, migrations })));
    expect(runs.flatMap((r) => r.applied.map((s) => s.id)).sort()).toEqual(['1', '2']);
    expect(await indexes(database, 't')).toEqual([{ name: 'i', valid: true }]);
  });
});
