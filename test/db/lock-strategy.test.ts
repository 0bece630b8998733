/** `lockStrategy: transaction`: each migration takes the lock for itself, which is what a pool in transaction mode can keep. */

import { join } from 'node:path';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { down, force, type RunOptions, redo, status, up } from '../../src/index.ts';
import { createDatabase, type Database } from '../support/database.ts';
import { failureOf } from '../support/failure.ts';
import { folderOf } from '../support/folder.ts';
import { gate, WAIT } from '../support/gate.ts';
import { hold } from '../support/lock.ts';
import { startPgBouncer, throughPgBouncer } from '../support/pgbouncer.ts';
import { recorder } from '../support/recorder.ts';
import { advisoryLocks } from '../support/session.ts';

const strategy = { lockStrategy: 'transaction' } as const;

const names = async (database: Database) =>
  (await database.query(`select relname from pg_class where relname in ('a', 'b', 'c') order by 1`)).map(
    (row) => row.relname,
  );

/** Directly, and through a pool that has one process for all, or several in turn. */
const ways: readonly (readonly [string, (database: Database) => Promise<string>])[] = [
  ['a direct connection', async (database) => database.url],
  ...[{ default_pool_size: 1 }, { default_pool_size: 20, min_pool_size: 4, server_round_robin: 1 }].map(
    (settings) =>
      [
        `a pool in transaction mode, ${JSON.stringify(settings)}`,
        async (database: Database) => (await startPgBouncer(database, 'transaction', settings)).url,
      ] as const,
  ),
];

