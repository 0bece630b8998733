/** SQL and functions around migrations: when they run, in which transaction, and what a failure leaves. */

import pg from 'pg';
import { describe, expect, it } from 'vitest';
import {
  down,
  type Event,
  type GivenHooks,
  goto,
  type HookFunction,
  type HookPlan,
  plan,
  type RunOptions,
  redo,
  up,
  verify,
} from '../../src/index.ts';
import { createDatabase, type Database, serverMajor } from '../support/database.ts';
import { failureOf } from '../support/failure.ts';
import { folderOf, writeInto } from '../support/folder.ts';
import { recorder } from '../support/recorder.ts';

const THREE = {
  '1_a.up.sql': 'create table a (id int);',
  '1_a.down.sql': 'drop table a;',
  '2_b.up.sql': 'create table b (id int);',
  '2_b.down.sql': 'drop table b;',
  '3_c.up.sql': 'create table c (id int);',
  '3_c.down.sql': 'drop table c;',
};
const LOG = 'create table if not exists log (id int generated always as identity, said text)';
/** Which hook, and which migration it says it is for. */
const note = (hook: string): string =>
  `insert into log (said) values ('${hook} ' || coalesce(current_setting('rungs.migration', true) || ' ' || current_setting('rungs.direction', true), ''))`;

/** A database with a table to write into, migrations, and hooks by the names of their files. */
async function place(
  hooks: Readonly<Record<string, string>>,
  migrations: Readonly<Record<string, string>> = THREE,
) {
  const database = await createDatabase();
  await database.query(LOG);
  const folder = folderOf(Object.fromEntries(Object.entries(hooks).map(([n, t]) => [`${n}.sql`, t])));
  const given = folderOf(migrations);
  const hook = (name: string): string => `${folder}/${name}.sql`;
  const options: RunOptions = { database: database.url, migrations: given };
  return { database, folder, hook, migrations: given, options };
}

const said = async (database: Database): Promise<readonly unknown[]> =>
  (await database.query('select said from log order by id')).map((row) => String(row.said).trim());
const exists = async (database: Database, table: string): Promise<unknown> =>
  (await database.query(`select to_regclass('${table}') is not null as there`))[0]?.there;
const ledger = (database: Database) => database.query('select version::int, dirty from schema_migrations');

const ALL = {
  'before-all': note('beforeAll'),
  before: note('beforeEach'),
  after: note('afterEach'),
  'after-all': note('afterAll'),
};

