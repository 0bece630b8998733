/** A real PgBouncer in between, in each of its modes: it works, or it is refused before anything ran. */

import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { baseline, currentVersion, down, force, migrateOnStart, plan, status, up } from '../../src/index.ts';
import { createDatabase, type Database } from '../support/database.ts';
import { failureOf } from '../support/failure.ts';
import { folderOf } from '../support/folder.ts';
import { type Pooler, startPgBouncer, throughPgBouncer } from '../support/pgbouncer.ts';
import { queries, startProxy } from '../support/proxy.ts';
import { advisoryLocks, connectTo, disconnect, until, waiting } from '../support/session.ts';

const three = () =>
  folderOf({
    '1_a.up.sql': 'create table a (id int)',
    '1_a.down.sql': 'drop table a',
    '2_b.up.sql': 'create index concurrently a_id on a (id)',
    '2_b.down.sql': 'drop index concurrently a_id',
    '3_c.up.sql': '-- rungs: plain\nbegin; create table c (id int); commit;',
    '3_c.down.sql': 'drop table c',
  });

const one = () => folderOf({ '1_a.up.sql': 'create table a (id int)' });

const tables = async (database: Database) =>
  (
    await database.query(
      `select relname from pg_class where relnamespace = 'public'::regnamespace order by 1`,
    )
  ).map((row) => row.relname);

/** What a server that nobody migrated looks like. */
async function expectUntouched(database: Database): Promise<void> {
  expect(await tables(database)).toEqual([]);
  expect(await advisoryLocks(database)).toEqual([]);
}

async function clientOf({ url }: Pick<Pooler, 'url'>): Promise<pg.Client> {
  const client = new pg.Client(url);
  client.on('error', () => {});
  await client.connect();
  return client;
}

throughPgBouncer('session mode', () => {
  it('carries files of every mode up and down, and leaves no lock behind', async () => {
    const database = await createDatabase();
    const { url } = await startPgBouncer(database, 'session');
    const migrations = three();
    const { applied } = await up({ database: url, migrations });
    expect(applied.map((s) => s.mode)).toEqual(['atomic', 'resumable', 'plain']);
    expect(await down({ database: url, migrations, steps: 'all' })).toMatchObject({ to: null, dirty: false });
    expect(await advisoryLocks(database)).toEqual([]);
  });

  it('goes on where no second connection is to be had, as the pool has only one', async () => {
    const database = await createDatabase();
    const { url } = await startPgBouncer(database, 'session', { default_pool_size: 1 });
    expect((await up({ database: url, migrations: three() })).to).toBe(3n);
  });

  it.each(['select pg_advisory_unlock_all()', '-- rungs: plain\ndiscard all'])(
    'notices a file that lets our locks go: %s',
    async (text) => {
      const database = await createDatabase();
      const { url } = await startPgBouncer(database, 'session');
      const migrations = folderOf({ '1_u.up.sql': text, '2_a.up.sql': 'create table a (id int)' });
      const { warnings, to } = await up({ database: url, migrations });
      expect(to).toBe(2n);
      expect(warnings).toMatchObject([{ reason: 'locks_dropped' }]);
    },
  );

  it('keeps the server watching for us while it works', async () => {
    const database = await createDatabase();
    const { url } = await startPgBouncer(database, 'session');
    const text = `create table seen as select current_setting('client_connection_check_interval') as it`;
    await up({ database: url, migrations: folderOf({ '1_a.up.sql': text }) });
    expect(await database.query('select it from seen')).toEqual([{ it: '2s' }]);
  });

  it('stops the running statement by the pooler’s own id when the caller aborts', async () => {
    const database = await createDatabase();
    const { url } = await startPgBouncer(database, 'session');
    await expectAbort(database, url, 'session');
  });
});

async function expectAbort(database: Database, url: string, lockStrategy: 'session' | 'transaction') {
  const controller = new AbortController();
  const migrations = folderOf({ '1_a.up.sql': 'create table a (id int); select pg_sleep(60)' });
  const run = failureOf(up({ database: url, migrations, lockStrategy, signal: controller.signal }));
  await until('it sleeps', () => sleeping(database));
  controller.abort();
  expect(await run).toMatchObject({ reason: 'cancelled', sqlstate: '57014' });
  expect(await tables(database)).not.toContain('a');
  expect(await advisoryLocks(database)).toEqual([]);
}

const sleeping = async (database: Database) =>
  (
    await database.query(
      `select 1 from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'`,
    )
  ).length > 0;

