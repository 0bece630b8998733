import { describe, expect, test } from 'vitest';
import { type Classified, classify } from '../../src/sql/classify.ts';
import { isFault, parse } from '../../src/sql/grammar.ts';

async function of(sql: string): Promise<Classified> {
  const parsed = await parse(sql);
  if (isFault(parsed) || parsed[0] === undefined) throw new Error(`${sql}: not a statement`);
  return classify(parsed[0].node);
}

describe('what a statement is called that PostgreSQL refuses in a transaction', () => {
  // Whether it does refuse each is asked of the server in test/db/alone-statements.test.ts.
  test.each([
    ['create index concurrently on t (a)', 'CREATE INDEX CONCURRENTLY'],
    ['drop index concurrently i', 'DROP INDEX CONCURRENTLY'],
    ['reindex (verbose, concurrently on) table t', 'REINDEX CONCURRENTLY'],
    ['reindex schema concurrently s', 'REINDEX CONCURRENTLY'],
    ['reindex schema s', 'REINDEX SCHEMA'],
    ['vacuum (analyze) t', 'VACUUM'],
    ['alter table p detach partition q concurrently', 'DETACH PARTITION CONCURRENTLY'],
    ["commit prepared 'x'", 'COMMIT PREPARED'],
  ])('%s: %s', async (sql, name) => {
    expect(await of(sql)).toMatchObject({ run: 'alone', alone: name, control: null });
  });
});

describe('what begins or ends a transaction', () => {
  test.each([
    ['begin', 'BEGIN'],
    ['begin isolation level serializable', 'BEGIN'],
    ['start transaction', 'START TRANSACTION'],
    ['commit', 'COMMIT'],
    ['end', 'COMMIT'],
    ['commit and chain', 'COMMIT'],
    ['rollback', 'ROLLBACK'],
    ['abort', 'ROLLBACK'],
    ["prepare transaction 'x'", 'PREPARE TRANSACTION'],
  ])('%s', async (sql, control) => {
    expect(await of(sql)).toMatchObject({ run: 'alone', control, alone: null });
  });
  test.each([
    'savepoint a',
    'release a',
    'rollback to a',
    'set transaction read only',
    'lock table t',
    'set constraints all deferred',
  ])('%s does not', async (sql) => {
    expect(await of(sql)).toMatchObject({ run: 'transaction', control: null, alone: null });
  });
});

test.each(['do $$ begin commit; end $$', 'call settle(1)'])(
  '%s goes alone, because it may commit, and is no reason to leave atomic mode',
  async (sql) => {
    expect(await of(sql)).toMatchObject({ run: 'alone', control: null, alone: null });
  },
);

describe('a lock_timeout for the session', () => {
  test.each([
    "set lock_timeout = '5s'",
    'set session Lock_Timeout to default',
    'reset lock_timeout',
    'reset all',
    "select pg_catalog.set_config('lock_timeout', '5s', false)",
    "select set_config('LOCK_TIMEOUT', '5s', false), set_config('work_mem', '8MB', false)",
  ])('is %s', async (sql) => {
    expect(await of(sql)).toMatchObject({ limits: true });
  });

  test.each([
    "set local lock_timeout = '5s'",
    'set deadlock_timeout = 1 -- not lock_timeout',
    "set a.b = 'lock_timeout'",
    "select set_config('lock_timeout', '5s', true)",
    "select set_config('a.b', 'lock_timeout', false)",
    "alter role app set lock_timeout = '5s'",
  ])('is not %s', async (sql) => {
    expect(await of(sql)).toMatchObject({ limits: false });
  });
});

describe('session state', () => {
  test.each([
    "set lock_timeout = '5s'",
    'set session lock_timeout to default',
    'set search_path = a, b',
    'set role app',
    'set session authorization default',
    'set time zone local',
    "set names 'utf8'",
    'set session characteristics as transaction read only',
    'reset all',
    'reset role',
    "load 'age'",
    "select set_config('a.b', 'c', false)",
    "select pg_catalog.set_config('search_path', '', false), set_config('a.b', current_user, 'off')",
    "select set_config('a.b', 'c', is_local => false) as done",
  ])('is set by %s', async (sql) => {
    expect(await of(sql)).toMatchObject({ session: true, run: 'transaction' });
  });
  test.each([
    "set local lock_timeout = '5s'",
    'set local role app',
    'set transaction isolation level serializable',
    "set transaction snapshot 'x'",
    'set constraints all deferred',
    "select set_config('a.b', 'c', true)",
    "select set_config('a.b', 'c', 'on')",
    "select set_config('a.b', 'c', not true)",
    "select set_config('a.b', 'c', false), 1",
    "select set_config('a.b', name, false) from names",
    "select mine.set_config('a.b', 'c', false)",
    "select current_setting('a.b')",
    'select',
    'show all',
    'alter role app set work_mem = 1',
  ])('is not set by %s', async (sql) => {
    expect(await of(sql)).toMatchObject({ session: false });
  });
});

describe('a concurrent index', () => {
  const index = async (sql: string) => (await of(sql)).concurrentIndex;

  test('has its name and its table as SQL', async () => {
    expect(await index('create unique index concurrently if not exists "I ""x" on only "T" (a)')).toEqual({
      verb: 'create',
      index: '"I ""x"',
      table: '"T"',
    });
  });
  test('is in its table’s schema', async () => {
    expect(await index('create index concurrently i on db.s.t (a)')).toEqual({
      verb: 'create',
      index: '"db"."s"."i"',
      table: '"db"."s"."t"',
    });
  });
  test('may have no name', async () => {
    expect(await index('create index concurrently on t (a)')).toEqual({
      verb: 'create',
      index: null,
      table: '"t"',
    });
  });
  test('folds its name as PostgreSQL does', async () => {
    expect(await index('create index concurrently Ix on T (a)')).toMatchObject({
      index: '"ix"',
      table: '"t"',
    });
  });
  test('is built again by REINDEX of it or of its table', async () => {
    expect(await index('reindex index concurrently s.i')).toEqual({
      verb: 'reindex',
      index: '"s"."i"',
      table: null,
    });
    expect(await index('reindex (concurrently) table s.t')).toEqual({
      verb: 'reindex',
      index: null,
      table: '"s"."t"',
    });
  });
  test.each([
    'create index i on t (a)',
    'drop index concurrently i',
    'reindex table t',
    'reindex (concurrently false) index i',
    'reindex schema concurrently s',
    'select 1',
  ])('is not in %s', async (sql) => {
    expect(await index(sql)).toBeNull();
  });
});
