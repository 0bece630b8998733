/** Each reason that stands behind a part of the message (src/script.ts) shown on a real server. */

import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { down, type Event, status, up } from '../../src/index.ts';
import { atomic, type Script } from '../../src/script.ts';
import { createDatabase, type Database } from '../support/database.ts';
import { failureOf } from '../support/failure.ts';
import { folderOf } from '../support/folder.ts';
import { step } from '../support/step.ts';

const fixture = (name: string) => `test/fixtures/wire/${name}`;

function withParameter(url: string, name: string, value: string): string {
  const changed = new URL(url);
  changed.searchParams.set(name, value);
  return changed.href;
}

/** A client that writes down what it sends. */
async function recorder(database: Database) {
  const client = new pg.Client(database.url);
  await client.connect();
  const sent: string[] = [];
  const wire = (client as unknown as { connection: { query(text: string): void } }).connection;
  const original = wire.query.bind(wire);
  wire.query = (text) => {
    sent.push(text);
    original(text);
  };
  return { client, sent };
}

describe('an up-to-date database', () => {
  it('is not locked: two queries, no DDL', async () => {
    const database = await createDatabase();
    const migrations = fixture('trailing-comment');
    await up({ database: database.url, migrations });
    const { client, sent } = await recorder(database);
    const report = await up({ database: client, migrations });
    await client.end();
    expect(report.applied).toEqual([]);
    expect(sent).toHaveLength(2);
    expect(sent.join()).not.toMatch(/lock\(|create table|insert/);
  });
});

describe('a migration in one message', () => {
  it('costs one round trip, whatever its statements', async () => {
    const database = await createDatabase();
    const migrations = folderOf({
      '1_a.up.sql': 'create table a (id int); create table b (id int); select 1;',
    });
    const { client, sent } = await recorder(database);
    await up({ database: client, migrations });
    await client.end();
    expect(sent.filter((text) => text.includes('create table b'))).toHaveLength(1);
    // Look, nothing to read yet, lock, look again, tables, the file, unlock.
    // Two more because the client is lent: what it had set, and setting it again.
    expect(sent).toHaveLength(6 + 2);
  });

  it('may end in a line comment without a newline', async () => {
    const database = await createDatabase();
    await up({ database: database.url, migrations: fixture('trailing-comment') });
    expect(await database.query('select version::text, dirty from schema_migrations')).toEqual([
      { version: '1', dirty: false },
    ]);
    await down({ database: database.url, migrations: fixture('trailing-comment') });
    expect(await database.query('select * from schema_migrations')).toEqual([]);
  });

  it('that fails leaves nothing behind, keeps what came before, and points into the file', async () => {
    const database = await createDatabase();
    const migrations = fixture('fails-in-the-middle');
    const error = await failureOf(up({ database: database.url, migrations }));
    expect(error).toMatchObject({
      code: 'MIGRATION_UP_FAILED',
      sqlstate: '42P07',
      operation: 'apply migration 2',
      location: { file: `${migrations}/000002_broken.up.sql`, line: 5, column: 2 },
    });
    expect(error.report).toMatchObject({ from: null, to: 1n, dirty: false });
    expect(error.report?.applied.map((s) => s.id)).toEqual(['1']);
    expect(error.report?.failed).toMatchObject({ id: '2', rolledBack: true });
    expect(error.report?.notReached.map((s) => s.id)).toEqual(['3']);
    expect(await database.query(`select to_regclass('first_part') as t`)).toEqual([{ t: null }]);
    expect(await database.query('select version::text, dirty from schema_migrations')).toEqual([
      { version: '1', dirty: false },
    ]);
    expect(await database.query('select version::text from schema_migrations_history')).toEqual([
      { version: '1' },
    ]);
  });

  it('may set the isolation level of its transaction, as nothing is queried before it', async () => {
    const database = await createDatabase();
    await up({ database: database.url, migrations: fixture('isolation-level') });
    expect(await database.query('select level from level')).toEqual([{ level: 'serializable' }]);
  });

  it('fires its deferred triggers under its own search_path', async () => {
    const database = await createDatabase();
    await up({ database: database.url, migrations: fixture('deferred-trigger') });
    expect(await database.query('select id from app.audit')).toEqual([{ id: 7 }]);
  });

  it('tells a new enum value used too early, and the cure', async () => {
    const database = await createDatabase();
    const migrations = folderOf({
      '1_type.up.sql': `create type mood as enum ('ok');`,
      '2_value.up.sql': `alter type mood add value 'good';\nselect 'good'::mood;`,
    });
    const error = await failureOf(up({ database: database.url, migrations }));
    expect(error).toMatchObject({ sqlstate: '55P04', location: { line: 2, column: 8 } });
    expect(error.hint).toContain('-- rungs: no-transaction');
  });

  it('tells a DO block that commits, and the cure', async () => {
    const database = await createDatabase();
    const migrations = folderOf({ '1_do.up.sql': 'create table t (id int);\ndo $$ begin commit; end $$;' });
    const error = await failureOf(up({ database: database.url, migrations }));
    expect(error).toMatchObject({ sqlstate: '2D000', location: { line: 2, column: 1 } });
    expect(error.hint).toContain('-- rungs: no-transaction');
  });
});

describe('the clean-up between two migrations', () => {
  it('takes away what a file left in its session, before the ledger is written', async () => {
    const database = await createDatabase();
    await up({ database: database.url, migrations: fixture('leaves-its-session') });
    const [found] = await database.query('select * from found');
    expect(found).toEqual({
      search_path: '"$user", public',
      lock_timeout: '0',
      own_role: true,
      temporary_table: false,
      prepared: '0',
      cursors: '0',
      channels: '0',
    });
  });

  it('keeps a role that was given at start-up', async () => {
    const database = await createDatabase();
    await database.query('grant create on schema public to pg_monitor');
    const migrations = folderOf({
      '1_a.up.sql': 'set role none; reset all; create table a (id int);',
      '2_b.up.sql': 'create table b (id int);',
    });
    await up({ database: withParameter(database.url, 'role', 'pg_monitor'), migrations });
    const owners = await database.query(
      `select relname, relowner::regrole::text as owner from pg_class where relname in ('b', 'schema_migrations') order by 1`,
    );
    expect(owners).toEqual([
      { relname: 'b', owner: 'pg_monitor' },
      { relname: 'schema_migrations', owner: 'pg_monitor' },
    ]);
  });

  it('notices that a file has let our locks go, and takes them again', async () => {
    const database = await createDatabase();
    const report = await up({ database: database.url, migrations: fixture('drops-the-locks') });
    expect(report.warnings.map((w) => w.reason)).toEqual(['locks_dropped']);
    expect(await database.query('select locks from held')).toEqual([{ locks: '2' }]);
  });
});

describe('the marker', () => {
  it('is told from what a file raises itself', async () => {
    const database = await createDatabase();
    const heard: Event[] = [];
    await up({
      database: database.url,
      migrations: fixture('fakes-a-marker'),
      onEvent: (e) => heard.push(e),
    });
    const notices = heard.filter((e) => e.kind === 'notice').map((e) => e.message);
    expect(notices).toEqual(['00000000-0000-0000-0000-000000000000 1 2', 'hello from the file']);
  });

  it('brings the server’s own time of the step', async () => {
    const database = await createDatabase();
    const migrations = folderOf({ '1_slow.up.sql': 'select pg_sleep(0.2)' });
    const { applied } = await up({ database: database.url, migrations });
    expect(applied[0]?.executionTimeMs).toBeGreaterThanOrEqual(200);
    const { migrations: rows } = await status({ database: database.url, migrations });
    expect(rows[0]?.executionTimeMs).toBeGreaterThanOrEqual(200);
  });
});

describe('the guarded ledger write', () => {
  const script: Script = {
    place: { schema: 'public', table: 'schema_migrations', journal: 'schema_migrations_history' },
    author: { tool: 'test', run: 'test' },
    nonce: 'nonce',
    cleanUp: 'reset all',
    lockIds: [],
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
      script,
      step({ version: 8n, direction: 'down', from, to: 7n, text: 'select pg_sleep(0.3)' }),
    );
    const on = atomic(
      script,
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
      atomic(script, step({ version, direction: 'up', from, to: version, text: 'select pg_sleep(0.3)' }))
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
    const message = atomic(script, step({ version: 9n, direction: 'up', from, to: 9n, text: '' })).text;
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
