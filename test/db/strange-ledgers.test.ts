/** Tables called like ours that are not: refused by name, before anything is written. */

import { describe, expect, it } from 'vitest';
import { currentVersion, down, force, goto, redo, status, up } from '../../src/index.ts';
import { contents } from '../support/contents.ts';
import { documentOf, errorOf } from '../support/documents.ts';
import { failureOf } from '../support/failure.ts';
import { writeInto } from '../support/folder.ts';
import { withParameters } from '../support/golang-migrate.ts';
import { workplace } from '../support/workplace.ts';

const FILES = {
  '1_a.up.sql': 'create table a (id int);',
  '1_a.down.sql': 'drop table a;',
  '2_b.up.sql': 'create table b (id int);',
};

describe('a version table', () => {
  const cases: readonly (readonly [what: string, sql: string, message: RegExp])[] = [
    [
      'of FluxStudio’s',
      `create table schema_migrations (migration_name text primary key, applied_at timestamptz default now(),
       execution_time_ms int, checksum text, applied_by text); insert into schema_migrations values ('001_a')`,
      /"public"\."schema_migrations" is not golang-migrate’s version table: its columns are: migration_name text, /,
    ],
    [
      'of Rails’s or dbmate’s',
      "create table schema_migrations (version varchar primary key); insert into schema_migrations values ('7')",
      /its columns are: version character varying$/,
    ],
    [
      'that is a view',
      'create view schema_migrations as select 1::bigint as version, false as dirty',
      /it is not a table$/,
    ],
    [
      'that is a materialized view',
      'create materialized view schema_migrations as select 1::bigint as version, false as dirty',
      /it is not a table$/,
    ],
    [
      'that is a foreign table',
      `create foreign data wrapper w; create server s foreign data wrapper w;
       create foreign table schema_migrations (version bigint, dirty boolean) server s`,
      /it is not a table$/,
    ],
    [
      'with a numeric version',
      'create table schema_migrations (version numeric(20,0), dirty boolean)',
      /its columns are: version numeric\(20,0\), dirty boolean$/,
    ],
    [
      'with a number for dirty',
      'create table schema_migrations (version bigint, dirty integer); insert into schema_migrations values (1, 0)',
      /its columns are: version bigint, dirty integer$/,
    ],
    ['without columns', 'create table schema_migrations ()', /its columns are: $/],
    ['that is a sequence', 'create sequence schema_migrations', /it is not a table$/],
    [
      'with two rows',
      'create table schema_migrations (version bigint, dirty boolean); insert into schema_migrations values (1, false), (2, false)',
      /^it holds more than one row; golang-migrate keeps one$/,
    ],
    [
      'with a NULL for the version',
      'create table schema_migrations (version bigint, dirty boolean); insert into schema_migrations values (null, false)',
      /^its row holds a NULL$/,
    ],
    [
      'with a NULL for dirty',
      'create table schema_migrations (version bigint, dirty boolean); insert into schema_migrations values (1, null)',
      /^its row holds a NULL$/,
    ],
    [
      'whose journal is somebody else’s',
      'create table schema_migrations_history (id int, what text)',
      /^public\.schema_migrations_history is not the journal of rungs: its columns are: id integer, what text$/,
    ],
  ];

  it.each(cases)('%s is refused by every command, and left as it is', async (_what, sql, message) => {
    const { rungs, database, folder } = await workplace(FILES);
    await database.query(sql);
    const before = await contents(database);
    const refusal = {
      code: 'MIGRATION_VERSION_FAILED',
      reason: 'ledger_shape',
      message: expect.stringMatching(message),
    };
    expect(errorOf(await rungs('up --json'))).toMatchObject(refusal);
    const options = { database: database.url, migrations: `${folder}/migrations` };
    const others: readonly (() => Promise<unknown>)[] = [
      () => up({ ...options, dryRun: true }),
      () => down(options),
      () => goto({ ...options, to: 1n }),
      () => redo(options),
      () => status(options),
      () => currentVersion(options),
      () => force({ ...options, version: 1n }),
    ];
    for (const other of others) expect(await failureOf(other())).toMatchObject(refusal);
    expect(await contents(database)).toEqual(before);
  });

  it('of golang-migrate’s with an integer for the version is taken as it is', async () => {
    const { rungs, database, ledger } = await workplace(FILES);
    await database.query(
      'create table schema_migrations (version integer, dirty boolean); insert into schema_migrations values (1, false)',
    );
    expect(documentOf(await rungs('up --json'))).toMatchObject({ from: '1', to: '2', error: null });
    expect(await ledger()).toEqual(['2']);
  });

  it.each([
    [
      'with more columns',
      'create table schema_migrations (note text, version bigint, dirty boolean, at timestamptz default now())',
    ],
    [
      'that is unlogged, and without a key',
      'create unlogged table schema_migrations (dirty boolean, version bigint)',
    ],
    [
      'that is partitioned',
      'create table schema_migrations (version bigint, dirty boolean) partition by list (dirty); create table p partition of schema_migrations default',
    ],
  ])('%s is one, and moves on', async (_what, sql) => {
    const { rungs, database, ledger } = await workplace(FILES);
    await database.query(
      `${sql}; insert into schema_migrations (version, dirty) values (1, false); create table a (id int)`,
    );
    expect(documentOf(await rungs('up --json'))).toMatchObject({ from: '1', to: '2', error: null });
    expect(documentOf(await rungs('force 1 --json'))).toMatchObject({ to: '1', error: null });
    expect(await ledger()).toEqual(['1']);
  });

  it('with a column that we cannot fill in is told of, and nothing is left', async () => {
    const { rungs, database, ledger, tables } = await workplace(FILES);
    await database.query('create table schema_migrations (version bigint, dirty boolean, who text not null)');
    expect(errorOf(await rungs('up --json'))).toMatchObject({
      code: 'MIGRATION_UP_FAILED',
      operation: 'record migration 1',
      sqlstate: '23502',
      message: expect.stringContaining('"who"'),
    });
    expect([await ledger(), await tables()]).toEqual([[], []]);
  });

  it('in another schema is another application’s', async () => {
    const { rungs, database, ledger } = await workplace(FILES);
    await database.query(`create schema audit; create table audit.schema_migrations (version bigint, dirty boolean);
      insert into audit.schema_migrations values (7, true)`);
    expect(documentOf(await rungs('up --json'))).toMatchObject({ from: null, to: '2', error: null });
    expect(await database.query('select version::text, dirty from audit.schema_migrations')).toEqual([
      { version: '7', dirty: true },
    ]);
    expect(await database.query('select version::text from public.schema_migrations')).toEqual([
      { version: '2' },
    ]);
    expect(await ledger()).not.toBeNull();
  });

  it.each([[{ name: '' }], [{ journal: '' }], [{ schema: '' }], [{ name: 'a\0b' }], [{ schema: 'a\0b' }]])(
    'cannot be called %j',
    async (table) => {
      const { folder, database } = await workplace(FILES);
      const options = { database: database.url, migrations: `${folder}/migrations`, table };
      for (const work of [up, status, currentVersion]) {
        expect(await failureOf(work(options))).toMatchObject({
          code: 'MIGRATION_INIT_FAILED',
          reason: 'ledger_shape',
          message: expect.stringMatching(/is empty, or holds a NUL$/),
        });
      }
    },
  );

  it('that is a stranger’s can stay, beside ours of another name', async () => {
    const { rungs, database } = await workplace(FILES);
    await database.query(
      "create table schema_migrations (version varchar primary key); insert into schema_migrations values ('7')",
    );
    const url = new URL(database.url);
    url.searchParams.set('x-migrations-table', 'ours');
    expect(await rungs('up', { env: { DATABASE_URL: url.href } })).toMatchObject({ code: 0 });
    expect(await database.query('select version::text, dirty from ours')).toEqual([
      { version: '2', dirty: false },
    ]);
    expect(await database.query('select * from schema_migrations')).toEqual([{ version: '7' }]);
  });

  it('at golang-migrate’s -1, where its down of the first failed, has both ways out named', async () => {
    const { rungs, database, ledger } = await workplace(FILES);
    await rungs('up --num-steps 1');
    await database.query('update schema_migrations set version = -1, dirty = true');
    const hint =
      'where nothing of migration 1 is there, `rungs force 0`; where all of it is there, `rungs force 1`';
    expect(errorOf(await rungs('up --json'))).toMatchObject({
      reason: 'dirty',
      message: 'Dirty database version -1. Fix and force version.',
      hint: `look at the schema: ${hint}`,
    });
    expect((await rungs('status')).stdout).toContain(
      'Where nothing of migration 1 is there, `rungs force 0`;',
    );
    await rungs('force 1');
    expect(await ledger()).toEqual(['1']);
  });
});

