/** Repeatables as a user has them: run behind the versioned files, again when they say something else, and recorded. */

import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { type MigrateError, up } from '../../src/index.ts';
import { ledgerOf } from '../../src/ledger/ledgers.ts';
import { atomic } from '../../src/messages.ts';
import type { Step } from '../../src/migration.ts';
import { createDatabase, serverMajor } from '../support/database.ts';
import { documentOf, errorOf } from '../support/documents.ts';
import { folderOf } from '../support/folder.ts';
import { recorder } from '../support/recorder.ts';
import { lines, told, type Workplace, workplace } from '../support/workplace.ts';
import { file } from '../support/world.ts';

const TABLE = {
  '1_t.up.sql': 'create table t (id int, name text);',
  '1_t.down.sql': 'drop table t cascade;',
};
const VIEW = 'create or replace view v as select id from t;';
const LAST = 'create or replace view w as select id from v;';
const FILES = { ...TABLE, 'R__1_v.sql': VIEW, 'R__2_w.sql': LAST };

const journalOf = async ({ database }: Workplace, name = 'R__1_v.sql') =>
  database.query(
    `select version, name, direction, kind, mode, state, head::int, length(checksum) as text, length(meaning) as meaning
     from schema_migrations_history where name = $1 order by id`,
    [name],
  );

const ranIn = async (place: Workplace, words = 'up --json') =>
  documentOf(await place.rungs(words)).applied?.map((m) => m.id);

const statesIn = async (place: Workplace) =>
  documentOf(await place.rungs('status --json')).migrations?.map((m) => `${m.id} ${m.state}`);

/** SYSTEM_USER is reserved from PostgreSQL 16 on, and so in the grammar: what an older server takes, it refuses. */
const withOlderServer = (name: string, work: () => Promise<void>) => {
  if (serverMajor >= 16) console.error(`not on PostgreSQL ${serverMajor}: ${name}`);
  else it(name, work);
};

