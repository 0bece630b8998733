/** Services that migrate themselves when they start. */

import { createServer } from 'node:net';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { type Event, migrateOnStart, up } from '../../src/index.ts';
import { createDatabase } from '../support/database.ts';
import { failureOf } from '../support/failure.ts';
import { folderOf } from '../support/folder.ts';

const two = () =>
  folderOf({ '1_a.up.sql': 'create table a (id int)', '2_b.up.sql': 'create table b (id int)' });

describe('a service that starts', () => {
  it('finds its database migrated', async () => {
    const { url } = await createDatabase();
    expect(await migrateOnStart({ url, migrations: two() })).toMatchObject({ from: null, to: 2n });
    expect(await migrateOnStart({ url, migrations: two() })).toMatchObject({ from: 2n, to: 2n, applied: [] });
  });

  it('may be one of fifty at once', async () => {
    const database = await createDatabase();
    const migrations = two();
    const reports = await Promise.all(
      Array.from({ length: 50 }, () => migrateOnStart({ url: database.url, migrations })),
    );
    expect(reports.flatMap((r) => r?.applied.map((s) => s.id))).toHaveLength(2);
    expect(new Set(reports.map((r) => r?.to))).toEqual(new Set([2n]));
  });

  it('waits for a server that is not there yet, and gives up at its deadline', async () => {
    const port = await freePort();
    const heard: Event[] = [];
    const error = await failureOf(
      migrateOnStart({
        url: `postgres://nobody@127.0.0.1:${port}/none`,
        migrations: two(),
        wait: { attempts: 100, delayMs: 20, deadlineMs: 3000 },
        onEvent: (e) => heard.push(e),
      }),
    );
    expect(error).toMatchObject({ code: 'MIGRATION_INIT_FAILED', reason: 'connection' });
    const tries = heard.filter((e) => e.kind === 'connection-failed').length;
    expect(tries).toBeGreaterThan(1);
    // All hundred would take twenty seconds.
    expect(tries).toBeLessThan(99);
  });

  it('is not held up for ever by a server that accepts and never answers', async () => {
    const silent = createServer(() => {});
    const port = await new Promise<number>((resolve) =>
      silent.listen(0, '127.0.0.1', () => resolve((silent.address() as { port: number }).port)),
    );
    const url = `postgres://nobody@127.0.0.1:${port}/none?sslmode=disable`;
    const error = await failureOf(
      migrateOnStart({ url, migrations: two(), wait: { attempts: 1, deadlineMs: 200 } }),
    );
    expect(error).toMatchObject({ code: 'MIGRATION_INIT_FAILED', reason: 'connection' });
    const controller = new AbortController();
    const waiting = failureOf(migrateOnStart({ url, migrations: two(), signal: controller.signal }));
    setTimeout(() => controller.abort(), 100);
    expect(await waiting).toMatchObject({ reason: 'cancelled' });
    silent.close();
  });

  it('as an old image on a newer database refuses, or leaves it alone, as it is told', async () => {
    const { url } = await createDatabase();
    await up({
      database: url,
      migrations: folderOf({ '1_a.up.sql': '', '2_b.up.sql': '', '3_c.up.sql': '' }),
    });
    const old = { url, migrations: two() };
    const error = await failureOf(migrateOnStart(old));
    expect(error).toMatchObject({ code: 'MIGRATION_UP_FAILED', reason: 'ahead' });
    expect(error.message).toContain('the database is at 3, and the newest file is 2');
    const report = await migrateOnStart({ ...old, onAhead: 'accept' });
    expect(report).toMatchObject({ from: 3n, to: 3n, applied: [] });
    expect(report?.warnings.map((w) => w.reason)).toEqual(['ahead']);
  });

  it.each([{}, { url: '' }])('is told at once that %o is no database', async (where) => {
    const error = await failureOf(migrateOnStart({ ...where, migrations: two() }));
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', reason: 'unset' });
  });

  it.each([
    ['false', false, []],
    ['FALSE', false, []],
    [' 0 ', false, []],
    ['true', true, []],
    ['1', true, []],
    ['', true, []],
    [undefined, true, []],
    ['no', true, ['enabled_by']],
    ['off', true, ['enabled_by']],
  ] as const)('obeys a switch that is %o', async (value, on, warnings) => {
    const { url } = await createDatabase();
    const heard: Event[] = [];
    const report = await migrateOnStart({
      url,
      migrations: two(),
      enabledBy: 'HOLOMUSH_DB_AUTO_MIGRATE',
      env: { USER: 'x', HOLOMUSH_DB_AUTO_MIGRATE: value },
      onEvent: (e) => heard.push(e),
    });
    expect(report !== null).toBe(on);
    expect(heard.flatMap((e) => (e.kind === 'warning' ? [e.warning.reason] : []))).toEqual(warnings);
  });
});

