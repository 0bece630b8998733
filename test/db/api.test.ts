/** What users import: `import { up, down, … } from 'rungs'`. */

import { describe, expect, it } from 'vitest';
import {
  currentVersion,
  down,
  force,
  goto,
  MigrateError,
  plan,
  readMigrations,
  redo,
  status,
  up,
} from '../../src/index.ts';
import { contents } from '../support/contents.ts';
import { createDatabase } from '../support/database.ts';
import { failureOf } from '../support/failure.ts';
import { folderOf } from '../support/folder.ts';
import { FILES, given } from '../support/given.ts';

describe('up, down, goto, redo and force', () => {
  it('resolve to what they did', async () => {
    const { options } = await given();
    expect(await up({ ...options, steps: 2 })).toMatchObject({
      dryRun: false,
      from: null,
      to: 2n,
      dirty: false,
      applied: [
        { id: '1', version: 1n, name: 'a', direction: 'up', mode: 'atomic' },
        { id: '2', version: 2n, name: 'b', direction: 'up', mode: 'atomic' },
      ],
      failed: null,
      pending: [{ id: '3', version: 3n, name: 'c' }],
      warnings: [],
    });
    expect(await up({ ...options, to: 3n })).toMatchObject({
      from: 2n,
      to: 3n,
      applied: [{ mode: 'resumable' }],
    });
    expect(await redo(options)).toMatchObject({
      from: 3n,
      to: 3n,
      applied: [{ direction: 'down' }, { direction: 'up' }],
    });
    expect(await goto({ ...options, to: 1n })).toMatchObject({ from: 3n, to: 1n });
    expect(await down(options)).toMatchObject({ from: 1n, to: null });
    expect(await up(options)).toMatchObject({ from: null, to: 3n });
    expect(await down({ ...options, steps: 'all' })).toMatchObject({ from: 3n, to: null });
    expect(await force({ ...options, version: 2n })).toMatchObject({ from: null, to: 2n, applied: [] });
    expect(await currentVersion({ database: options.database })).toEqual({ version: 2n, dirty: false });
  });

  it('tell what happens in the order in which it does', async () => {
    const { options, heard } = await given();
    await up(options);
    expect(heard).toEqual([
      'locked',
      'started 1 up atomic',
      'finished 1 up atomic',
      'started 2 up atomic',
      'notice 2 hello',
      'finished 2 up atomic',
      'started 3 up resumable',
      'statement 1/1 of 3',
      'finished 3 up resumable',
    ]);
    heard.length = 0;
    await down({ ...options, steps: 9 });
    expect(heard).toEqual([
      'warning short',
      'locked',
      'started 3 down atomic',
      'finished 3 down atomic',
      'started 2 down atomic',
      'finished 2 down atomic',
      'started 1 down atomic',
      'finished 1 down atomic',
    ]);
    heard.length = 0;
    await down(options);
    expect(heard).toEqual([]);
  });

  it('take files that were read before, for many databases', async () => {
    const migrations = await readMigrations(folderOf(FILES));
    for (const database of [await createDatabase(), await createDatabase()]) {
      expect(await up({ database: database.url, migrations })).toMatchObject({ to: 3n });
    }
  });

  it('reject with what had been done until then', async () => {
    const { options } = await given({ ...FILES, '2_b.up.sql': 'select x;' });
    const error = await failureOf(up(options));
    expect(error).toBeInstanceOf(MigrateError);
    expect(error).toMatchObject({
      code: 'MIGRATION_UP_FAILED',
      exitCode: 12,
      reason: 'sql',
      sqlstate: '42703',
      location: { line: 1, column: 8 },
      report: {
        from: null,
        to: 1n,
        dirty: false,
        applied: [{ id: '1' }],
        failed: { id: '2', rolledBack: true },
        notReached: [{ id: '3' }],
        pending: [{ id: '2' }, { id: '3' }],
      },
    });
    // The server's own words stay whole.
    expect(error.cause).toMatchObject({ code: '42703', severity: 'ERROR' });
  });

  it('reject, and do not throw, where the URL is none', async () => {
    const { options } = await given();
    for (const verb of [up, down, redo, status]) {
      expect(await failureOf(verb({ ...options, database: 'nonsense' }))).toMatchObject({ reason: 'url' });
    }
  });

  it('use another table, in another schema, where they are told to', async () => {
    const { options, database } = await given();
    await database.query('create schema ledgers');
    await up({ ...options, table: { schema: 'ledgers', name: 'our migrations' } });
    expect(await database.query('select version::text from ledgers."our migrations"')).toEqual([
      { version: '3' },
    ]);
    expect(await status(options)).toMatchObject({ version: null });
  });
});

describe('a look', () => {
  it.each([
    ['status', (o: Parameters<typeof up>[0]) => status(o)],
    ['currentVersion', (o: Parameters<typeof up>[0]) => currentVersion(o)],
    ['up with dryRun', (o: Parameters<typeof up>[0]) => up({ ...o, dryRun: true })],
    ['plan', (o: Parameters<typeof up>[0]) => plan({ kind: 'up', steps: null, to: null }, o)],
  ])('by %s writes nothing: no table, no row, no lock', async (_what, look) => {
    const { options, database, heard } = await given();
    const empty = await contents(database);
    await look(options);
    expect(await contents(database)).toEqual(empty);
    await up({ ...options, steps: 2 });
    const before = await contents(database);
    heard.length = 0;
    await look(options);
    expect(await contents(database)).toEqual(before);
    expect(heard).toEqual([]);
  });

  it('at the plan is what the run then does', async () => {
    const { options } = await given();
    const goal = { kind: 'up', steps: null, to: null } as const;
    const planned = await plan(goal, options);
    const { applied } = await up(options);
    expect(planned).toMatchObject({ dryRun: true, from: null, to: 3n, pending: [] });
    expect(planned.applied).toEqual(applied.map((step) => ({ ...step, executionTimeMs: null })));
    expect(await plan({ kind: 'down', steps: 2 }, options)).toMatchObject({
      from: 3n,
      to: 1n,
      applied: [{ id: '3' }, { id: '2' }],
    });
  });

  it('at a plan that cannot be is refused as the run would be', async () => {
    const { options } = await given();
    expect(await failureOf(plan({ kind: 'goto', to: 7n }, options))).toMatchObject({ reason: 'not_found' });
    const broken = { ...options, migrations: folderOf({ '1_a.up.sql': '-- rungs: atomic\nvacuum;' }) };
    expect(await failureOf(plan({ kind: 'up', steps: null, to: null }, broken))).toMatchObject({
      reason: 'directive',
      report: { dryRun: true, applied: [] },
    });
  });
});
