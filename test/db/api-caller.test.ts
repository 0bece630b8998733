/** What a caller of the API keeps: its client, and its AbortSignal. */

import pg from 'pg';
import { afterEach, describe, expect, it } from 'vitest';
import { baseline, currentVersion, down, type Event, force, rollback, status, up } from '../../src/index.ts';
import { contents } from '../support/contents.ts';
import type { Database } from '../support/database.ts';
import { failureOf } from '../support/failure.ts';
import { folderOf } from '../support/folder.ts';
import { FILES, given } from '../support/given.ts';
import { createRole } from '../support/role.ts';

const open: pg.Client[] = [];
afterEach(async () => {
  for (const client of open.splice(0)) await client.end();
});

async function clientOf(database: Database): Promise<pg.Client> {
  const client = new pg.Client(database.url);
  open.push(client);
  await client.connect();
  return client;
}

const locksOf = async ({ query }: Database) =>
  query(
    "select 1 from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())",
  );

describe('a client that is lent', () => {
  it('stays open and unlocked, whatever comes of the run', async () => {
    const { options, database } = await given({ ...FILES, '3_c.up.sql': 'select x;' });
    const client = await clientOf(database);
    const lent = { ...options, database: client };
    const alive = async () => {
      expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
      expect(await locksOf(database)).toEqual([]);
    };
    await failureOf(up(lent));
    await alive();
    expect(await status(lent)).toMatchObject({ version: 2n });
    await alive();
    await down({ ...lent, steps: 'all' });
    await alive();
    await force({ ...lent, version: 1n });
    await alive();
    expect(client.listenerCount('notice')).toBe(0);
  });

  it('is in no transaction and holds no lock where what is ours fails', async () => {
    const { options, database } = await given();
    await database.query('revoke create on schema public from public');
    const role = await createRole();
    const client = new pg.Client(role.urlOf(database));
    await client.connect();
    const calls = [
      () => up({ ...options, database: client }),
      () => force({ ...options, database: client, version: 1n }),
      () => baseline({ ...options, database: client, version: 1n }),
      () => rollback({ database: client, migrations: folderOf({ 'init-db.sql': 'select 1;' }) }),
      () => up({ database: client, migrations: folderOf({ '001_a.sql': 'selec;' }) }),
    ];
    for (const call of calls) {
      await call().catch(() => {});
      expect((await client.query('select now() < statement_timestamp() as inside')).rows).toEqual([
        { inside: false },
      ]);
      expect(await locksOf(database)).toEqual([]);
    }
    await client.end();
  });

  it('may be one of a pool’s', async () => {
    const { options, database } = await given();
    const pool = new pg.Pool({ connectionString: database.url, max: 1 });
    const client = await pool.connect();
    await up({ ...options, database: client });
    client.release();
    expect((await pool.query('select version::text from schema_migrations')).rows).toEqual([
      { version: '3' },
    ]);
    await pool.end();
  });

  it('may have type parsers of its own', async () => {
    const { options, database } = await given();
    const client = await clientOf(database);
    client.setTypeParser(20, () => 'not a number');
    client.setTypeParser(25, () => 'not a text');
    client.setTypeParser(16, () => 'not a boolean');
    expect(await up({ ...options, database: client })).toMatchObject({ to: 3n });
    expect(await status({ ...options, database: client })).toMatchObject({
      version: 3n,
      counts: { applied: 3 },
    });
  });
});

describe('an AbortSignal', () => {
  it('that has been given already stops everything before it begins', async () => {
    const { options, database } = await given();
    const empty = await contents(database);
    const error = await failureOf(up({ ...options, signal: AbortSignal.abort() }));
    expect(error).toMatchObject({ reason: 'cancelled' });
    expect(await contents(database)).toEqual(empty);
  });

  it('between two migrations keeps the first and does not begin the second', async () => {
    const { options, database } = await given();
    const controller = new AbortController();
    const onEvent = (e: Event) => {
      if (e.kind === 'finished' && e.id === '1') controller.abort();
    };
    const error = await failureOf(up({ ...options, batchSize: 1, onEvent, signal: controller.signal }));
    expect(error).toMatchObject({
      reason: 'cancelled',
      report: { to: 1n, applied: [{ id: '1' }], failed: null, notReached: [{ id: '2' }, { id: '3' }] },
    });
    expect(await locksOf(database)).toEqual([]);
    expect(await up(options)).toMatchObject({ from: 1n, to: 3n });
  });

  it('during a statement ends it on the server and rolls it back', async () => {
    const { options, database } = await given({
      '1_a.up.sql': 'create table a (id int); select pg_sleep(60);',
    });
    const controller = new AbortController();
    const onEvent = (e: Event) => {
      if (e.kind === 'started') setTimeout(() => controller.abort(), 300);
    };
    const error = await failureOf(up({ ...options, onEvent, signal: controller.signal }));
    expect(error).toMatchObject({
      reason: 'cancelled',
      report: { to: null, failed: { id: '1', rolledBack: true } },
    });
    expect(
      await database.query(
        "select 1 from pg_stat_activity where datname = current_database() and query ~ 'pg_sleep' and pid <> pg_backend_pid() and state = 'active'",
      ),
    ).toEqual([]);
    expect(await currentVersion({ database: database.url })).toEqual({ version: null, dirty: false });
  });
});
