/** Many at once: of ours, beside golang-migrate, and more than the server has room for. */

import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { lockId } from '../../src/config/lock-id.ts';
import { alone, run } from '../support/built.ts';
import { type CliResult, rungs, startRungs } from '../support/cli.ts';
import { count } from '../support/counts.ts';
import { createDatabase, type Database } from '../support/database.ts';
import { folderOf } from '../support/folder.ts';
import { besideGolangMigrate, golang, withParameters } from '../support/golang-migrate.ts';
import { query } from '../support/project.ts';
import { ledgerOf } from '../support/schema.ts';
import { advisoryLocks, connectTo, disconnect, said, until, waiting } from '../support/session.ts';
import { makeServer, type OwnServer } from '../support/tls-servers.ts';

const MANY = 50;
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

/** As the server counts them; its own look at a wait is what finds one. */
async function deadlocks(database: Database): Promise<number> {
  const [row] = await database.query(
    'select deadlocks::int as n from pg_stat_database where datname = current_database()',
  );
  return Number(row?.n);
}

function expectAllToSucceed(results: readonly CliResult[]): void {
  for (const { code, stderr } of results)
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({
      code: 0,
      stderr: '',
    });
}

describe('fifty of ours at once', () => {
  test('apply each file once, with indexes built CONCURRENTLY among them', { timeout: 600_000 }, async () => {
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
    expect(await advisoryLocks(database)).toEqual([]);
    expect(await deadlocks(database)).toBe(0);
    count('at once: runs, with indexes built CONCURRENTLY', MANY);
  });
});