throughPgBouncer('lockStrategy transaction', () => {
  describe.each(ways)('over %s', (_what, way) => {
    it('goes up, down and up again, and leaves no lock behind', async () => {
      const database = await createDatabase();
      const url = await way(database);
      const migrations = folderOf({
        '1_a.up.sql': 'create table a (id int)',
        '1_a.down.sql': 'drop table a',
        '2_b.up.sql': 'create table b (id int)',
        '2_b.down.sql': 'drop table b',
      });
      const options = { ...strategy, database: url, migrations };
      expect((await up(options)).applied.map((s) => s.id)).toEqual(['1', '2']);
      expect((await redo(options)).to).toBe(2n);
      expect((await down({ ...options, steps: 'all' })).to).toBe(null);
      expect(await names(database)).toEqual([]);
      await force({ ...options, version: 1n });
      expect((await status({ database: url, migrations })).version).toBe(1n);
      expect(await advisoryLocks(database)).toEqual([]);
    });

    it('lets a file begin with SET TRANSACTION, and points into it where it fails', async () => {
      const database = await createDatabase();
      const url = await way(database);
      const migrations = folderOf({
        '1_a.up.sql': `set transaction isolation level serializable;
create table a as select current_setting('transaction_isolation') as level;`,
        '2_b.up.sql':
          'set transaction isolation level serializable;\ncreate table b (id int);\n  select 1/0;',
      });
      const error = await failureOf(up({ ...strategy, database: url, migrations }));
      expect(error).toMatchObject({
        sqlstate: '22012',
        location: { line: 3, column: 3 },
        report: { to: 1n },
      });
      expect(await database.query('select level from a')).toEqual([{ level: 'serializable' }]);
      expect(await names(database)).toEqual(['a']);
    });

    it('points into a file that fails, and leaves nothing of it behind', async () => {
      const database = await createDatabase();
      const url = await way(database);
      const migrations = folderOf({ '1_a.up.sql': 'create table a (id int);\nselect nonsense;' });
      const error = await failureOf(up({ ...strategy, database: url, migrations }));
      expect(error).toMatchObject({ sqlstate: '42703', location: { line: 2, column: 8 } });
      expect(await names(database)).toEqual([]);
      expect(await advisoryLocks(database)).toEqual([]);
    });

    it('keeps a golang-migrate out while a file runs, and waits for one that is at it', async () => {
      const database = await createDatabase();
      const url = await way(database);
      const { reached, open } = await gate(database);
      const migrations = folderOf({
        '1_a.up.sql': `create table a (id int); ${WAIT}`,
        '2_b.up.sql': 'create table b ()',
      });
      const run = up({ ...strategy, database: url, migrations });
      await reached();
      for (const form of ['url', 'library'] as const) {
        const theirs = await hold(database, form, 'try');
        expect(theirs.isHeld).toBe(false);
        await theirs.end();
      }
      await open();
      await run;
      await down({
        ...strategy,
        database: database.url,
        migrations: folderOf({ '1_a.up.sql': '', '2_b.up.sql': '', '2_b.down.sql': 'drop table b' }),
        acceptChanged: true,
      });
      const theirs = await hold(database, 'library', 'take');
      const heard: string[] = [];
      const second = up({
        ...strategy,
        database: url,
        migrations,
        onEvent: (e) => {
          heard.push(e.kind);
          if (e.kind === 'waiting-for-lock') void theirs.end();
        },
      });
      expect((await second).applied.map((s) => s.id)).toEqual(['2']);
      expect(heard).toContain('waiting-for-lock');
    });

    it.each([
      ['', ''],
      ['whose files begin with SET TRANSACTION', 'set transaction isolation level read committed;'],
    ])('plans anew where another run %s comes in between, and each file runs once', async (_which, first) => {
      const database = await createDatabase();
      const url = await way(database);
      const { reached, open } = await gate(database);
      const migrations = folderOf({
        '1_a.up.sql': `${first} create table a (id int); ${WAIT}`,
        '2_b.up.sql': `${first} create table b (id int)`,
        '3_c.up.sql': `${first} create table c (id int)`,
      });
      const runs = [1, 2, 3].map(() => up({ ...strategy, database: url, migrations }));
      await reached();
      await open();
      const reports = await Promise.all(runs);
      expect(reports.flatMap((r) => r.applied.map((s) => s.id)).sort()).toEqual(['1', '2', '3']);
      for (const report of reports)
        expect(report).toMatchObject({ to: 3n, failed: null, notReached: [], pending: [] });
    });

    it('stops the running statement when the caller aborts', async () => {
      const database = await createDatabase();
      const url = await way(database);
      const { reached, open } = await gate(database);
      const controller = new AbortController();
      const migrations = folderOf({ '1_a.up.sql': `create table a (id int); ${WAIT}` });
      const run = failureOf(up({ ...strategy, database: url, migrations, signal: controller.signal }));
      await reached();
      controller.abort();
      expect(await run).toMatchObject({ reason: 'cancelled', sqlstate: '57014' });
      await open();
      expect(await names(database)).toEqual([]);
      expect(await advisoryLocks(database)).toEqual([]);
    });

    it('finds out after a lost connection what became of the migration', async () => {
      const database = await createDatabase();
      const url = await way(database);
      const { reached, open } = await gate(database);
      const migrations = folderOf({
        '1_a.up.sql': 'create table a ()',
        '2_b.up.sql': `create table b (); ${WAIT}`,
      });
      const run = failureOf(up({ ...strategy, database: url, migrations }));
      await reached();
      await database.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'advisory' and datname = current_database()`,
      );
      const error = await run;
      await open();
      expect(error).toMatchObject({ reason: 'connection_lost', report: { to: 1n, dirty: false } });
      expect(error.message).toContain('it was not committed');
    });

    it.each([
      ['create table x (id int);\ncreate index concurrently x_id on x (id);', 'resumable', 2],
      ['begin; create table x (id int); commit; select 1;', 'plain', 1],
    ])('refuses before anything ran what one transaction cannot hold: %s', async (text, mode, line) => {
      const database = await createDatabase();
      const url = await way(database);
      const migrations = folderOf({ '1_a.up.sql': 'create table a (id int)', '2_x.up.sql': text });
      const error = await failureOf(up({ ...strategy, database: url, migrations }));
      expect(error).toMatchObject({ code: 'MIGRATION_UP_FAILED', reason: 'lock_strategy' });
      expect(error.message).toContain(mode);
      expect(error.location).toMatchObject({ file: expect.stringContaining('2_x.up.sql'), line });
      expect(await names(database)).toEqual([]);
    });
  });

  it('takes away from the shared process what a file has left there, and nothing that is others’', async () => {
    const database = await createDatabase();
    await database.query(`create role pool_role; grant all on schema public to pool_role`).catch(() => {});
    const { url } = await startPgBouncer(
      database,
      'transaction',
      { default_pool_size: 1 },
      `set work_mem = '7MB'; set search_path = public, pg_temp; set role pool_role`,
    );
    const other = new pg.Client(url);
    other.on('error', () => {});
    await other.connect();
    await other.query(
      `set statement_timeout = '61s'; prepare theirs as select 1; set timezone = 'Asia/Tokyo'`,
    );
    const state = async () => {
      const { rows } =
        await other.query(`select (select json_object_agg(name, setting order by name) from pg_settings
        where source = 'session' and setting is distinct from reset_val and name !~ '^(transaction_|application_name)') as settings, current_user as who,
        (select json_agg(name) from pg_prepared_statements) as prepared, pg_my_temp_schema() <> 0
          and exists (select from pg_class where relnamespace = pg_my_temp_schema()) as temporary`);
      return rows[0];
    };
    const before = await state();
    const migrations = folderOf({
      '1_a.up.sql': `set statement_timeout = 0; set search_path = ''; set lock_timeout = '9s'; set work_mem = '9MB';
        reset role; set timezone = 'UTC'; prepare ours as select 2; create temp table scratch (id int);
        declare held cursor with hold for select 1; create table public.a (id int);`,
      '2_b.up.sql': `set transaction isolation level serializable; set statement_timeout = 0; reset role;
        select set_config('search_path', '', false); create table public.b (id int);`,
    });
    await up({ ...strategy, database: url, migrations, table: { schema: 'public' } });
    expect(await state()).toEqual(before);
    expect(before).toMatchObject({ who: 'pool_role', prepared: ['theirs'], temporary: false });
    expect((await other.query('select name from pg_cursors where is_holdable')).rows).toEqual([]);
    expect((await other.query(`select current_setting('rungs.before', true) as it`)).rows[0].it || null).toBe(
      null,
    );
    await other.end();
  });

  describe('a file that begins with SET TRANSACTION', () => {
    const SERIALIZABLE = 'set transaction isolation level serializable;';

    it('runs once, under the locks from its first statement on, and its transaction is the only one', async () => {
      const database = await createDatabase();
      const { client, sent } = await recorder(database);
      const { reached, open } = await gate(database);
      const migrations = folderOf({ '1_a.up.sql': `${SERIALIZABLE} create table a (id int); ${WAIT}` });
      const run = up({ ...strategy, database: client, migrations });
      await reached();
      const theirs = await hold(database, 'library', 'try');
      expect(theirs.isHeld).toBe(false);
      await theirs.end();
      await open();
      await run;
      const files = sent.filter((text) => text.includes('create table a'));
      expect(files).toHaveLength(1);
      expect(files[0]?.match(/\bcommit\b/g)).toHaveLength(1);
      await client.end();
    });

    it('counts as overtaken where the server cannot serialize it behind another run', async () => {
      const database = await createDatabase();
      const { reached, open } = await gate(database);
      const migrations = folderOf({
        '1_a.up.sql': 'create table a (id int)',
        '2_b.up.sql': `${SERIALIZABLE} create table b (id int); ${WAIT}`,
        '3_c.up.sql': 'create table c (id int)',
      });
      const run = up({ ...strategy, database: database.url, migrations });
      await reached();
      await database.query('update schema_migrations set version = 2');
      await open();
      expect((await run).applied.map((s) => s.id)).toEqual(['1', '3']);
      expect(await names(database)).toEqual(['a', 'c']);
    });

    it.each(['transaction', 'session'] as const)(
      'leaves out what is there already, and may come behind a beforeEach that queries (%s)',
      async (lockStrategy) => {
        const database = await createDatabase();
        await database.query('create table a (id int)');
        const migrations = folderOf({
          '1_a.up.sql': `${SERIALIZABLE} create table a (id int); create table b as select current_setting('transaction_isolation') as level`,
        });
        const beforeEach = join(folderOf({ 'h.sql': 'create table c as select 1 as id' }), 'h.sql');
        const options = { lockStrategy, database: database.url, migrations, hooks: { beforeEach } };
        const report = await up({ ...options, skipDuplicates: true });
        expect(report.warnings.map((w) => w.reason)).toEqual(['duplicate_object']);
        expect(await database.query('select level from b')).toEqual([{ level: 'serializable' }]);
        expect(await names(database)).toEqual(['a', 'b', 'c']);
      },
    );

    it.each(['transaction', 'session'] as const)(
      'is told by its own line where that is refused (%s)',
      async (lockStrategy) => {
        const database = await createDatabase();
        const migrations = folderOf({
          '1_a.up.sql': `${SERIALIZABLE}\n  set transaction snapshot 'nonsense';\ncreate table a (id int)`,
        });
        const error = await failureOf(up({ lockStrategy, database: database.url, migrations }));
        expect(error).toMatchObject({ operation: 'apply migration 1', location: { line: 2, column: 3 } });
      },
    );

    it('leaves nothing of ours in a process that is shared, where it fails', async () => {
      const database = await createDatabase();
      const { client } = await recorder(database);
      const migrations = folderOf({ '1_a.up.sql': `${SERIALIZABLE} select 1/0` });
      await failureOf(up({ ...strategy, database: client, migrations }));
      const { rows } = await client.query(`select current_setting('rungs.before', true) as it`);
      expect(rows[0].it || null).toBe(null);
      await client.end();
    });
  });

  it.each([
    ['25001', 'do $$ begin execute $e$ vacuum $e$; end $$', 'direct connection'],
    ['2D000', 'do $$ begin commit; end $$', 'direct connection'],
    ['55P04', `alter type e add value 'b'; insert into t values ('b')`, 'a file of its own, and run'],
  ])('does not advise what it would refuse: %s', async (sqlstate, text, advice) => {
    const database = await createDatabase();
    await database.query(`create type e as enum ('a'); create table t (e e)`);
    const migrations = folderOf({ '1_a.up.sql': text });
    const error = await failureOf(up({ ...strategy, database: database.url, migrations }));
    expect(error).toMatchObject({ sqlstate, hint: expect.stringContaining(advice) });
  });

  it('forces a version under the lock where there are no tables yet', async () => {
    const database = await createDatabase();
    const { client, sent } = await recorder(database);
    await force({ ...strategy, database: client, migrations: folderOf({ '1_a.up.sql': '' }), version: 1n });
    const locked = sent.findIndex((text) => text.includes('pg_try_advisory_xact_lock'));
    const behind = sent.slice(locked + 1);
    expect(behind.filter((text) => /\b(begin|commit|rollback)\b/.test(text))).toHaveLength(1);
    expect(behind.at(-1)).toMatch(
      /create table[\s\S]*insert into "public"."schema_migrations"[\s\S]*; commit$/,
    );
    expect(await database.query('select version, dirty from schema_migrations')).toEqual([
      { version: '1', dirty: false },
    ]);
    await client.end();
  });

  it('leaves a client on loan as it was lent', async () => {
    const database = await createDatabase();
    const client = new pg.Client(database.url);
    await client.connect();
    await client.query(`set statement_timeout = '61s'`);
    const options: RunOptions = {
      ...strategy,
      database: client,
      migrations: folderOf({ '1_a.up.sql': 'set statement_timeout = 0; create table a (id int)' }),
    };
    expect((await up(options)).to).toBe(1n);
    expect((await client.query('show statement_timeout')).rows).toEqual([{ statement_timeout: '61s' }]);
    await client.end();
  });
});