describe('a lent client', () => {
  const state = `select current_setting('search_path') as path, current_setting('app.tenant', true) as tenant,
    current_user as "user", current_setting('client_connection_check_interval') as watch,
    (select count(*)::int from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()) as locks,
    (select count(*)::int from pg_prepared_statements) as prepared, to_regclass('pg_temp.scratch') is not null as temp,
    (select array_agg(c) from pg_listening_channels() c) as channels`;

  it('is given back as it was, and its search_path and role say where migrations go', async () => {
    const database = await createDatabase();
    await database.query('create schema tenant; grant all on schema tenant to pg_monitor');
    const client = new pg.Client(database.url);
    await client.connect();
    await client.query(`set search_path = tenant, public; set app.tenant = '7'; listen news;
      create temporary table scratch (id int); prepare mine as select 1; set role pg_monitor`);
    const before = (await client.query(state)).rows;
    const migrations = folderOf({
      '1_a.up.sql': 'create table a (id int); set search_path = public; listen other; set role none;',
      '2_b.up.sql': 'create table b (id int);',
      '3_c.up.sql': 'create index concurrently on b (id); set lock_timeout = 3000;',
      '4_d.up.sql': 'begin; create table d (id int); commit; set search_path = pg_catalog;',
    });
    await migrateOnStart({ client, migrations });
    const after = (await client.query(state)).rows;
    await client.end();
    // A channel that a file listens to stays, because unlistening takes the lender's own with it.
    expect(after).toEqual(before.map((row) => ({ ...row, channels: ['news', 'other'] })));
    const made = await database.query(
      `select relname as name, relnamespace::regnamespace::text as schema, relowner::regrole::text as owner
      from pg_class where relname in ('a', 'b', 'd', 'schema_migrations') order by 1`,
    );
    expect(made.map((m) => `${m.schema}.${m.name} of ${m.owner}`)).toEqual([
      'tenant.a of pg_monitor',
      'tenant.b of pg_monitor',
      'tenant.d of pg_monitor',
      'tenant.schema_migrations of pg_monitor',
    ]);
  });

  it('costs two queries and no lock where there is nothing to do', async () => {
    const { url } = await createDatabase();
    const migrations = two();
    await migrateOnStart({ url, migrations });
    const client = new pg.Client(url);
    await client.connect();
    const before = (await client.query(state)).rows;
    await migrateOnStart({ client, migrations });
    expect((await client.query(state)).rows).toEqual(before);
    await client.end();
  });

  it('is not a pool', async () => {
    const { url } = await createDatabase();
    const pool = new pg.Pool({ connectionString: url });
    const client = pool as unknown as pg.Client;
    await expect(migrateOnStart({ client, migrations: two() })).rejects.toThrow('pool.connect()');
    await pool.end();
  });

  it('inside a transaction is refused', async () => {
    const { url } = await createDatabase();
    const client = new pg.Client(url);
    await client.connect();
    await client.query('begin');
    const error = await failureOf(migrateOnStart({ client, migrations: two() }));
    expect(error).toMatchObject({ code: 'MIGRATION_INIT_FAILED', reason: 'in_transaction' });
    await client.query('commit');
    await client.end();
  });
});

function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
