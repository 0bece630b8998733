/** Fifty at once, each with everything to do, through one PgBouncer. */

import { expect, it } from 'vitest';
import { up } from '../../src/index.ts';
import { createDatabase, type Database } from '../support/database.ts';
import { folderOf } from '../support/folder.ts';
import { type PoolMode, startPgBouncer, throughPgBouncer } from '../support/pgbouncer.ts';
import { advisoryLocks } from '../support/session.ts';
import { workplace } from '../support/workplace.ts';

const FIFTY = 50;

const FILES = {
  '1_audit.up.sql': 'create table audit (migration int, at timestamptz default clock_timestamp());',
  '2_a.up.sql': 'insert into audit values (2); select pg_sleep(0.2);',
  '3_b.up.sql': 'insert into audit values (3); create table b (id int);',
  '4_c.up.sql': 'set transaction isolation level serializable; insert into audit values (4);',
  '5_d.up.sql': 'insert into audit values (5);',
};

async function expectOnceEach(database: Database, applied: readonly string[]): Promise<void> {
  expect([...applied].sort()).toEqual(['1', '2', '3', '4', '5']);
  expect(await database.query('select migration from audit order by at')).toEqual(
    [2, 3, 4, 5].map((migration) => ({ migration })),
  );
  expect(await database.query('select version::text, dirty from schema_migrations')).toEqual([
    { version: '5', dirty: false },
  ]);
  expect(await advisoryLocks(database)).toEqual([]);
}

const lockStrategyIn = (mode: PoolMode) => (mode === 'transaction' ? 'transaction' : 'session');
/** Long enough for a queue of fifty on a busy machine. */
const LOCK_TIMEOUT_MS = 200_000;

throughPgBouncer('fifty at once', () => {
  it.each([
    { mode: 'session', size: 5 },
    { mode: 'session', size: 20 },
    { mode: 'transaction', size: 5 },
    { mode: 'transaction', size: 20 },
  ] as const)(
    'through a pool of $size in $mode mode apply each migration once, and all end well',
    async ({ mode, size }) => {
      const database = await createDatabase();
      const { url } = await startPgBouncer(database, mode, { default_pool_size: size });
      const migrations = folderOf(FILES);
      const lockStrategy = lockStrategyIn(mode);
      const runs = Array.from({ length: FIFTY }, () =>
        up({ database: url, migrations, lockStrategy, lockTimeoutMs: LOCK_TIMEOUT_MS }),
      );
      const reports = await Promise.all(runs);
      for (const report of reports)
        expect(report).toMatchObject({ to: 5n, dirty: false, pending: [], failed: null });
      await expectOnceEach(
        database,
        reports.flatMap((r) => r.applied.map((s) => s.id)),
      );
    },
  );

  it.each(['session', 'transaction'] as const)(
    'as processes of their own, in %s mode, do too',
    async (mode) => {
      const place = await workplace(FILES);
      const { url } = await startPgBouncer(place.database, mode);
      const lockTimeout = `${LOCK_TIMEOUT_MS / 1000}s`;
      place.write({
        '../rungs.yaml': `lockStrategy: ${lockStrategyIn(mode)}\nlockTimeout: ${lockTimeout}\n`,
      });
      const env = { DATABASE_URL: url };
      const ends = await Promise.all(Array.from({ length: FIFTY }, () => place.rungs('up --json', { env })));
      expect(ends.filter(({ code }) => code !== 0).map(({ stderr }) => stderr)).toEqual([]);
      const applied = ends.flatMap(({ stdout }) =>
        JSON.parse(stdout).applied.map((s: { id: string }) => s.id),
      );
      await expectOnceEach(place.database, applied);
    },
    400_000,
  );
});
