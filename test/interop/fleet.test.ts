/** A schema of a fleet is golang-migrate's with `search_path`: the same table, the same lock, the same answers. */

import { expect, test } from 'vitest';
import { lockId } from '../../src/config/lock-id.ts';
import { fleet } from '../../src/index.ts';
import { rungs } from '../support/cli.ts';
import { folderOf } from '../support/folder.ts';
import { besideGolangMigrate, type Driver, golang } from '../support/golang-migrate.ts';
import { connectTo } from '../support/session.ts';
import { createTenants, MARKS, marksIn, type Tenants, versionsIn } from '../support/tenants.ts';

const migrations = folderOf(MARKS);

const run = ({ database, schemas }: Tenants, more: Partial<Parameters<typeof fleet>[0]> = {}) =>
  fleet({ database: database.url, targets: schemas.map((schema) => ({ schema })), migrations, ...more });

const theirs = (
  { database }: Tenants,
  schema: string,
  args: readonly string[],
  driver: Driver = 'postgres',
) => golang(database, migrations, args, { driver, parameters: { search_path: `"${schema}"` } });

besideGolangMigrate('a fleet beside golang-migrate', () => {
  test.each(['postgres', 'pgx5'] as const)('has left it nothing to do in any schema (%s)', async (driver) => {
    const tenants = await createTenants(['tenant_01', 'tenant_02', 'Ten ant']);
    const report = await run(tenants);
    expect(report.error).toBe(null);
    for (const schema of tenants.schemas) {
      expect(await theirs(tenants, schema, ['up'], driver)).toMatchObject({
        code: 0,
        output: expect.stringContaining('no change'),
      });
      expect((await theirs(tenants, schema, ['version'], driver)).output.trim()).toBe('3');
    }
  });

  test('goes on from where it has left a schema, and it from where we have', async () => {
    const tenants = await createTenants(['tenant_01', 'Ten ant']);
    for (const schema of tenants.schemas) {
      expect(await theirs(tenants, schema, ['up', '1'])).toMatchObject({ code: 0 });
    }
    const report = await run(tenants);
    expect(report.targets.map((t) => [t.report?.from, t.report?.to])).toEqual([
      [1n, 3n],
      [1n, 3n],
    ]);
    expect(await theirs(tenants, 'Ten ant', ['down', '1'])).toMatchObject({ code: 0 });
    expect(await versionsIn(tenants)).toEqual({ tenant_01: '3', 'Ten ant': '2' });
    expect(await marksIn(tenants)).toEqual({ tenant_01: ['1', '2', '3'], 'Ten ant': ['1', '2'] });
  });

  test('has forced a schema as it would, and under its lock, by the command that an error names it with', async () => {
    const tenants = await createTenants(['tenant_01', 'Ten ant']);
    await run(tenants);
    const env = { DATABASE_URL: tenants.database.url, PGOPTIONS: `-c search_path="Ten\\ ant"` };
    const force = () => rungs(['force', '2', '--path', migrations, '--lock-timeout', '300ms'], { env });
    const holder = await connectTo(tenants.database);
    const id = lockId('Ten ant', 'schema_migrations', `/${tenants.database.name}`);
    await holder.query(`select pg_advisory_lock(${id})`);
    expect(await force()).toMatchObject({
      code: 16,
      stderr: expect.stringContaining('waiting for the migration lock, held by pid '),
    });
    expect(await versionsIn(tenants)).toEqual({ tenant_01: '3', 'Ten ant': '3' });
    await holder.end();
    expect(await force()).toMatchObject({ code: 0 });
    expect((await theirs(tenants, 'Ten ant', ['version'])).output.trim()).toBe('2');
    expect((await theirs(tenants, 'tenant_01', ['version'])).output.trim()).toBe('3');
  });

  test('waits for the lock that it has on one schema, and leaves the others alone meanwhile', async () => {
    const tenants = await createTenants(3);
    const holder = await connectTo(tenants.database);
    // The id of its command line; that test/interop/locks.test.ts has it from the real one.
    const id = lockId('tenant_02', 'schema_migrations', `/${tenants.database.name}`);
    await holder.query(`select pg_advisory_lock(${id})`);
    const report = await run(tenants, { canary: 0, concurrency: 3, lockTimeoutMs: 500, maxFailures: 3 });
    expect(report.targets.map((t) => [t.state, t.error?.reason])).toEqual([
      ['migrated', undefined],
      ['failed', 'lock_timeout'],
      ['migrated', undefined],
    ]);
    await holder.end();
    expect((await run(tenants)).targets.map((t) => t.state)).toEqual([
      'up-to-date',
      'migrated',
      'up-to-date',
    ]);
  });

  test('is kept out by the real one at work in a schema', async () => {
    const tenants = await createTenants(2);
    const folder = folderOf({
      ...MARKS,
      '4_gate.up.sql': 'select * from public.gate;',
      '4_gate.down.sql': '',
    });
    await tenants.database.query('create table public.gate (n int)');
    const keeper = await connectTo(tenants.database);
    await keeper.query('begin; lock table public.gate in access exclusive mode');
    const working = golang(tenants.database, folder, ['up'], { parameters: { search_path: 'tenant_01' } });
    for (;;) {
      const rows = await tenants.database.query(
        "select from pg_stat_activity where datname = current_database() and query like '%public.gate%' and wait_event_type = 'Lock'",
      );
      if (rows.length > 0) break;
    }
    const report = await run(tenants, { canary: 0, lockTimeoutMs: 300, maxFailures: 2 });
    expect(report.targets.map((t) => [t.state, t.error?.reason])).toEqual([
      ['failed', 'lock_timeout'],
      ['migrated', undefined],
    ]);
    await keeper.end();
    expect((await working).code).toBe(0);
  });
});