describe('SQL hooks', () => {
  it('run before and after all, and before and after each', async () => {
    const { database, hook, options } = await place(ALL);
    const hooks: GivenHooks = {
      beforeAll: hook('before-all'),
      beforeEach: hook('before'),
      afterEach: [hook('after'), hook('after')],
      afterAll: hook('after-all'),
    };
    const report = await up({ ...options, hooks, steps: 2 });
    expect(await said(database)).toEqual([
      'beforeAll',
      ...['beforeEach 1 up', 'afterEach 1 up', 'afterEach 1 up'],
      ...['beforeEach 2 up', 'afterEach 2 up', 'afterEach 2 up'],
      'afterAll',
    ]);
    expect(report.hooks.map((h) => [h.hook, h.kind, h.name, h.migration?.id ?? null])).toEqual([
      ['beforeAll', 'sql', hook('before-all'), null],
      ['beforeEach', 'sql', hook('before'), '1'],
      ['afterEach', 'sql', hook('after'), '1'],
      ['afterEach', 'sql', hook('after'), '1'],
      ['beforeEach', 'sql', hook('before'), '2'],
      ['afterEach', 'sql', hook('after'), '2'],
      ['afterEach', 'sql', hook('after'), '2'],
      ['afterAll', 'sql', hook('after-all'), null],
    ]);
  });

  it('run on the way down, in redo and in goto', async () => {
    const { database, hook, options } = await place(ALL);
    const hooks = { beforeEach: hook('before') };
    await up(options);
    await down({ ...options, hooks });
    await redo({ ...options, hooks });
    await goto({ ...options, hooks, to: 1n });
    expect(await said(database)).toEqual(
      ['3 down', '2 down', '2 up', '2 down'].map((step) => `beforeEach ${step}`),
    );
  });

  it('set what the file then has, such as a lock_timeout', async () => {
    const { database, hook, options } = await place(
      { limits: "set local lock_timeout = '7s' -- for all" },
      { '1_a.up.sql': `insert into log (said) values (current_setting('lock_timeout'))` },
    );
    await up({ ...options, hooks: { beforeEach: hook('limits') } });
    expect(await said(database)).toEqual(['7s']);
  });

  it('after a file find the session as it was at its start, whatever the file has set', async () => {
    const { database, hook, options } = await place(
      { after: `${note('afterEach')}; analyze log` },
      {
        '1_a.up.sql': `set search_path = ''; set default_transaction_read_only = on; create table public.a ()`,
      },
    );
    await up({ ...options, hooks: { afterEach: hook('after') } });
    expect(await said(database)).toEqual(['afterEach 1 up']);
    const [stats] = await database.query(`select reltuples from pg_class where relname = 'log'`);
    // -1: never analysed.
    expect(stats).not.toEqual({ reltuples: -1 });
  });

  it('leave nothing in the session for the next migration', async () => {
    const { database, hook, options } = await place(
      { after: `set search_path = nowhere; set role pg_monitor; create temp table t ()` },
      THREE,
    );
    await up({ ...options, hooks: { beforeAll: hook('after'), afterEach: hook('after') } });
    expect(await exists(database, 'public.c')).toBe(true);
  });

  it('are one message with their migration', async () => {
    const { database, hook, options } = await place(ALL);
    const { client, sent } = await recorder(database);
    await up({
      ...options,
      database: client,
      hooks: { beforeEach: hook('before'), afterEach: hook('after') },
      steps: 1,
    });
    await client.end();
    expect(sent.filter((text) => text.includes('beforeEach'))).toHaveLength(1);
    expect(sent.filter((text) => text.includes('afterEach'))).toHaveLength(1);
    // As without hooks: look, nothing to read, what the client had set, lock, look, tables, the file, unlock, set again.
    expect(sent).toHaveLength(8);
  });

  it('run in layout named and for a script', async () => {
    const named = await place(ALL, { '001_a.sql': 'create table a ();', '002_b.sql': 'create table b ();' });
    await up({ ...named.options, hooks: { afterEach: named.hook('after') } });
    expect(await said(named.database)).toEqual(['afterEach 001_a.sql up', 'afterEach 002_b.sql up']);
    const script = await place(ALL, { 'init-db.sql': 'create table users ();' });
    const hooks = {
      beforeAll: script.hook('before-all'),
      beforeEach: script.hook('before'),
      afterEach: script.hook('after'),
    };
    await up({ ...script.options, hooks });
    await up({ ...script.options, hooks });
    expect(await said(script.database)).toEqual([
      'beforeAll',
      'beforeEach init-db.sql up',
      'afterEach init-db.sql up',
    ]);
  });

  it('run beside statements that are left out as duplicates', async () => {
    const { database, hook, options } = await place(ALL, {
      '1_a.up.sql': 'create table log (id int); create table a (id int);',
    });
    const hooks = { beforeEach: hook('before'), afterEach: hook('after') };
    const report = await up({ ...options, hooks, skipDuplicates: true });
    expect(report.warnings.map((w) => w.reason)).toEqual(['duplicate_object']);
    expect(await said(database)).toEqual(['beforeEach 1 up', 'afterEach 1 up']);
  });

  it('on a client on loan leave it as it was lent', async () => {
    const { database, hook, options } = await place({
      all: 'set search_path = pg_catalog',
      path: 'set search_path = public',
      after: note('afterEach'),
    });
    const client = new pg.Client(database.url);
    await client.connect();
    await client.query('create schema app; set search_path = app, public');
    const hooks: GivenHooks = {
      beforeAll: hook('all'),
      beforeEach: hook('path'),
      afterEach: [hook('after'), hook('all')],
      afterAll: hook('all'),
    };
    await up({ ...options, database: client, hooks });
    const { rows } = await client.query('show search_path');
    await client.end();
    expect(rows).toEqual([{ search_path: 'app, public' }]);
    expect(await exists(database, 'public.c')).toBe(true);
    expect(await said(database)).toHaveLength(3);
  });
});

