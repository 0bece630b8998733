/** Many of both at once, and an index built CONCURRENTLY beside a golang-migrate that waits. */

import { describe, expect, test } from 'vitest';
import { lockId } from '../../src/config/lock-id.ts';
import { type CliResult, startRungs } from '../support/cli.ts';
import { createDatabase, type Database } from '../support/database.ts';
import { besideGolangMigrate, golang, withParameters } from '../support/golang-migrate.ts';
import { ledgerOf } from '../support/schema.ts';
import { connectTo, disconnect, said, until, waiting } from '../support/session.ts';

const MANY = 20;
const AUDIT = 'test/fixtures/interop/audit';
const CONCURRENTLY = 'test/fixtures/interop/audit-concurrently';
const PEOPLE = 'test/fixtures/interop/waiter';

const ours = (database: Database, folder: string, parameters: Readonly<Record<string, string>> = {}) =>
  startRungs(['up', '--path', folder, '--lock-timeout', '5m'], {
    env: { DATABASE_URL: withParameters(database.url, parameters) },
  });

/** Holds golang-migrate's lock, so that whoever comes meanwhile starts from one line. */
async function closeTheGate(database: Database) {
  const id = lockId('public', 'schema_migrations', `/${database.name}`);
  const keeper = await connectTo(database);
  await keeper.query(`select pg_advisory_lock(${id})`);
  return () => disconnect(keeper);
}

const files = (database: Database) => database.query('select file from audit order by file');

function expectAllToSucceed(results: readonly CliResult[]): void {
  for (const { code, stderr } of results)
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({
      code: 0,
      stderr: '',
    });
}

describe('twenty of ours at once', () => {
  test('apply each file once, with indexes built CONCURRENTLY among them', { timeout: 180_000 }, async () => {
    const database = await createDatabase();
    const open = await closeTheGate(database);
    const runs = Array.from({ length: MANY }, () => ours(database, CONCURRENTLY));
    await Promise.all(runs.map((run) => said(run, 'waiting for the migration lock')));
    await open();
    const results = await Promise.all(runs.map((run) => run.ended));
    expectAllToSucceed(results);
    expect(results.filter((r) => r.stdout === 'Migrated from version 0 to 5\n')).toHaveLength(1);
    expect(results.filter((r) => r.stdout === 'Already at latest version: 5\n')).toHaveLength(MANY - 1);
    expect(await files(database)).toEqual([1, 3, 4, 5].map((file) => ({ file })));
    const indexes = await database.query(
      `select indexrelid::regclass::text as name, indisvalid as valid from pg_index
        where indrelid = 'audit'::regclass order by 1`,
    );
    expect(indexes).toEqual([
      { name: 'audit_at', valid: true },
      { name: 'audit_file', valid: true },
    ]);
  });
});

besideGolangMigrate('twenty of ours and twenty of theirs at once', () => {
  test('apply each file once', { timeout: 180_000 }, async () => {
    const database = await createDatabase();
    const open = await closeTheGate(database);
    const theirs = Array.from({ length: MANY }, (_, i) =>
      golang(database, AUDIT, ['-lock-timeout', '300', 'up'], { driver: i % 2 === 0 ? 'postgres' : 'pgx5' }),
    );
    const runs = Array.from({ length: MANY }, () => ours(database, AUDIT));
    await Promise.all(runs.map((run) => said(run, 'waiting for the migration lock')));
    await until('all of theirs wait', async () => (await waiting(database, 'advisory')) === MANY);
    await open();
    const golangs = await Promise.all(theirs);
    expect(golangs.filter((r) => r.code !== 0)).toEqual([]);
    expectAllToSucceed(await Promise.all(runs.map((run) => run.ended)));
    expect(await files(database)).toEqual([1, 2, 3, 4, 5, 6].map((file) => ({ file })));
    expect(await ledgerOf(database)).toEqual([{ version: '6', dirty: false }]);
  });
});

/**
 * golang-migrate waits inside pg_advisory_lock, with a snapshot; CREATE INDEX CONCURRENTLY waits for that snapshot.
 * Who looks for a deadlock while the circle is closed is its victim. Each looks once for each wait, when its
 * deadlock_timeout has passed; so the timeouts, not the machine's speed, say who it is.
 */
besideGolangMigrate('our index build beside a golang-migrate that waits for us', () => {
  const looksAfter = (time: string) => ({ options: `-c deadlock_timeout=${time}` });

  /** A third party's open transaction keeps the index build waiting until golang-migrate has come. */
  async function meet(our: string, their: string) {
    const database = await createDatabase();
    expect((await golang(database, PEOPLE, ['up', '1'])).code).toBe(0);
    const writer = await connectTo(database);
    await writer.query(`begin; insert into people values ('bob@example.org')`);
    const run = ours(database, PEOPLE, looksAfter(our));
    await until('the build waits for the writer', async () => (await waiting(database, 'virtualxid')) === 1);
    const theirs = golang(database, PEOPLE, ['up'], { parameters: looksAfter(their) });
    await until('golang-migrate waits for the lock', async () => (await waiting(database, 'advisory')) === 1);
    await writer.query('commit');
    return { database, us: await run.ended, them: await theirs };
  }

  const index = (database: Database) =>
    database.query(
      `select indexrelid::regclass::text as name, indisvalid as valid from pg_index
        where indrelid = 'people'::regclass`,
    );

  async function expectAllDone(database: Database): Promise<void> {
    expect(await index(database)).toEqual([{ name: 'people_email', valid: true }]);
    expect(await ledgerOf(database)).toEqual([{ version: '3', dirty: false }]);
    expect(await golang(database, PEOPLE, ['up'])).toEqual({ code: 0, output: 'no change\n' });
  }

  test('where the build is the victim: both stop, and the next of ours finishes it', async () => {
    const { database, us, them } = await meet('1s', '1h');
    expect(us.code).toBe(12);
    expect(us.stderr).toContain('deadlock detected (SQLSTATE 40P01)');
    expect(us.stderr).toContain('next: ');
    expect(them).toEqual({ code: 1, output: 'error: Dirty database version 2. Fix and force version.\n' });
    expect(await index(database)).toEqual([{ name: 'people_email', valid: false }]);
    expect(await ledgerOf(database)).toEqual([{ version: '2', dirty: true }]);

    const again = await ours(database, PEOPLE).ended;
    expect(again).toMatchObject({ code: 0, stdout: 'Migrated from version 2 to 3\n' });
    expect(again.stderr).toContain('dropped public.people_email');
    await expectAllDone(database);
  });

  test('where golang-migrate is the victim: it says so, we succeed, and it has nothing left to do', async () => {
    // Its one look comes a while after it began to wait; should the build be late, we look ourselves in the end.
    const { database, us, them } = await meet('20s', '2s');
    if (us.code === 0) {
      expect(them.code).toBe(1);
      expect(them.output).toContain('deadlock detected');
    } else {
      expect(us.stderr).toContain('deadlock detected (SQLSTATE 40P01)');
      expect((await ours(database, PEOPLE).ended).code).toBe(0);
    }
    await expectAllDone(database);
  });
});