describe('repeatables', () => {
  it('run behind the last versioned file, once, and move no version', async () => {
    const place = await workplace(FILES);
    expect((await place.rungs('up --dry-run')).stdout).toBe(
      lines(
        'Dry run - the following migrations would be applied:',
        ...['  - 1_t', '  - R__1_v.sql', '  - R__2_w.sql', '', 'Current version: 0', 'Target version: 1'],
      ),
    );
    expect(told(await place.rungs('up'))).toBe(
      lines(
        'applied 1 t (N ms)',
        'applied R__1_v.sql (N ms)',
        'applied R__2_w.sql (N ms)',
        'Migrated from version 0 to 1',
        '2 repeatables run',
      ),
    );
    expect(await place.ledger()).toEqual(['1']);
    expect((await place.rungs('up')).stdout).toBe('Already at latest version: 1\n');
    expect(await journalOf(place)).toEqual([
      {
        ...{ version: null, name: 'R__1_v.sql', direction: 'up', kind: 'run', mode: 'atomic', state: 'done' },
        ...{ head: 1, text: 64, meaning: 64 },
      },
    ]);
    expect(await statesIn(place)).toEqual(['1 applied', 'R__1_v.sql applied', 'R__2_w.sql applied']);
  });

  it('run again when they say something else, and not for a comment', async () => {
    const place = await workplace(FILES);
    await place.rungs('up');
    place.write({ 'R__1_v.sql': `-- all of them\n${VIEW.replaceAll(' ', '\n  ')}\n` });
    expect(await statesIn(place)).toEqual(['1 applied', 'R__1_v.sql applied', 'R__2_w.sql applied']);
    expect(await ranIn(place)).toEqual([]);
    place.write({ 'R__1_v.sql': 'create or replace view v as select id, name from t;' });
    expect(await statesIn(place)).toEqual(['1 applied', 'R__1_v.sql pending', 'R__2_w.sql applied']);
    expect((await place.rungs('up')).stdout).toBe(lines('Already at latest version: 1', '1 repeatable run'));
    expect(await ranIn(place)).toEqual([]);
    expect(await journalOf(place)).toHaveLength(2);
    // What was run once before is not what was run last.
    place.write({ 'R__1_v.sql': `drop view v cascade; ${VIEW}` });
    await place.rungs('up');
    place.write({ 'R__1_v.sql': 'create or replace view v as select id, name from t;' });
    expect(await ranIn(place)).toEqual(['R__1_v.sql']);
  });

  // What is not of its own major version is left to the server.
  withOlderServer('are told by their texts where the grammar cannot read them', async () => {
    const place = await workplace({
      ...TABLE,
      'R__f.sql': `select 1 as "a"; create table if not exists c (system_user int);`,
    });
    expect(await ranIn(place)).toContain('R__f.sql');
    expect(await ranIn(place)).toEqual([]);
  });

  it('run again with another value of a placeholder, and not for a comment', async () => {
    const place = await workplace({ 'R__v.sql': `create or replace view v as select '\${it}' as it;` });
    const env = (value: string) => ({ env: { RUNGS_PLACEHOLDER_it: value } });
    expect(documentOf(await place.rungs('up --json', env('one'))).applied).toHaveLength(1);
    expect(documentOf(await place.rungs('up --json', env('one'))).applied).toHaveLength(0);
    place.write({ 'R__v.sql': `-- it\ncreate or replace view v as select '\${it}' as it;` });
    expect(documentOf(await place.rungs('up --json', env('one'))).applied).toHaveLength(0);
    expect(documentOf(await place.rungs('up --json', env('two'))).applied).toHaveLength(1);
    expect(await place.database.query('select it from v')).toEqual([{ it: 'two' }]);
  });

  it('are pending after a run that stops before the last versioned file', async () => {
    const place = await workplace({ ...FILES, '2_u.up.sql': 'select 2;', '2_u.down.sql': 'select 2;' });
    const first = documentOf(await place.rungs('up --to 1 --json'));
    expect(first.applied?.map((m) => m.id)).toEqual(['1']);
    expect(first.pending?.map((m) => m.id)).toEqual(['2', 'R__1_v.sql', 'R__2_w.sql']);
    expect(await ranIn(place, 'up --num-steps 1 --json')).toEqual(['2', 'R__1_v.sql', 'R__2_w.sql']);
  });

  it('run again behind what was reverted, with what that took along', async () => {
    const place = await workplace(FILES);
    await place.rungs('up');
    expect((await place.rungs('redo')).stdout).toBe(
      lines('Reverted and applied again: 1', '2 repeatables run'),
    );
    await place.rungs('down');
    expect(await statesIn(place)).toEqual(['1 pending', 'R__1_v.sql pending', 'R__2_w.sql pending']);
    expect(await ranIn(place)).toEqual(['1', 'R__1_v.sql', 'R__2_w.sql']);
    await place.database.query('select * from w');
  });

  it('may be all there is', async () => {
    const place = await workplace({ 'R__s.sql': 'create schema if not exists s;' });
    expect(await ranIn(place)).toEqual(['R__s.sql']);
    expect(await ranIn(place)).toEqual([]);
    expect(await place.ledger()).toEqual([]);
    expect((await place.rungs('status')).stdout).toContain('1 applied, 0 pending');
  });

  it('whose files are gone are shown, and harm nothing', async () => {
    const place = await workplace(FILES);
    await place.rungs('up');
    rmSync(join(place.folder, 'migrations/R__2_w.sql'));
    expect(await statesIn(place)).toEqual(['1 applied', 'R__1_v.sql applied', 'R__2_w.sql missing']);
    expect((await place.rungs('status')).stdout).toContain('Status: OK');
    expect((await place.rungs('verify')).code).toBe(0);
    expect((await place.rungs('up')).stdout).toBe('Already at latest version: 1\n');
  });

  it('beside named files run behind those, have no row in their table, and are not forgotten or reverted', async () => {
    const place = await workplace({
      '001_t.sql': 'create table t (id int);\n-- rungs: down\ndrop table t cascade;',
      'z.sql': 'select 1;',
      'R__1_v.sql': VIEW,
    });
    expect((await place.rungs('up')).stdout).toBe(lines('Applied 2 migrations', '1 repeatable run'));
    expect((await place.rungs('up')).stdout).toBe('No pending migrations\n');
    const rows = () => place.database.query('select migration_name as n from schema_migrations order by id');
    expect(await rows()).toEqual([{ n: '001_t.sql' }, { n: 'z.sql' }]);
    expect((await place.rungs('rollback')).stdout).toContain('Rollback complete: z.sql');
    expect((await place.rungs('up')).stdout).toBe('Applied 1 migration\n');
    place.write({ 'R__1_v.sql': 'select nothing;' });
    expect((await place.rungs('up')).code).toBe(12);
    expect(await statesIn(place)).toEqual(['001_t.sql applied', 'z.sql applied', 'R__1_v.sql failed']);
    // As FluxStudio's own tool would have it: a file like any other.
    await place.database.query("insert into schema_migrations (migration_name) values ('R__1_v.sql')");
    place.write({ 'R__1_v.sql': VIEW.replace('id', 'id as number') });
    expect(errorOf(await place.rungs('up --json')).sqlstate).toBe('42P16');
    place.write({ 'R__1_v.sql': `${VIEW} comment on view v is 'ids';` });
    expect((await place.rungs('up')).stdout).toBe(lines('No pending migrations', '1 repeatable run'));
  });
});