describe('where there is nothing to run', () => {
  it('no hook runs, and nothing is locked', async () => {
    const { database, hook, options } = await place(ALL);
    await up(options);
    const heard: Event[] = [];
    const hooks: GivenHooks = {
      beforeAll: hook('before-all'),
      afterAll: [hook('after-all'), () => expect.unreachable('a function was called')],
    };
    const report = await up({ ...options, hooks, onEvent: (e) => heard.push(e) });
    expect(report.hooks).toEqual([]);
    expect(await said(database)).toEqual([]);
    expect(heard).toEqual([]);
  });

  it('a dry run says which would run, and runs none', async () => {
    const { database, hook, options } = await place(ALL);
    const hooks: GivenHooks = {
      beforeAll: hook('before-all'),
      beforeEach: [function announce() {}, hook('before')],
      afterAll: hook('after-all'),
    };
    const report = await plan({ kind: 'up', steps: 1, to: null }, { ...options, hooks });
    expect(report.hooks.map((h) => [h.hook, h.kind, h.executionTimeMs])).toEqual([
      ['beforeAll', 'sql', null],
      ['beforeEach', 'function', null],
      ['beforeEach', 'sql', null],
      ['afterAll', 'sql', null],
    ]);
    expect(await said(database)).toEqual([]);
  });
});

describe('a hook that fails', () => {
  it('before all: no migration is run', async () => {
    const { database, hook, options } = await place({ bad: `${note('beforeAll')};\nselect 1 / 0;` });
    const error = await failureOf(up({ ...options, hooks: { beforeAll: hook('bad') } }));
    expect(error).toMatchObject({
      code: 'MIGRATION_UP_FAILED',
      reason: 'hook',
      operation: 'run the beforeAll hook',
      sqlstate: '22012',
      location: { file: hook('bad'), line: 2, column: 1 },
      report: { applied: [], failed: null, dirty: false, hooks: [] },
    });
    expect(error.report?.notReached.map((m) => m.id)).toEqual(['1', '2', '3']);
    expect(error.hint).toContain('run `task migrate` again: no migration was run');
    expect(await said(database)).toEqual([]);
    expect(await exists(database, 'a')).toBe(false);
    // The lock is free again.
    expect(await up(options)).toMatchObject({ to: 3n });
  });

  it.each([
    ['beforeEach', 'at a place that the server names', '-- é😀\n  select nope;', 2, 10, '42703'],
    ['afterEach', 'at a place that the server names', '-- é😀\n  select nope;', 2, 10, '42703'],
    ['beforeEach', 'in a function', `select 1;\n\ndo $$ begin raise 'no'; end $$;`, 3, 1, 'P0001'],
    ['afterEach', 'in a function', `select 1;\n\ndo $$ begin raise 'no'; end $$;`, 3, 1, 'P0001'],
  ] as const)(
    '%s, %s: its migration is rolled back, and its own line is named',
    async (name, _, text, line, column, sqlstate) => {
      const { database, hook, options } = await place({ good: note('good'), bad: text, last: note('last') });
      const hooks = { [name]: [hook('good'), hook('bad'), hook('last')] };
      const error = await failureOf(up({ ...options, hooks }));
      expect(error).toMatchObject({
        code: 'MIGRATION_UP_FAILED',
        reason: 'hook',
        operation: `run the ${name} hook of migration 1`,
        sqlstate,
        location: { file: hook('bad'), line, column },
        report: { to: null, dirty: false, failed: { id: '1', rolledBack: true } },
      });
      expect(error.hint).toContain('fix the hook, and run `task migrate` again');
      expect(await said(database)).toEqual([]);
      expect(await exists(database, 'a')).toBe(false);
      expect(await ledger(database)).toEqual([]);
    },
  );

  it('of a deferred constraint names the hook alone', async () => {
    const { hook, options } = await place(
      { after: 'set constraints all deferred; insert into child values (7);' },
      {
        '1_a.up.sql':
          'create table parent (id int primary key); create table child (id int references parent deferrable initially deferred);',
      },
    );
    const error = await failureOf(up({ ...options, hooks: { afterEach: hook('after') } }));
    expect(error).toMatchObject({
      reason: 'hook',
      sqlstate: '23503',
      location: { file: hook('after'), line: null },
    });
  });

  it('does not take the blame for the file between the two, nor the file for a hook', async () => {
    const { hook, options, migrations } = await place({ before: 'select 1; select 2;', after: 'select 3;' });
    writeInto(migrations, { '1_a.up.sql': `select 1;\nselect 1;\n do $$ begin raise 'mine'; end $$;` });
    const hooks = { beforeEach: hook('before'), afterEach: hook('after') };
    expect(await failureOf(up({ ...options, hooks }))).toMatchObject({
      reason: 'sql',
      operation: 'apply migration 1',
      location: { file: `${migrations}/1_a.up.sql`, line: 3, column: 2 },
    });
    writeInto(migrations, { '1_a.up.sql': 'select 1;\n  select nope;' });
    expect(await failureOf(up({ ...options, hooks }))).toMatchObject({
      reason: 'sql',
      location: { file: `${migrations}/1_a.up.sql`, line: 2, column: 10 },
    });
  });

  it('for lack of a right names the right', async () => {
    const { database, hook, options } = await place({ before: 'select * from pg_authid;' });
    const role = `rungs_hook_${database.name.slice(-12)}`;
    await database.query(`create role ${role}; grant create, usage on schema public to ${role}`);
    try {
      const error = await failureOf(up({ ...options, role, hooks: { beforeEach: hook('before') } }));
      expect(error).toMatchObject({
        reason: 'permission',
        operation: 'run the beforeEach hook of migration 1',
      });
    } finally {
      await database.query(`drop owned by ${role}; drop role ${role}`);
    }
  });

  it('after all: the migrations are kept, and the error says so', async () => {
    const { database, hook, options } = await place({ bad: 'select nope' });
    const hooks = { afterAll: hook('bad') };
    const error = await failureOf(up({ ...options, hooks }));
    expect(error).toMatchObject({
      code: 'MIGRATION_UP_FAILED',
      reason: 'hook',
      operation: 'run the afterAll hook',
      location: { file: hook('bad'), line: 1, column: 8 },
      report: { to: 3n, failed: null, notReached: [], pending: [] },
    });
    expect(error.hint).toContain('all migrations of this run are committed and kept');
    expect(await ledger(database)).toEqual([{ version: 3, dirty: false }]);
    expect(await up({ ...options, hooks })).toMatchObject({ applied: [], hooks: [] });
  });

  it('is not left out as a duplicate', async () => {
    const { hook, options } = await place({ before: 'create table log ();' });
    const error = await failureOf(
      up({ ...options, hooks: { beforeEach: hook('before') }, skipDuplicates: true }),
    );
    expect(error).toMatchObject({ reason: 'hook', sqlstate: '42P07' });
  });

  it('after all does not run where a migration failed', async () => {
    const { database, hook, options, migrations } = await place(ALL);
    writeInto(migrations, { '2_b.up.sql': 'select nope' });
    await failureOf(
      up({ ...options, hooks: { beforeAll: hook('before-all'), afterAll: hook('after-all') } }),
    );
    expect(await said(database)).toEqual(['beforeAll']);
  });
});

