/** What a failure has left is read, not guessed: where a role is in the way of the look, and where a cancel came too late. */

import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { up } from '../../src/index.ts';
import { createDatabase, type Database } from '../support/database.ts';
import { failureOf } from '../support/failure.ts';
import { folderOf } from '../support/folder.ts';

/** While the work runs there is a role that may create, and not read the version table. */
async function withRole(work: (database: Database, role: string) => Promise<void>): Promise<void> {
  const database = await createDatabase();
  const role = `rungs_after_${database.name.slice(-12)}`;
  await database.query(`create role ${role}; grant create, usage on schema public to ${role}`);
  try {
    await work(database, role);
  } finally {
    await database.query(`drop owned by ${role}; drop role ${role}`);
  }
}

const ledger = (database: Database) => database.query('select version::int, dirty from schema_migrations');

describe('a plain file', () => {
  const TWO = '-- rungs: plain\nbegin; create table a (); commit; begin; create table b (); commit;';

  it('may run as a role that beforeEach has set: the record is ours', () =>
    withRole(async (database, role) => {
      const migrations = folderOf({ '1_a.up.sql': TWO, '2_b.up.sql': 'create table c ()' });
      const hooks = { beforeEach: `${folderOf({ 'hook.sql': `set role ${role};` })}/hook.sql` };
      expect(await up({ database: database.url, migrations, hooks })).toMatchObject({ to: 2n, failed: null });
      const owners = await database.query(
        `select distinct tableowner from pg_tables where tablename in ('a', 'b', 'c')`,
      );
      expect(owners).toEqual([{ tableowner: role }]);
    }));

  it('that leaves a role behind is half done, as with golang-migrate, and the report says so', () =>
    withRole(async (database, role) => {
      const migrations = folderOf({ '1_a.up.sql': `${TWO} set role ${role};` });
      const error = await failureOf(up({ database: database.url, migrations }));
      expect(await ledger(database)).toEqual([{ version: 1, dirty: true }]);
      expect(error).toMatchObject({
        sqlstate: '42501',
        report: { to: 1n, dirty: true, failed: { id: '1', rolledBack: false }, warnings: [] },
      });
    }));

  it('so also on a client on loan, which goes back with its own role', () =>
    withRole(async (database, role) => {
      const client = new pg.Client(database.url);
      await client.connect();
      await client.query('set role pg_database_owner');
      const migrations = folderOf({ '1_a.up.sql': `${TWO} set role ${role};` });
      const error = await failureOf(up({ database: client, migrations }));
      const { rows } = await client.query('select current_user as role');
      await client.end();
      expect(rows).toEqual([{ role: 'pg_database_owner' }]);
      expect(error.report).toMatchObject({ dirty: true, failed: { rolledBack: false } });
    }));
});

it('where the version cannot be read nothing is said to be rolled back', async () => {
  const database = await createDatabase();
  const migrations = folderOf({
    '1_a.up.sql': '-- rungs: plain\ncreate table a (); alter table schema_migrations rename dirty to mud;',
  });
  const { report } = await failureOf(up({ database: database.url, migrations }));
  expect(report).toMatchObject({ failed: { id: '1', rolledBack: false } });
  expect(report?.warnings).toMatchObject([
    { reason: 'not_looked_up', message: expect.stringContaining('is not known') },
  ]);
});

describe('a cancel that comes between the commit and its marker', () => {
  /** A client whose server, asked to cancel, does so there. */
  async function cancelling(database: Database) {
    const client = new pg.Client(database.url);
    await client.connect();
    const wire = (client as unknown as { connection: { query(text: string): void } }).connection;
    const original = wire.query.bind(wire);
    let cancelled = 0;
    wire.query = (text) => {
      const changed = text.replace(/; commit; (begin; |)(?=do \$rungs\$ declare held)/g, (commit) => {
        cancelled++;
        return `${commit}do $x$ begin raise exception using errcode = '57014', message = 'canceling'; end $x$; `;
      });
      original(changed);
    };
    return { client, cancelled: () => cancelled };
  }

  it.each([
    ['atomic', 'create table a ();', {}],
    ['resumable', 'create table a (id int); create index concurrently i on a (id);', {}],
    ['plain', '-- rungs: plain\ncreate table a ();', {}],
    ['without what is there already', 'create table there (); create table a ();', { skipDuplicates: true }],
  ] as const)('has cancelled nothing: %s', async (_, text, more) => {
    const database = await createDatabase();
    await database.query('create table there ()');
    const { client, cancelled } = await cancelling(database);
    const migrations = folderOf({ '1_a.up.sql': text, '2_b.up.sql': 'create table b ();' });
    const report = await up({ database: client, migrations, ...more });
    await client.end();
    expect(cancelled()).toBeGreaterThan(1);
    expect(report).toMatchObject({ to: 2n, dirty: false, failed: null });
    expect(report.applied.map((s) => s.id)).toEqual(['1', '2']);
    // Nobody has let go of the lock.
    expect(report.warnings.map((w) => w.reason)).not.toContain('locks_dropped');
  });
});
