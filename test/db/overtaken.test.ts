/** `lockStrategy: transaction`: another run comes in between two migrations, and what that may not lead to. */

import { describe, expect, it } from 'vitest';
import { down, goto, type RunOptions, redo, up } from '../../src/index.ts';
import { createDatabase, type Database } from '../support/database.ts';
import { failureOf } from '../support/failure.ts';
import { folderOf } from '../support/folder.ts';
import { gate, WAIT } from '../support/gate.ts';

const LETTERS = ['a', 'b', 'c', 'd'];

const migrations = folderOf(
  Object.fromEntries(
    LETTERS.flatMap((letter, i) => [
      [`${i + 1}_${letter}.up.sql`, `create table ${letter} (id int)`],
      [`${i + 1}_${letter}.down.sql`, `drop table ${letter}`],
    ]),
  ),
);

const at = (database: Database): RunOptions => ({
  database: database.url,
  migrations,
  lockStrategy: 'transaction',
});

/** A database at a version, 0 for none. */
async function standing(version: number): Promise<Database> {
  const database = await createDatabase();
  if (version > 0) await up({ ...at(database), to: BigInt(version) });
  return database;
}

/** Another run, at the first call only. */
function once(other: () => Promise<unknown>): () => Promise<void> {
  let isDone = false;
  return async () => {
    if (isDone) return;
    isDone = true;
    await other();
  };
}

const tables = async (database: Database) =>
  (await database.query(`select relname from pg_class where relname in ('a', 'b', 'c', 'd') order by 1`))
    .map((row) => row.relname)
    .join('');

describe('another run between the migrations of a run', () => {
  it.each([
    ['down 2', 4, (o: RunOptions) => down({ ...o, steps: 2 }), 1, 'ab'],
    ['down --all', 4, (o: RunOptions) => down({ ...o, steps: 'all' }), 1, 'ab'],
    ['up --num-steps 2', 0, (o: RunOptions) => up({ ...o, steps: 2 }), 1, 'ab'],
    ['redo', 3, (o: RunOptions) => redo(o), 1, 'abc'],
  ] as const)(
    'ends %s, of which a part is done, and does no more than was asked',
    async (what, from, run, done, left) => {
      const database = await standing(from);
      const other = () =>
        what === 'redo' || from === 0
          ? up({ ...at(database), steps: 1 })
          : down({ ...at(database), steps: 1 });
      const error = await failureOf(run({ ...at(database), hooks: { afterEach: once(other) } }));
      expect(error).toMatchObject({ reason: 'raced', report: { failed: null, dirty: false } });
      expect(error.report?.applied).toHaveLength(done);
      expect(error.message).toContain('1 of');
      expect(await tables(database)).toBe(left);
    },
  );

  it.each([
    ['down 2', (o: RunOptions) => down({ ...o, steps: 2 })],
    ['redo', (o: RunOptions) => redo(o)],
  ] as const)('ends %s where it has done nothing yet', async (_what, run) => {
    const database = await standing(4);
    const hooks = { beforeEach: once(() => down({ ...at(database), steps: 1 })) };
    const error = await failureOf(run({ ...at(database), hooks }));
    expect(error).toMatchObject({ reason: 'raced', report: { applied: [], to: 3n } });
    expect(await tables(database)).toBe('abc');
  });

  it('lets up --num-steps 2 count from there where it has done nothing yet, as if it had started later', async () => {
    const database = await standing(0);
    const hooks = { beforeEach: once(() => up({ ...at(database), steps: 1 })) };
    const report = await up({ ...at(database), steps: 2, hooks });
    expect(report.applied.map((s) => s.id)).toEqual(['2', '3']);
    expect(await tables(database)).toBe('abc');
  });

  it.each([
    ['up', (o: RunOptions) => up(o), 'abcd', ['1', '3', '4']],
    ['up --to 3', (o: RunOptions) => up({ ...o, to: 3n }), 'abc', ['1', '3']],
    ['goto 3', (o: RunOptions) => goto({ ...o, to: 3n }), 'abc', ['1', '3']],
  ] as const)('lets %s go on to where it was to end', async (_what, run, left, applied) => {
    const database = await standing(0);
    const hooks = { afterEach: once(() => up({ ...at(database), steps: 1 })) };
    const report = await run({ ...at(database), hooks });
    expect(report.applied.map((s) => s.id)).toEqual(applied);
    expect(await tables(database)).toBe(left);
    const runs = await database.query(
      `select distinct run from schema_migrations_history where version in (${applied.join()})`,
    );
    expect(runs).toHaveLength(1);
  });

  it('lets down go on where another only had the lock for a moment', async () => {
    const database = await standing(4);
    const failing = folderOf({
      ...Object.fromEntries(LETTERS.map((l, i) => [`${i + 1}_${l}.up.sql`, `create table ${l} (id int)`])),
      '5_e.up.sql': `${WAIT} select 1/0`,
    });
    const { reached, open } = await gate(database);
    let other: Promise<unknown> = Promise.resolve();
    const hooks = {
      beforeEach: once(async () => {
        other = failureOf(up({ ...at(database), migrations: failing }));
        await reached();
      }),
    };
    const onEvent = ({ kind }: { readonly kind: string }) => {
      if (kind === 'waiting-for-lock') void open();
    };
    const report = await down({ ...at(database), steps: 1, hooks, onEvent });
    await other;
    expect(report.applied.map((s) => s.id)).toEqual(['4']);
    expect(await tables(database)).toBe('abc');
  });

  it('calls beforeEach again for the migration, and reports only those of migrations that were run', async () => {
    const database = await standing(0);
    const calls: string[] = [];
    const interrupt = once(() => up({ ...at(database), steps: 1 }));
    const hooks = {
      beforeEach: async (plan: { readonly migration: { readonly id: string } | null }) => {
        calls.push(plan.migration?.id ?? '');
        if (plan.migration?.id === '2') await interrupt();
      },
    };
    const report = await up({ ...at(database), hooks });
    expect(calls).toEqual(['1', '2', '3', '4']);
    expect(report.applied.map((s) => s.id)).toEqual(['1', '3', '4']);
    expect(report.hooks.map((h) => h.migration?.id)).toEqual(['1', '3', '4']);
  });
});

describe('a file that writes the version table itself', () => {
  it.each([
    ['transaction', 'delete from schema_migrations'],
    ['transaction', 'insert into schema_migrations values (20, false)'],
    ['session', 'delete from schema_migrations'],
    ['session', 'insert into schema_migrations values (20, false)'],
  ] as const)('is refused once, and told as that, with lockStrategy %s: %s', async (lockStrategy, text) => {
    const database = await createDatabase();
    const folder = folderOf({
      '1_a.up.sql': 'create table a (id int)',
      '2_b.up.sql': `create table b (); ${text}`,
    });
    const begun: string[] = [];
    const error = await failureOf(
      up({
        database: database.url,
        migrations: folder,
        lockStrategy,
        onEvent: (e) => {
          if (e.kind === 'started') begun.push(e.id);
        },
      }),
    );
    expect(error).toMatchObject({
      reason: 'raced',
      sqlstate: 'RG001',
      hint: expect.stringContaining('2_b.up.sql writes the version table itself'),
      report: { to: 1n, failed: { id: '2', rolledBack: true } },
    });
    expect(begun).toEqual(['1', '2']);
    expect(await tables(database)).toBe('a');
  });
});