describe('around a resumable migration', () => {
  const RESUMABLE = {
    '1_a.up.sql': 'create table people (email text); insert into people values (1), (1);',
    '2_i.up.sql': `${note('file')};\ncreate unique index concurrently people_email on people (email);`,
    '2_i.down.sql': 'drop index concurrently people_email;',
  };

  it('beforeEach is run once though the file is continued, and afterEach when it is done', async () => {
    const { database, hook, options } = await place(
      {
        before: `set rungs_test.setting = 'set by the hook'; ${note('beforeEach')}`,
        after: note('afterEach'),
      },
      {
        ...RESUMABLE,
        '2_i.up.sql': `${RESUMABLE['2_i.up.sql']}\ninsert into log (said) values (current_setting('rungs_test.setting'));`,
      },
    );
    await up({ ...options, steps: 1 });
    const hooks = { beforeEach: hook('before'), afterEach: hook('after') };
    const error = await failureOf(up({ ...options, hooks }));
    expect(error).toMatchObject({ reason: 'sql', sqlstate: '23505', report: { dirty: true } });
    // Committed with the mark that the file has begun.
    expect(error.report?.hooks).toMatchObject([{ hook: 'beforeEach', migration: { id: '2' } }]);
    expect(await said(database)).toEqual(
      ['beforeEach 2 up', 'file 2 up'].map((s) => s.replace('file 2 up', 'file')),
    );
    await database.query('delete from people');
    const report = await up({ ...options, hooks });
    // Its setting went with the session, and is made again.
    expect(await said(database)).toEqual(['beforeEach 2 up', 'file', 'set by the hook', 'afterEach 2 up']);
    expect(report.hooks.map((h) => h.hook)).toEqual(['afterEach']);
  });

  it('a function of beforeEach is called again where the file is continued', async () => {
    const { database, options } = await place({}, RESUMABLE);
    await up({ ...options, steps: 1 });
    const called: unknown[] = [];
    const hooks: GivenHooks = { beforeEach: ({ migration }) => void called.push(migration?.id) };
    await failureOf(up({ ...options, hooks }));
    await database.query('delete from people');
    await up({ ...options, hooks });
    expect(called).toEqual(['2', '2']);
  });

  it('beforeEach that fails leaves nothing dirty', async () => {
    const { database, hook, options } = await place({ bad: `select 1;\nselect nope` }, RESUMABLE);
    await up({ ...options, steps: 1 });
    const error = await failureOf(up({ ...options, hooks: { beforeEach: hook('bad') } }));
    expect(error).toMatchObject({
      reason: 'hook',
      location: { file: hook('bad'), line: 2, column: 8 },
      report: { dirty: false, to: 1n, hooks: [] },
    });
    expect(await ledger(database)).toEqual([{ version: 1, dirty: false }]);
  });

  it('afterEach that fails leaves it half done, and the next run goes on with the hook', async () => {
    const { database, hook, folder, options } = await place(
      { after: `select 1;\n do $$ begin raise 'no'; end $$;` },
      { ...RESUMABLE, '1_a.up.sql': 'create table people (email text)' },
    );
    const hooks = { afterEach: hook('after') };
    await up({ ...options, steps: 1 });
    const error = await failureOf(up({ ...options, hooks }));
    expect(error).toMatchObject({
      reason: 'hook',
      operation: 'run the afterEach hook of migration 2',
      location: { file: hook('after'), line: 2, column: 2 },
      report: { dirty: true },
    });
    expect(error.hint).toContain('it goes on with the hook');
    writeInto(folder, { 'after.sql': note('afterEach') });
    await up({ ...options, hooks });
    expect(await said(database)).toEqual(['file', 'afterEach 2 up']);
    expect(await ledger(database)).toEqual([{ version: 2, dirty: false }]);
  });
});

