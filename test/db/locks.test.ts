/** The migration lock: both of golang-migrate's ids, polled, and who holds them when time runs out. */

import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { lockId } from '../../src/config/lock-id.ts';
import { status, up } from '../../src/index.ts';
import { createDatabase, type Database } from '../support/database.ts';
import { failureOf } from '../support/failure.ts';
import { folderOf } from '../support/folder.ts';
import { advisoryLocks } from '../support/session.ts';

const migrations = () => folderOf({ '1_a.up.sql': 'create table a (id int)' });

async function hold(database: Database, form: 'url' | 'library') {
  const client = new pg.Client({ connectionString: database.url, application_name: 'the other one' });
  client.on('error', () => {});
  await client.connect();
  const id = lockId('public', 'schema_migrations', form === 'url' ? `/${database.name}` : database.name);
  await client.query(`select pg_advisory_lock(${id}) /* 'a secret' */`);
  return client;
}

describe.each(['url', 'library'] as const)('a runner that holds the %s form of the lock', (form) => {
  it('keeps us out, and is named when we give up', async () => {
    const database = await createDatabase();
    const holder = await hold(database, form);
    const error = await failureOf(
      up({ database: database.url, migrations: migrations(), lockTimeoutMs: 200 }),
    );
    expect(error).toMatchObject({ code: 'MIGRATION_UP_FAILED', reason: 'lock_timeout' });
    expect(error.message).toContain(`timeout: can't acquire database lock`);
    const text = error.details.join('\n');
    expect(text).toMatch(/held by pid \d+, user \w+, application the other one, from \d+\.\d+\.\d+\.\d+$/m);
    expect(text).toMatch(/^idle for \d+ s; its last query: select pg_advisory_lock/m);
    expect(text).not.toContain('a secret');
    await holder.end();
    expect(await database.query(`select to_regclass('schema_migrations') as t`)).toEqual([{ t: null }]);
  });

  it('does not keep status from reading', async () => {
    const database = await createDatabase();
    const holder = await hold(database, form);
    expect((await status({ database: database.url, migrations: migrations() })).counts.pending).toBe(1);
    await holder.end();
  });

  it('is waited for until it lets go', async () => {
    const database = await createDatabase();
    const holder = await hold(database, form);
    const heard: string[] = [];
    const run = up({
      database: database.url,
      migrations: migrations(),
      onEvent: (e) => {
        heard.push(e.kind);
        if (e.kind === 'waiting-for-lock') holder.end();
      },
    });
    expect((await run).applied).toHaveLength(1);
    expect(heard.slice(0, 2)).toEqual(['waiting-for-lock', 'locked']);
  });
});

describe('the migration lock', () => {
  it('is left by a run that ends, well or not', async () => {
    const database = await createDatabase();
    const client = new pg.Client(database.url);
    await client.connect();
    await up({ database: client, migrations: migrations() });
    const broken = folderOf({ '1_a.up.sql': 'create table a (id int)', '2_b.up.sql': 'select 1/0' });
    await failureOf(up({ database: client, migrations: broken }));
    expect(await advisoryLocks(database)).toEqual([]);
    await client.end();
  });

  it('lets each of twenty starters at once apply each file once', async () => {
    const database = await createDatabase();
    const many = folderOf(
      Object.fromEntries(
        [1, 2, 3, 4, 5].map((i) => [
          `${i}_n.up.sql`,
          `${i === 1 ? 'create table audit (n int);' : ''} insert into audit values (${i});`,
        ]),
      ),
    );
    const runs = await Promise.all(
      Array.from({ length: 20 }, () => up({ database: database.url, migrations: many })),
    );
    expect(runs.flatMap((r) => r.applied.map((s) => s.id)).sort()).toEqual(['1', '2', '3', '4', '5']);
    expect(await database.query('select n from audit order by n')).toHaveLength(5);
  });

  it('is not waited for any longer once the caller aborts', async () => {
    const database = await createDatabase();
    const holder = await hold(database, 'url');
    const controller = new AbortController();
    const error = await failureOf(
      up({
        database: database.url,
        migrations: migrations(),
        signal: controller.signal,
        onEvent: (e) => e.kind === 'waiting-for-lock' && controller.abort(),
      }),
    );
    expect(error).toMatchObject({ reason: 'cancelled' });
    await holder.end();
  });
});