besideGolangMigrate('twenty-five of ours and twenty-five of theirs at once', () => {
  test('apply each file once', { timeout: 600_000 }, async () => {
    const database = await createDatabase();
    const open = await closeTheGate(database);
    const half = { length: MANY / 2 };
    const theirs = Array.from(half, (_, i) =>
      golang(database, AUDIT, ['-lock-timeout', '300', 'up'], { driver: i % 2 === 0 ? 'postgres' : 'pgx5' }),
    );
    const runs = Array.from(half, () => ours(database, AUDIT));
    await Promise.all(runs.map((run) => said(run, 'waiting for the migration lock')));
    await until('all of theirs wait', async () => (await waiting(database, 'advisory')) === half.length);
    await open();
    const golangs = await Promise.all(theirs);
    expect(golangs.filter((r) => r.code !== 0)).toEqual([]);
    expectAllToSucceed(await Promise.all(runs.map((run) => run.ended)));
    expect(await files(database)).toEqual([1, 2, 3, 4, 5, 6].map((file) => ({ file })));
    expect(await ledgerOf(database)).toEqual([{ version: '6', dirty: false }]);
    expect(await advisoryLocks(database)).toEqual([]);
    expect(await deadlocks(database)).toBe(0);
    count('at once: runs of rungs and of golang-migrate', MANY);
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
    expect(await advisoryLocks(database)).toEqual([]);
    expect(await deadlocks(database)).toBe(1);
    count('an index build and golang-migrate’s waiter in a deadlock', 1);
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

/** The one file that a release carries, as fifty replicas of a service start it, on a server with room of our choosing. */
describe('replicas that start at once', () => {
  let server: OwnServer;
  let bundle: string;

  beforeAll(async () => {
    const project = folderOf({});
    cpSync(AUDIT, join(project, 'migrations'), { recursive: true });
    expect(await rungs(['build'], { cwd: project })).toMatchObject({ code: 0 });
    bundle = alone(join(project, 'dist/migrate.mjs'));
    server = await makeServer('crowd', ['local all all trust', 'host all all 127.0.0.1/32 trust'], {
      max_connections: '260',
      log_statement: 'all',
      log_line_prefix: '%a %e ',
    });
    await server.start();
    await server.query('create role app login');
  });

  /** The superuser has places of its own, also where the server is full. */
  async function databaseOf(
    name: string,
  ): Promise<Database & { readonly replica: () => Promise<CliResult> }> {
    await server.query(`create database ${name} owner app`);
    const socket = encodeURIComponent(server.socket);
    const url = `postgres://postgres@${socket}:${server.port}/${name}`;
    const env = {
      DATABASE_URL: `postgres://app@127.0.0.1:${server.port}/${name}`,
      DB_RETRY_ATTEMPTS: '40',
      PATH: process.env.PATH ?? '',
    };
    const replica = () => run(bundle, ['up', '--lock-timeout', '5m'], { env });
    const ask = (sql: string, values: readonly unknown[] = []) => query(url, sql, [...values]);
    return { url, name, replica, query: ask, drop: async () => {} };
  }

  /** What the server was told by ours since then, statement by statement. */
  async function told(since: number): Promise<readonly string[]> {
    const lines = (await server.log()).slice(since).split(/\n(?!\t)/);
    return lines.flatMap(
      (line) => /^rungs up \S+ LOG: {2}(?:statement|execute [^:]*): (.*)/s.exec(line)?.[1] ?? [],
    );
  }

  test('two hundred find an up-to-date database without a lock, a change, or a third query', {
    timeout: 600_000,
  }, async () => {
    const database = await databaseOf('up_to_date');
    expect(await database.replica()).toMatchObject({ code: 0, stdout: 'Migrated from version 0 to 6\n' });
    expect((await told(0)).join('\n')).toContain('pg_try_advisory_lock');

    const since = (await server.log()).length;
    // Each waits in its last query until all are there.
    const keeper = await connectTo(database);
    await keeper.query('begin; lock table schema_migrations in access exclusive mode');
    const runs = Array.from({ length: 200 }, database.replica);
    await until(
      'all two hundred are connected at once',
      async () => (await waiting(database, 'relation')) === 200,
      500_000,
    );
    expect(await advisoryLocks(database)).toEqual([]);
    await disconnect(keeper);
    const results = await Promise.all(runs);
    expectAllToSucceed(results);
    expect(new Set(results.map((r) => r.stdout))).toEqual(new Set(['Already at latest version: 6\n']));

    const statements = await told(since);
    expect(statements).toHaveLength(400);
    // Each asks whether the one that answers is the one that it was announced.
    const kinds = [...new Set(statements.map((text) => text.replace(/(pg_backend_pid\(\)) = \d+/, '$1')))];
    expect(kinds).toHaveLength(2);
    for (const text of kinds) expect(text).not.toMatch(/advisory|^(?!\s*select\b)/i);
    count('at once: runs on a database that is up to date', 200);
  });

  test('forty on a server with room for seventeen: who finds it full tries again, and each file is applied once', {
    timeout: 600_000,
  }, async () => {
    const database = await databaseOf('too_small');
    await server.stop();
    await server.configure({ max_connections: '20' });
    await server.start();
    const since = (await server.log()).length;
    const open = await closeTheGate(database);
    const runs = Array.from({ length: 40 }, database.replica);
    const refused = async () => (await server.log()).slice(since).match(/ 53300 FATAL: /g)?.length ?? 0;
    await until('twenty were refused', async () => (await refused()) >= 20, 300_000);
    await open();
    const results = await Promise.all(runs);
    expectAllToSucceed(results);
    const again = results.filter((r) =>
      /^connection attempt 1\/40 failed: (sorry, too|remaining)/m.test(r.stderr),
    );
    expect(again.length).toBeGreaterThan(0);
    expect(results.filter((r) => r.stdout === 'Migrated from version 0 to 6\n')).toHaveLength(1);
    expect(await files(database)).toEqual([1, 2, 3, 4, 5, 6].map((file) => ({ file })));
    expect(await ledgerOf(database)).toEqual([{ version: '6', dirty: false }]);
    expect(await advisoryLocks(database)).toEqual([]);
    count('at once: runs on a server with room for fewer', 40);
  });
});
