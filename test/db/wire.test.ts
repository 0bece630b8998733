/** Each reason that stands behind a part of the message (src/script.ts) shown on a real server. */

import { describe, expect, it } from 'vitest';
import { down, type Event, status, up } from '../../src/index.ts';
import { createDatabase } from '../support/database.ts';
import { failureOf } from '../support/failure.ts';
import { folderOf } from '../support/folder.ts';
import { recorder } from '../support/recorder.ts';

const fixture = (name: string) => `test/fixtures/wire/${name}`;

function withParameter(url: string, name: string, value: string): string {
  const changed = new URL(url);
  changed.searchParams.set(name, value);
  return changed.href;
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
      // Ours.
      lock_timeout: '3s',
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

  it('does not repeat the server’s word on locks that are no longer ours to let go', async () => {
    const database = await createDatabase();
    const heard: Event[] = [];
    const migrations = folderOf({ '1_a.up.sql': 'select pg_advisory_unlock_all();' });
    const report = await up({ database: database.url, migrations, onEvent: (e) => heard.push(e) });
    expect(report.warnings.map((w) => w.reason)).toEqual(['locks_dropped']);
    expect(heard.filter((e) => e.kind === 'notice')).toEqual([]);
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