describe('a table of names', () => {
  const NAMED = { '001_a.sql': 'create table a (id int);', '002_b.sql': 'create table b (id int);' };
  const COLUMNS =
    'migration_name text, applied_at timestamptz, execution_time_ms int, checksum text, applied_by text';

  it.each([
    [
      'that is a view',
      `create view schema_migrations as select 1 as id, null::text as migration_name`,
      /it is not a table$/,
    ],
    [
      'without an id',
      `create table schema_migrations (${COLUMNS})`,
      /its columns are: migration_name text, /,
    ],
    [
      'with text for times',
      `create table schema_migrations (id serial, ${COLUMNS.replace('timestamptz', 'text')})`,
      /applied_at text/,
    ],
    [
      'that is golang-migrate’s',
      'create table schema_migrations (version bigint, dirty boolean)',
      /version bigint, dirty boolean$/,
    ],
  ])('%s is refused, and left as it is', async (_what, sql, message) => {
    const { rungs, database } = await workplace(NAMED);
    await database.query(sql);
    const before = await contents(database);
    for (const words of ['up', 'status', 'up --dry-run', 'rollback', 'down']) {
      expect(errorOf(await rungs(`${words} --json`)), words).toMatchObject({
        code: 'MIGRATION_VERSION_FAILED',
        reason: 'ledger_shape',
        message: expect.stringMatching(message),
      });
    }
    expect(await contents(database)).toEqual(before);
  });

  it('with more columns, a NULL for a name, or nothing but a name is read as it is', async () => {
    const { rungs, database } = await workplace(NAMED);
    await database.query(`create table schema_migrations (id serial, ${COLUMNS}, batch int default 1, unique (migration_name));
      insert into schema_migrations (migration_name) values (null), ('001_a.sql'); create table a (id int)`);
    expect(documentOf(await rungs('up --json'))).toMatchObject({
      applied: [{ id: '002_b.sql' }],
      error: null,
    });
    expect(await database.query('select migration_name from schema_migrations order by id')).toEqual([
      { migration_name: null },
      { migration_name: '001_a.sql' },
      { migration_name: '002_b.sql' },
    ]);
    expect(documentOf(await rungs('status --json')).error).toBeNull();
  });

  it('without a unique name is told of in the server’s words, and nothing is left', async () => {
    const { rungs, database, tables } = await workplace(NAMED);
    await database.query(`create table schema_migrations (id serial, ${COLUMNS});
      insert into schema_migrations (migration_name) values ('001_a.sql'), ('001_a.sql')`);
    expect(documentOf(await rungs('status --json')).migrations).toMatchObject([
      { state: 'applied' },
      { state: 'pending' },
    ]);
    expect(errorOf(await rungs('up --json'))).toMatchObject({
      sqlstate: '42P10',
      operation: 'record migration 002_b.sql',
    });
    expect(await tables()).toEqual([]);
  });
});