describe('around a plain migration', () => {
  const PLAIN = {
    '1_a.up.sql': '-- rungs: plain\ncreate table a ();',
    '2_b.up.sql': '-- rungs: plain\ncreate table b ();',
  };

  it('they run with its first and its last step', async () => {
    const { database, hook, options } = await place(ALL, PLAIN);
    await up({ ...options, hooks: { beforeEach: hook('before'), afterEach: hook('after') } });
    expect(await said(database)).toEqual([
      'beforeEach 1 up',
      'afterEach 1 up',
      'beforeEach 2 up',
      'afterEach 2 up',
    ]);
  });

  it('afterEach that fails leaves the version dirty, and the hint says that the file has run', async () => {
    const { database, hook, options } = await place({ after: 'select nope' }, PLAIN);
    const error = await failureOf(up({ ...options, hooks: { afterEach: hook('after') } }));
    expect(error).toMatchObject({ reason: 'hook', report: { dirty: true, to: 1n, hooks: [] } });
    expect(error.hint).toContain('the file itself has run: `task migrate:force -- 1`');
    expect(await exists(database, 'a')).toBe(true);
  });
});

describe('a function', () => {
  const planner = () => {
    const plans: HookPlan[] = [];
    const record: HookFunction = (p) => void plans.push(p);
    return { plans, record };
  };

  it('is called with the plan, outside of the transaction', async () => {
    const { database, options, migrations } = await place({});
    const { plans, record } = planner();
    const there: unknown[] = [];
    const hooks: GivenHooks = {
      beforeEach: [record, async () => void there.push(await exists(database, 'a'))],
      afterEach: [async () => void there.push(await exists(database, 'a')), record],
      afterAll: record,
    };
    const report = await up({ ...options, hooks, steps: 1 });
    expect(there).toEqual([false, true]);
    const step = {
      id: '1',
      version: 1n,
      name: 'a',
      direction: 'up',
      mode: 'atomic',
      file: `${migrations}/1_a.up.sql`,
    };
    const common = {
      command: 'up',
      database: database.name,
      layout: 'pairs',
      from: null,
      to: 1n,
      migrations: [step],
    };
    expect(plans).toEqual([
      { ...common, hook: 'beforeEach', migration: step },
      { ...common, hook: 'afterEach', migration: step },
      { ...common, hook: 'afterAll', migration: null },
    ]);
    expect(report.hooks.every((h) => h.kind === 'function' && h.executionTimeMs !== null)).toBe(true);
  });

  it('that throws before a migration leaves it unbegun', async () => {
    const { database, options } = await place({});
    const hooks: GivenHooks = {
      beforeEach: ({ migration }) => {
        if (migration?.id === '2') throw new Error('not on a Friday');
      },
    };
    const error = await failureOf(up({ ...options, hooks }));
    expect(error).toMatchObject({
      reason: 'hook',
      operation: 'run the beforeEach hook of migration 2',
      message: 'beforeEach: not on a Friday',
      report: { to: 1n, failed: null },
    });
    expect(error.report?.notReached.map((m) => m.id)).toEqual(['2', '3']);
    expect(error.hint).toContain('migration 2 was not begun');
    expect(await exists(database, 'b')).toBe(false);
  });

  it('that throws after a migration ends the run there, and the migration stays', async () => {
    const { database, options } = await place({});
    const hooks: GivenHooks = { afterEach: () => Promise.reject(new Error('the page is down')) };
    const error = await failureOf(up({ ...options, hooks }));
    expect(error).toMatchObject({ reason: 'hook', report: { to: 1n, failed: null } });
    expect(error.report?.applied.map((s) => s.id)).toEqual(['1']);
    expect(error.hint).toContain('migration 1 is applied, and stays so');
    expect(await ledger(database)).toEqual([{ version: 1, dirty: false }]);
  });

  it('is told of the caller’s abort, and the run is then cancelled', async () => {
    const { database, options } = await place({});
    const controller = new AbortController();
    const hooks: GivenHooks = {
      beforeAll: (_plan, signal) =>
        new Promise((_, reject) => {
          signal?.addEventListener('abort', () => reject(new Error('stopped')));
          controller.abort();
        }),
    };
    const error = await failureOf(up({ ...options, hooks, signal: controller.signal }));
    expect(error).toMatchObject({ reason: 'cancelled', operation: 'run the beforeAll hook' });
    expect(await exists(database, 'a')).toBe(false);
    expect(await up(options)).toMatchObject({ to: 3n });
  });

  it('may run while SQL of the same hook is cancelled', async () => {
    const { options, hook } = await place({ slow: 'select pg_sleep(60)' });
    const controller = new AbortController();
    const onEvent = (e: Event) => {
      if (e.kind === 'hook' && e.runs === 'sql') controller.abort();
    };
    const hooks = { beforeAll: [() => {}, hook('slow')] };
    const error = await failureOf(up({ ...options, hooks, onEvent, signal: controller.signal }));
    expect(error).toMatchObject({ reason: 'cancelled', operation: 'run the beforeAll hook' });
  });
});

