/** Two runs that got past the locks: the ledger write lets one of them through. */

import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { up } from '../../src/index.ts';
import { ledgerOf } from '../../src/ledger/ledgers.ts';
import { atomic, type Envelope } from '../../src/messages.ts';
import { createDatabase, type Database } from '../support/database.ts';
import { failureOf } from '../support/failure.ts';
import { folderOf } from '../support/folder.ts';
import { step } from '../support/step.ts';

describe('the guarded ledger write', () => {
  const envelope: Envelope = {
    place: {
      schema: 'public',
      table: 'schema_migrations',
      journal: 'schema_migrations_history',
      sentinel: { schema: null, name: 'users' },
    },
    ledger: ledgerOf('pairs'),
    author: { tool: 'test', run: 'test' },
    nonce: 'nonce',
    application: 'test',
    cleanUp: ['reset all'],
    lockIds: [],
    hooks: { before: [], after: [] },
    perMessage: null,
    holder: null,
    watch: false,
    statementLockMs: 0,
  };

  /** Sends both messages at once on two sessions without any advisory lock; both files are slow. */
  async function race(database: Database, one: string, two: string): Promise<readonly (string | null)[]> {
    const clients = [new pg.Client(database.url), new pg.Client(database.url)];
    await Promise.all(clients.map((c) => c.connect()));
    const results = await Promise.allSettled([one, two].map((text, i) => clients[i]?.query(text)));
    await Promise.all(clients.map((c) => c.end()));
    return results.map((r) => (r.status === 'fulfilled' ? null : (r.reason as { code: string }).code));
  }

  const tables = async (start: string) => {
    const database = await createDatabase();
    await up({ database: database.url, migrations: folderOf({ '8_start.up.sql': 'select 1' }) });
    await database.query(`delete from schema_migrations; ${start}`);
    return database;
  };

  it('lets one of 8 to 7 and 8 to 9 through', async () => {
    const database = await tables('insert into schema_migrations values (8, false)');
    const from = { version: 8n, dirty: false };
    const back = atomic(
      envelope,
      step({ version: 8n, direction: 'down', from, to: 7n, text: 'select pg_sleep(0.3)' }),
    );
    const on = atomic(
      envelope,
      step({ version: 9n, direction: 'up', from, to: 9n, text: 'select pg_sleep(0.3)' }),
    );
    const codes = await race(database, back.text, on.text);
    expect([...codes].sort()).toEqual(['RG001', null]);
    const rows = await database.query('select version::text, dirty from schema_migrations');
    expect(rows).toEqual([{ version: codes[0] === null ? '7' : '9', dirty: false }]);
  });

  it('lets one of two on an empty table through', async () => {
    const database = await tables('select 1');
    const from = { version: null, dirty: false };
    const message = (version: bigint) =>
      atomic(envelope, step({ version, direction: 'up', from, to: version, text: 'select pg_sleep(0.3)' }))
        .text;
    const codes = await race(database, message(1n), message(2n));
    expect([...codes].sort()).toEqual(['RG001', null]);
    expect(await database.query('select version from schema_migrations')).toHaveLength(1);
  });

  it('tells a run that the version was moved without the lock, and applies nothing', async () => {
    const database = await createDatabase();
    const migrations = folderOf({
      '1_a.up.sql': 'select 1',
      '2_b.up.sql': 'create table b (id int); select pg_sleep(1);',
    });
    await up({ database: database.url, migrations, steps: 1 });
    const run = failureOf(up({ database: database.url, migrations }));
    await untilSleeping(database);
    await database.query('update schema_migrations set version = 5');
    const error = await run;
    expect(error).toMatchObject({ code: 'MIGRATION_UP_FAILED', reason: 'raced', sqlstate: 'RG001' });
    expect(await database.query(`select to_regclass('b') as b`)).toEqual([{ b: null }]);
  });

  it('does not stop golang-migrate from reading the version meanwhile', async () => {
    const database = await tables('insert into schema_migrations values (8, false)');
    const holder = new pg.Client(database.url);
    await holder.connect();
    const from = { version: 8n, dirty: false };
    const message = atomic(envelope, step({ version: 9n, direction: 'up', from, to: 9n, text: '' })).text;
    // Everything up to the commit: the transaction stays open with the ledger locked and written.
    await holder.query(message.slice(0, message.lastIndexOf('; commit; ')));
    await database.query(
      'set statement_timeout = 2000; select version, dirty from schema_migrations limit 1',
    );
    await holder.end();
  });
});

async function untilSleeping(database: Database): Promise<void> {
  for (;;) {
    const rows = await database.query(
      `select 1 from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'`,
    );
    if (rows.length > 0) return;
  }
}