throughPgBouncer('transaction mode', () => {
  describe.each([
    { default_pool_size: 1 },
    { default_pool_size: 2 },
    { default_pool_size: 20 },
    { default_pool_size: 20, min_pool_size: 5 },
    { default_pool_size: 20, min_pool_size: 5, server_round_robin: 1 },
  ])('with %o', (settings) => {
    it('is found out, and refused before anything ran', async () => {
      const database = await createDatabase();
      const { url } = await startPgBouncer(database, 'transaction', settings);
      const error = await failureOf(up({ database: url, migrations: one() }));
      expect(error).toMatchObject({ code: 'MIGRATION_INIT_FAILED', reason: 'pooler' });
      expect(error.message).toContain('hands each transaction to another backend');
      expect(error.hint).toMatch(/the server’s own port.*`lockStrategy: transaction`/);
      await expectUntouched(database);
    });
  });

  it('is refused by everything that writes, and sets nothing on what others are given', async () => {
    const database = await createDatabase();
    const { url } = await startPgBouncer(database, 'transaction', { default_pool_size: 1 });
    for (const run of [
      () => force({ database: url, migrations: one(), version: 1n }),
      () => baseline({ database: url, migrations: folderOf({ '1_a.up.sql': 'select 1' }), version: 1n }),
      () => migrateOnStart({ url, migrations: one() }),
    ]) {
      expect((await failureOf(run())).reason).toBe('pooler');
    }
    await expectUntouched(database);
    const client = await clientOf({ url });
    const { rows } = await client.query('show client_connection_check_interval');
    expect(rows).toEqual([{ client_connection_check_interval: '0' }]);
    await client.end();
  });

  it('lets those through that only read, and an up to date `up`', async () => {
    const database = await createDatabase();
    const { url } = await startPgBouncer(database, 'transaction');
    const migrations = one();
    expect((await status({ database: url, migrations })).counts.pending).toBe(1);
    expect(
      (await plan({ kind: 'up', steps: null, to: null }, { database: url, migrations })).applied,
    ).toHaveLength(1);
    await up({ database: database.url, migrations });
    expect(await currentVersion({ database: url })).toEqual({ version: 1n, dirty: false });
    expect((await up({ database: url, migrations })).applied).toEqual([]);
  });

  it('is found out with other clients’ queries coming in between, or nothing is lost', async () => {
    const database = await createDatabase();
    const pooler = await startPgBouncer(database, 'transaction', { default_pool_size: 3 });
    let isOver = false;
    const others = Array.from({ length: 6 }, async () => {
      const client = await clientOf(pooler);
      while (!isOver) await client.query('select count(*) from pg_class');
      await client.end();
    });
    const migrations = folderOf({
      '1_a.up.sql': 'create table audit (n int)',
      '2_b.up.sql': 'insert into audit values (2)',
    });
    const ends = await Promise.all(
      Array.from({ length: 5 }, () => up({ database: pooler.url, migrations }).catch((e: unknown) => e)),
    );
    isOver = true;
    await Promise.all(others);
    expect(ends.map((end) => (end as { reason?: string }).reason)).toEqual(Array(5).fill('pooler'));
    await expectUntouched(database);
  });

  describe('that cannot be found out beforehand, as no second connection is to be had', () => {
    // The process that has waited longest is the next to be used.
    const settings = { max_client_conn: 2, server_round_robin: 1 };

    it('is seen by the lock, which is not taken in another process', async () => {
      const database = await createDatabase();
      const pooler = await startPgBouncer(database, 'transaction', settings);
      const other = await clientOf(pooler);
      await other.query('begin');
      const run = up({
        database: pooler.url,
        migrations: one(),
        confirm: async () => {
          await other.query('commit');
          await other.query('select 1');
          return 'unasked';
        },
      });
      expect((await failureOf(run)).reason).toBe('pooler');
      await expectUntouched(database);
      await other.end();
    });

    it('is seen by the first message that reaches another process, and that is rolled back', async () => {
      const database = await createDatabase();
      const pooler = await startPgBouncer(database, 'transaction', settings);
      const other = await clientOf(pooler);
      const gate = await connectTo(database);
      await gate.query('select pg_advisory_lock(42)');
      const migrations = folderOf({
        '1_a.up.sql': 'create table a (id int); select pg_advisory_xact_lock(42)',
        '2_b.up.sql': 'create table b (id int)',
      });
      const run = failureOf(up({ database: pooler.url, migrations, batchSize: 1 }));
      await until('the file waits', async () => (await waiting(database, 'advisory')) === 1);
      await other.query('select 1');
      await disconnect(gate);
      const error = await run;
      expect(error).toMatchObject({ reason: 'pooler', sqlstate: 'RG004', report: { to: 1n, dirty: false } });
      expect(await tables(database)).toContain('a');
      expect(await tables(database)).not.toContain('b');
      expect(await advisoryLocks(database)).toEqual([]);
      await other.end();
    });
  });
});

throughPgBouncer('statement mode', () => {
  it.each(['session', 'transaction'] as const)(
    'is refused before anything ran, with lockStrategy %s',
    async (lockStrategy) => {
      const database = await createDatabase();
      const { url } = await startPgBouncer(database, 'statement');
      const error = await failureOf(up({ database: url, migrations: one(), lockStrategy }));
      expect(error).toMatchObject({ code: 'MIGRATION_INIT_FAILED', reason: 'pooler' });
      expect(error.message).toContain('in statement mode, which has no transactions');
      expect(error.hint).not.toContain('lockStrategy');
      await expectUntouched(database);
      expect((await status({ database: url, migrations: one() })).counts.pending).toBe(1);
    },
  );
});

throughPgBouncer('a setting at the start of the session', () => {
  it('is refused by the pooler, and the hint says what to do instead', async () => {
    const database = await createDatabase();
    const { url } = await startPgBouncer(database, 'session');
    const error = await failureOf(
      up({ database: `${url}${url.includes('?') ? '&' : '?'}search_path=public`, migrations: one() }),
    );
    expect(error).toMatchObject({ reason: 'connection', message: 'unsupported startup parameter: options' });
    expect(error.hint).toContain('connect to the server’s own port');
    expect(error.details).toEqual(['it was sent: search_path']);
    const others = await failureOf(
      up({ database: url, migrations: one(), role: 'nobody', env: { PGOPTIONS: '-c work_mem=8MB' } }),
    );
    expect(others.details).toEqual([
      'it was sent: role (`--role`, rungs.yaml or the URL), options (PGOPTIONS or the URL)',
    ]);
  });
});

describe('a direct connection', () => {
  it('pays nothing for it: no query more, and no second connection', async () => {
    const database = await createDatabase();
    const proxy = await startProxy(database.url);
    await up({ database: proxy.url, migrations: one() });
    expect(proxy.connections).toBe(1);
    expect(queries(proxy).filter((text) => /^select pg_catalog.pg_backend_pid/.test(text))).toEqual([]);
  });
});