describe('where the connection is lost', () => {
  const kill =
    (database: Database): HookFunction =>
    async () =>
      void (await database.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'rungs up'`,
      ));

  it('in a hook before all, the error says that it is not known what became of the hook', async () => {
    const { hook, options } = await place({ dies: 'select pg_terminate_backend(pg_backend_pid())' });
    const error = await failureOf(up({ ...options, hooks: { beforeAll: hook('dies') } }));
    expect(error).toMatchObject({ reason: 'connection_lost', operation: 'run the beforeAll hook' });
    expect(error.message).toContain('it is not known whether the hook was committed');
    expect(await up(options)).toMatchObject({ to: 3n });
  });

  it('in a hook around a migration, it is looked up that nothing was committed', async () => {
    const { database, hook, options } = await place({
      dies: 'select pg_terminate_backend(pg_backend_pid())',
    });
    const error = await failureOf(up({ ...options, hooks: { afterEach: hook('dies') } }));
    expect(error).toMatchObject({ reason: 'connection_lost', report: { to: null, dirty: false } });
    expect(await exists(database, 'a')).toBe(false);
  });

  it('while a function runs before a migration, too', async () => {
    const { database, options } = await place({});
    const error = await failureOf(up({ ...options, hooks: { beforeEach: kill(database) } }));
    expect(error).toMatchObject({ reason: 'connection_lost', report: { to: null, dirty: false } });
    expect(await exists(database, 'a')).toBe(false);
  });

  it('while a dropped lock is taken again, afterEach of what was applied runs all the same', async () => {
    const { database, options, migrations } = await place({}, THREE);
    writeInto(migrations, { '1_a.up.sql': 'create table a (); select pg_advisory_unlock_all();' });
    const client = new pg.Client(database.url);
    client.on('error', () => {});
    await client.connect();
    const { stream } = (client as unknown as { connection: { stream: { destroy(): void } } }).connection;
    const called: unknown[] = [];
    const error = await failureOf(
      up({
        ...options,
        database: client,
        hooks: { afterEach: ({ migration }) => void called.push(migration?.id) },
        onEvent: (e) => {
          if (e.kind === 'warning' && e.warning.reason === 'locks_dropped') stream.destroy();
        },
      }),
    );
    expect(called).toEqual(['1']);
    expect(error).toMatchObject({
      code: 'MIGRATION_UP_FAILED',
      reason: 'connection_lost',
      operation: 'take the migration lock again',
      report: { to: 1n, dirty: false, failed: null },
    });
    expect(error.report?.applied.map((s) => s.id)).toEqual(['1']);
    expect(error.report?.hooks).toHaveLength(1);
  });

  it('behind the last migration, afterAll fails, and what was applied is told', async () => {
    const { database, hook, options } = await place({ 'after-all': note('afterAll') });
    const hooks = { afterEach: kill(database), afterAll: hook('after-all') };
    const error = await failureOf(up({ ...options, hooks, steps: 1 }));
    expect(error).toMatchObject({
      reason: 'connection_lost',
      operation: 'run the afterAll hook',
      report: { to: 1n },
    });
    expect(error.hint).toContain('committed and kept');
  });
});

describe('before anything runs', () => {
  it('a hook that is not there is refused', async () => {
    const { database, hook, options } = await place({});
    const error = await failureOf(up({ ...options, hooks: { afterAll: hook('nowhere') } }));
    expect(error).toMatchObject({
      code: 'MIGRATION_SOURCE_FAILED',
      reason: 'unreadable',
      operation: 'read the hooks',
      message: `the afterAll hook ${hook('nowhere')}: no such file or directory`,
      location: { file: hook('nowhere') },
      hint: expect.stringContaining('correct `afterAll` under `hooks`'),
    });
    expect(await exists(database, 'a')).toBe(false);
  });

  it.each([
    ['transaction control', 'select 1;\n commit;', 2, 2, /a hook runs in one transaction.*COMMIT/],
    [
      'BEGIN and COMMIT around it',
      'begin;\nselect 1;\ncommit;',
      1,
      1,
      /a hook runs in one transaction.*BEGIN/,
    ],
    [
      'what cannot run in a transaction',
      'select 1;\nvacuum;',
      2,
      1,
      /a hook runs in one transaction.*VACUUM/,
    ],
    ['a mode', '-- rungs: plain\nselect 1;', 1, 11, /it has no mode/],
    ['rows', 'create table x (a int);\ncopy x from stdin;\n1\n\\.\n', 2, 1, /write INSERT/],
    ['a command of psql’s', 'select 1;\n\\i other.sql\n', 2, 1, /\\i/],
  ])('a hook with %s is refused by place', async (_, text, line, column, message) => {
    const { database, hook, options } = await place({ bad: text });
    const error = await failureOf(up({ ...options, hooks: { afterAll: hook('bad') } }));
    expect(error.message).toMatch(message);
    expect(error).toMatchObject({
      code: 'MIGRATION_SOURCE_FAILED',
      location: { file: hook('bad'), line, column },
    });
    // Not to write a mode, which is refused too.
    if (error.reason === 'directive')
      expect(error.hint).toBe('correct the hook, and run the same command again');
    expect(await exists(database, 'a')).toBe(false);
  });

  it('a syntax error is told by place, and verify finds it too', async () => {
    const { database, hook, options } = await place({ bad: 'select 1;\n  selct 2;' });
    const hooks = { afterEach: hook('bad') };
    const checks = await verify({ ...options, hooks });
    const found = checks.find((c) => c.name === 'pending files');
    const error = await failureOf(up({ ...options, hooks }));
    // Another server's grammar is its own: there it fails when it is run.
    const isOurs = serverMajor === 18;
    expect(found?.state).toBe(isOurs ? 'failed' : 'ok');
    expect(error).toMatchObject({
      code: isOurs ? 'MIGRATION_SOURCE_FAILED' : 'MIGRATION_UP_FAILED',
      location: { file: hook('bad'), line: 2, column: 3 },
    });
    expect(await exists(database, 'a')).toBe(false);
  });
});
