/** The query and the command that say a fleet's targets: what they may do, where they stand, and how they are ended. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fleet } from '../../src/index.ts';
import { rungs, startRungs } from '../support/cli.ts';
import { createDatabase, type Database } from '../support/database.ts';
import { errorOf } from '../support/documents.ts';
import { folderOf } from '../support/folder.ts';
import { connectTo, until, waiting } from '../support/session.ts';
import { createTenants, MARKS } from '../support/tenants.ts';

function projectOf(targets: string): string {
  const migrations = Object.entries(MARKS).map(([name, text]) => [`migrations/${name}`, text]);
  return folderOf({ 'rungs.yaml': `targets:\n  ${targets}\n`, ...Object.fromEntries(migrations) });
}

const envOf = ({ url }: Database) => ({ DATABASE_URL: url });
const queryOf = (query: string) => projectOf(`query: ${JSON.stringify(query)}`);
const asked = (query: string, database: Database) =>
  rungs(['fleet', '--json', '--allow-empty'], { cwd: queryOf(query), env: envOf(database) });

async function tenantTable(): Promise<Database> {
  const { database } = await createTenants(2);
  await database.query("create table tenant (s text); insert into tenant values ('tenant_01')");
  return database;
}

describe('the query for the targets', () => {
  it.each([
    ["commit; insert into tenant values ('tenant_02') returning s as schema", '42601'],
    ["select 'tenant_01' as schema; select 'tenant_02' as schema", '42601'],
    ["insert into tenant values ('tenant_02') returning s as schema", '25006'],
    ["with t as (insert into tenant values ('tenant_02') returning s) select s as schema from t", '25006'],
  ])('is one statement that only reads, and not %s', async (query, sqlstate) => {
    const database = await tenantTable();
    const result = await asked(query, database);
    expect(result.code).toBe(19);
    expect(errorOf(result)).toMatchObject({
      reason: 'targets',
      sqlstate,
      file: 'rungs.yaml',
      line: 2,
      hint: expect.stringContaining('one statement that only reads'),
    });
    expect(result.stderr).toContain('at: rungs.yaml:2:3');
    expect(await database.query('select s from tenant')).toEqual([{ s: 'tenant_01' }]);
    expect(await database.query("select from pg_tables where tablename = 'marks'")).toEqual([]);
  });

  it.each(['commit', 'rollback'])(
    'can end its transaction by `%s`, and has said nothing then',
    async (query) => {
      const database = await tenantTable();
      const result = await asked(query, database);
      expect([result.code, JSON.parse(result.stdout).targets]).toEqual([0, []]);
    },
  );

  it.each([
    'set transaction read write',
    "select set_config('transaction_read_only', 'off', true) as schema",
  ])('cannot make its transaction another by %s', async (query) => {
    const database = await tenantTable();
    expect(errorOf(await asked(query, database))).toMatchObject({ sqlstate: '25001', line: 2 });
  });

  it('ends in ;, or in a comment, as one likes', async () => {
    const database = await tenantTable();
    const result = await asked("select s as schema from tenant where s <> 'a;b' ; -- all; of them", database);
    expect(JSON.parse(result.stdout).counts).toMatchObject({ migrated: 1 });
  });

  it('is named with its line where it fails', async () => {
    const database = await createDatabase();
    expect(errorOf(await asked('select s as schema from nowhere', database))).toMatchObject({
      sqlstate: '42P01',
      file: 'rungs.yaml',
      line: 2,
    });
    expect(errorOf(await asked('select 1 as one', database))).toMatchObject({ reason: 'targets', line: 2 });
    const { message } = errorOf(await asked("select '' as schema", database));
    expect(message).toBe('row 1 of the query at rungs.yaml:2: its `schema` is empty');
  });

  it('is cancelled by the signal at once, also while it waits for a lock', async () => {
    const database = await tenantTable();
    const holder = await connectTo(database);
    await holder.query('begin; lock table tenant');
    const controller = new AbortController();
    const running = fleet({
      database: database.url,
      targets: { query: 'select s as schema from tenant' },
      migrations: folderOf(MARKS),
      signal: controller.signal,
    });
    running.catch(() => {});
    await until('the query waits', async () => (await waiting(database, 'relation')) === 1);
    controller.abort();
    await expect(running).rejects.toMatchObject({ reason: 'cancelled', operation: 'ask for the targets' });
    expect(await waiting(database, 'relation')).toBe(0);
    await holder.end();
  });

  it('is cancelled by Ctrl-C, with the exit code of that', async () => {
    const database = await createDatabase();
    const { child, ended } = startRungs(['fleet', '--json'], {
      cwd: queryOf('select pg_sleep(600)::text as schema'),
      env: envOf(database),
    });
    const sleeping =
      "select from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'";
    await until('the query sleeps', async () => (await database.query(sleeping)).length === 1);
    child.kill('SIGINT');
    const result = await ended;
    expect(result.code).toBe(130);
    expect(errorOf(result).reason).toBe('cancelled');
    expect(await database.query(sleeping)).toEqual([]);
  });
});

const isAlive = (pid: number): boolean => {
  try {
    // What has ended and was not asked for is there still.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};

async function pidIn(path: string): Promise<number> {
  await until('it has begun', () => existsSync(path) && readFileSync(path, 'utf8').trim() !== '');
  return Number(readFileSync(path, 'utf8'));
}

describe('the command for the targets', () => {
  it.each([
    ['SIGINT', 130, 'sleep 600 & echo $! > pid; wait'],
    ['SIGTERM', 143, 'sleep 600 & echo $! > pid; wait'],
    // It does not want to hear, and the shell that started it does.
    ['SIGINT', 130, `sh -c 'trap "" TERM; echo $$ > pid; while true; do sleep 1; done' & wait`],
  ] as const)('is ended by %s with all that it has started (%i)', async (signal, code, command) => {
    const { database } = await createTenants(1);
    const project = projectOf(`command: ${JSON.stringify(command)}`);
    const { child, ended } = startRungs(['fleet', '--json'], { cwd: project, env: envOf(database) });
    const pid = await pidIn(join(project, 'pid'));
    expect(isAlive(pid)).toBe(true);
    child.kill(signal);
    const result = await ended;
    expect([result.code, errorOf(result).reason]).toEqual([code, 'cancelled']);
    expect(result.stderr).not.toContain('targets` in');
    expect(isAlive(pid)).toBe(false);
  });

  it('is ended where what it prints has no end', async () => {
    const { database } = await createTenants(1);
    const project = projectOf('command: yes postgres://h/d');
    const result = await rungs(['fleet', '--json'], { cwd: project, env: envOf(database) });
    expect(errorOf(result)).toMatchObject({
      message: '`yes postgres://h/d`: it prints more than 64 MB',
      file: 'rungs.yaml',
      line: 2,
    });
  });

  it('is heard to the end, though what it has started is slower than itself', async () => {
    const tenants = await createTenants(2);
    const project = projectOf(
      `command: echo '{"schema":"tenant_01"}'; (sleep 2; echo '{"schema":"tenant_02"}') &`,
    );
    const { stdout } = await rungs(['fleet'], { cwd: project, env: envOf(tenants.database) });
    expect(stdout).toContain('2 targets: 2 migrated');
  });
});
