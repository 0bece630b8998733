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