describe('an up-to-date database with repeatables', () => {
  it('is not locked, and nothing is parsed: two queries', async () => {
    const database = await createDatabase();
    const migrations = folderOf(FILES);
    await up({ database: database.url, migrations });
    const { client, sent } = await recorder(database);
    expect((await up({ database: client, migrations })).applied).toEqual([]);
    await client.end();
    expect(sent).toHaveLength(2);
    expect(sent.join()).not.toMatch(/lock\(|create table|insert/);
  });
});

describe('a repeatable that fails', () => {
  it('is rolled back, and those before it stay', async () => {
    const place = await workplace({
      ...FILES,
      'R__2_w.sql': 'create view x as select 1;\n  select nothing from v;',
    });
    const failed = await place.rungs('up');
    expect(failed.code).toBe(12);
    expect(told(failed)).toContain(
      lines(
        '  operation: apply migration R__2_w.sql',
        '  error: column "nothing" does not exist (SQLSTATE 42703)',
        '  at: migrations/R__2_w.sql:2:10',
        '      2 |   select nothing from v;',
        '        |          ^',
        '  applied: 1, R__1_v.sql (kept); R__2_w.sql rolled back',
        '  next: fix the file, and run `rungs up` again',
      ),
    );
    expect(await place.database.query("select to_regclass('x') as x")).toEqual([{ x: null }]);
    place.write({ 'R__2_w.sql': LAST });
    expect(await ranIn(place)).toEqual(['R__2_w.sql']);
  });

  it('for another one behind it is told to number both', async () => {
    const place = await workplace({ ...TABLE, 'R__a.sql': LAST, 'R__b.sql': VIEW });
    const { sqlstate, hint } = errorOf(await place.rungs('up --json'));
    expect({ sqlstate, hint }).toEqual({
      sqlstate: '42P01',
      hint: expect.stringContaining('`R__010_x.sql`'),
    });
  });

  it('for what its last run has made is told to write `or replace`, also where duplicates are left out', async () => {
    const place = await workplace({ ...TABLE, 'R__v.sql': 'create view v as select id from t;' });
    await place.rungs('up');
    place.write({ 'R__v.sql': 'create view v as select id, name from t;' });
    const { database } = place;
    const migrations = `${place.folder}/migrations`;
    const error: MigrateError = await up({ database: database.url, migrations, skipDuplicates: true }).catch(
      (e) => e,
    );
    expect(error).toMatchObject({ sqlstate: '42P07', hint: expect.stringContaining('`create or replace`') });
    expect(await statesIn(place)).toEqual(['1 applied', 'R__v.sql pending']);
  });

  it('for the transaction around it does not run without one, even with x-multi-statement', async () => {
    const place = await workplace({ 'R__d.sql': 'do $$ begin commit; end $$;' });
    const url = `${place.database.url}${place.database.url.includes('?') ? '&' : '?'}x-multi-statement=true`;
    const error = errorOf(await place.rungs('up --json', { env: { DATABASE_URL: url } }));
    expect(error).toMatchObject({ sqlstate: '2D000', hint: expect.stringContaining('versioned migration') });
  });
});

it('what needs more than one transaction is refused with its place before anything runs', async () => {
  const place = await workplace({
    ...TABLE,
    'R__a.sql': 'select 1;\n  create index concurrently on t (id);',
    'R__b.sql': 'begin; select 1; commit; select 2;',
  });
  const error = errorOf(await place.rungs('up --json'));
  expect(error).toMatchObject({ reason: 'repeatable', file: 'migrations/R__a.sql', line: 2, column: 3 });
  expect(error.details).toEqual([expect.stringMatching(/^also: migrations\/R__b\.sql:1:1: .*its own BEGIN/)]);
  expect(await place.tables()).toEqual([]);
});

it('hooks run around each, with its name and no version', async () => {
  const place = await workplace(FILES);
  place.write({
    '../rungs.yaml': 'hooks:\n  afterEach:\n    - note.sql\n    - command: cat >> told\n',
    '../note.sql': "insert into noted values (current_setting('rungs.migration'));",
  });
  await place.database.query('create table noted (id text)');
  expect((await place.rungs('up')).code).toBe(0);
  const noted = await place.database.query('select id from noted');
  expect(noted.map((r) => r.id)).toEqual(['1', 'R__1_v.sql', 'R__2_w.sql']);
  const plans = readFileSync(join(place.folder, 'told'), 'utf8').trim().split('\n');
  expect(plans.map((plan) => JSON.parse(plan).migration)).toMatchObject([
    { id: '1', version: '1' },
    { id: 'R__1_v.sql', version: null, mode: 'atomic' },
    { id: 'R__2_w.sql', version: null, mode: 'atomic' },
  ]);
});

it('each takes the locks for itself with lockStrategy transaction', async () => {
  const place = await workplace({ ...FILES, 'R__3_s.sql': 'select pg_sleep(0.3);' });
  place.write({ '../rungs.yaml': 'lockStrategy: transaction\n' });
  const both = await Promise.all([place.rungs('up'), place.rungs('up')]);
  expect(both.map((r) => [r.code, r.stderr.includes('FAILED')])).toEqual([
    [0, false],
    [0, false],
  ]);
  expect(await journalOf(place, 'R__3_s.sql')).toHaveLength(1);
  expect(await ranIn(place)).toEqual([]);
});

it('plain mode is for versioned files alone', async () => {
  const place = await workplace(FILES);
  place.write({ '../rungs.yaml': 'plain: true\n' });
  const { applied } = documentOf(await place.rungs('up --json'));
  expect(applied?.map((m) => `${m.id} ${m.mode}`)).toEqual([
    '1 plain',
    'R__1_v.sql atomic',
    'R__2_w.sql atomic',
  ]);
});

it('a name that is nearly a repeatable’s is warned of', async () => {
  const place = await workplace({ ...TABLE, 'r__v.sql': VIEW, 'R_v.sql': VIEW });
  const { applied, warnings } = documentOf(await place.rungs('up --json'));
  expect(applied?.map((m) => m.id)).toEqual(['1']);
  expect(warnings.map((w) => w.reason)).toEqual(['ignored_file', 'ignored_file']);
});

it('create makes one, and overwrites none', async () => {
  const place = await workplace(TABLE);
  const made = JSON.parse((await place.rungs('create --repeatable totals --json')).stdout);
  expect(made).toMatchObject({ up: 'migrations/R__totals.sql', down: null });
  expect(errorOf(await place.rungs('create --repeatable totals --json'))).toMatchObject({
    reason: 'duplicate',
    message: 'migrations/R__totals.sql is there already',
  });
});

it('Flyway’s are passed over by adopt, and run once', async () => {
  const place = await workplace(FILES);
  await place.database.query(`create table flyway_schema_history (installed_rank int, version text, description text,
    type text, script text, checksum int, installed_by text, installed_on timestamp, execution_time int, success boolean);
    insert into flyway_schema_history values (1, '1', 't', 'SQL', 'V1__t.sql', 1, 'me', now(), 1, true),
      (2, null, '1 v', 'SQL', 'R__1_v.sql', 1, 'me', now(), 1, true);
    create table t (id int, name text)`);
  const { code, stdout, stderr } = await place.rungs('adopt --yes');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain('Adopted 1 migration');
  expect(await ranIn(place)).toEqual(['R__1_v.sql', 'R__2_w.sql']);
});

it('two runs at once record one run', async () => {
  const place = await workplace({ ...TABLE, 'R__s.sql': 'select pg_sleep(0.3);' });
  const both = await Promise.all([place.rungs('up'), place.rungs('up')]);
  expect(both.map((r) => r.code)).toEqual([0, 0]);
  expect(await journalOf(place, 'R__s.sql')).toHaveLength(1);
});

describe('two runs that got past the locks', () => {
  const migration = {
    ...{ id: 'R__s.sql', version: 1n, name: '', down: null, ledgerChecksums: [] },
    up: { ...file('R__s.sql', 'select pg_sleep(0.3)').file, repeatable: true as const },
  };
  const messageFor = (layout: 'pairs' | 'named', head: bigint | null) => {
    const from = { version: head, dirty: false };
    const way = { direction: 'up', resume: null, last: null, from, to: head } as const;
    const step: Step = { migration, file: migration.up, ...way };
    const place = {
      ...{ schema: 'public', table: 'schema_migrations', journal: 'schema_migrations_history' },
      sentinel: { schema: null, name: 'users' },
    };
    const author = { tool: 'test', run: 'test' };
    const envelope = {
      place,
      ledger: ledgerOf(layout),
      author,
      nonce: 'n',
      application: 'test',
      cleanUp: ['reset all'],
      lockIds: [],
      statementLockMs: 0,
      perMessage: null,
      holder: null,
      watch: false,
      hooks: { before: [], after: [] },
    };
    return atomic(envelope, step).text;
  };
  const sendTwice = async (url: string, text: string) => {
    const clients = [new pg.Client(url), new pg.Client(url)];
    await Promise.all(clients.map((c) => c.connect()));
    const results = await Promise.allSettled(clients.map((c) => c.query(text)));
    await Promise.all(clients.map((c) => c.end()));
    return results
      .map((r) => (r.status === 'fulfilled' ? 'done' : (r.reason as { code: string }).code))
      .sort();
  };

  it.each([
    ['pairs', 1n, TABLE],
    ['pairs', null, {}],
    ['named', null, { '001_t.sql': 'create table t (id int);' }],
  ] as const)('beside %s at version %s record one of them', async (layout, head, files) => {
    const place = await workplace({ ...files, 'R__x.sql': 'select 1;' });
    await place.rungs('up');
    expect(await sendTwice(place.database.url, messageFor(layout, head))).toEqual(['RG001', 'done']);
    expect(await journalOf(place, 'R__s.sql')).toHaveLength(1);
  });

  it('leave the ledger’s row as it is, and record none where the version has moved', async () => {
    const place = await workplace({ ...TABLE, 'R__x.sql': 'select 1;' });
    await place.rungs('up');
    const xmin = () => place.database.query('select xmin::text from schema_migrations');
    const before = await xmin();
    expect(await sendTwice(place.database.url, messageFor('pairs', 2n))).toEqual(['RG001', 'RG001']);
    expect(await sendTwice(place.database.url, messageFor('pairs', null))).toEqual(['RG001', 'RG001']);
    await sendTwice(place.database.url, messageFor('pairs', 1n));
    expect(await xmin()).toEqual(before);
  });
});