describe('a journal whose times go backwards', () => {
  it('is read by the order in which it was written', async () => {
    const { rungs, database, ledger } = await workplace(FILES);
    await rungs('up');
    // As after a clock that was set back between two runs, and by far.
    await database.query(`update schema_migrations_history set finished_at = now() + interval '30 years' where version = 1;
      update schema_migrations_history set started_at = '-infinity', finished_at = now() - interval '30 years' where version = 2`);
    expect(documentOf(await rungs('status --json'))).toMatchObject({
      version: '2',
      migrations: [{ state: 'applied' }, { state: 'applied' }],
      error: null,
    });
    expect(documentOf(await rungs('up --json'))).toMatchObject({ applied: [], error: null });
    await rungs('force 1');
    expect(documentOf(await rungs('down --json'))).toMatchObject({ from: '1', to: null, error: null });
    expect(await ledger()).toEqual([]);
  });
});

describe('a journal of another name', () => {
  /** As golang-migrate's users keep a history (its issue 179). */
  const TRIGGER = `create table schema_migrations (version bigint not null primary key, dirty boolean not null);
    create table schema_migrations_history (id serial primary key, version bigint, applied_at timestamptz default now());
    create function track() returns trigger language plpgsql as
      $$ begin insert into schema_migrations_history (version) values (new.version); return null; end $$;
    create trigger track after insert on schema_migrations for each row execute function track()`;
  const journal = 'select direction, version::text from "our journal" order by id';
  const FIRST = [{ direction: 'up', version: '1' }];

  it('is what the refusal of a stranger’s asks for', async () => {
    const { rungs, database } = await workplace(FILES);
    await database.query(TRIGGER);
    expect(errorOf(await rungs('up --json'))).toMatchObject({
      reason: 'ledger_shape',
      hint: 'name another one for the journal with `journal:` in rungs.yaml, or `x-journal-table=` in the URL',
    });
  });

  it.each(['rungs.yaml', 'the URL', 'the API'])(
    'is given in %s, and a stranger’s stays the stranger’s',
    async (where) => {
      const { rungs, database, folder } = await workplace(FILES);
      await database.query(TRIGGER);
      const url = withParameters(
        database.url,
        where === 'the URL' ? { 'x-journal-table': 'our journal' } : {},
      );
      if (where === 'rungs.yaml') writeInto(folder, { 'rungs.yaml': 'journal: our journal\n' });
      const table = where === 'the API' ? { table: { journal: 'our journal' } } : {};
      const options = { database: url, migrations: `${folder}/migrations`, ...table };
      const run = (words: string) => rungs(words, { env: { DATABASE_URL: url } });
      if (where === 'the API') await up({ ...options, steps: 1 });
      else expect(await run('up --num-steps 1')).toMatchObject({ code: 0 });
      expect(await database.query(journal)).toEqual(FIRST);
      const theirs = await database.query('select version::text from schema_migrations_history');
      expect(theirs).toEqual([{ version: '1' }]);
      if (where === 'the API') await down(options);
      else expect(await run('down')).toMatchObject({ code: 0 });
      expect(await database.query(journal)).toEqual([...FIRST, { direction: 'down', version: '1' }]);
    },
  );

  it('wins in the URL over rungs.yaml', async () => {
    const { rungs, database, folder } = await workplace(FILES);
    writeInto(folder, { 'rungs.yaml': 'journal: another\ntable: versions\n' });
    const env = { DATABASE_URL: withParameters(database.url, { 'x-journal-table': 'our journal' }) };
    expect(await rungs('up 1', { env })).toMatchObject({ code: 0 });
    expect(await database.query(journal)).toEqual(FIRST);
    expect(await database.query('select version::text from versions')).toEqual([{ version: '1' }]);
  });

  it.each([
    ['schema_migrations', 'the version table and the journal are both called schema_migrations'],
    ['é'.repeat(32), `the table name ${'é'.repeat(32)} is longer than 63 bytes`],
  ])('cannot be %s', async (name, message) => {
    const { folder, database } = await workplace(FILES);
    const options = { database: database.url, migrations: `${folder}/migrations`, table: { journal: name } };
    expect(await failureOf(up(options))).toMatchObject({ reason: 'ledger_shape', message });
    expect(await contents(database)).toEqual([[]]);
  });
});
