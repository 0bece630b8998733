/** `baseline`: a database that no tool managed, made to begin with. HoloMUSH's bootstrap script, done right. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { baseline } from '../../src/index.ts';
import { contents } from '../support/contents.ts';
import { documentOf, errorOf } from '../support/documents.ts';
import { lines, workplace } from '../support/workplace.ts';

const HOLOMUSH = 'test/fixtures/holomush';
const files = Object.fromEntries(
  readdirSync(HOLOMUSH).map((name) => [name, readFileSync(join(HOLOMUSH, name), 'utf8')]),
);
const ups = Object.keys(files)
  .filter((name) => name.endsWith('.up.sql'))
  .sort();

/** HoloMUSH before it had migrations: the first `count` files were typed into psql. */
async function legacy(count: number) {
  const place = await workplace(files);
  for (const name of ups.slice(0, count)) await place.database.query(files[name] ?? '');
  return place;
}

describe('HoloMUSH', () => {
  it('everything is there: all seven count as applied, nothing is run, and the next runs', async () => {
    const place = await legacy(7);
    const { code, stdout } = await place.rungs('baseline 7');
    expect(stdout).toMatch(
      /^all \d+ objects that the files up to version 7 create are there\n7 migrations count as applied: public.schema_migrations is at version 7\n$/,
    );
    expect(code).toBe(0);
    expect(await place.ledger()).toEqual(['7']);
    const { migrations } = documentOf(await place.rungs('status --json'));
    expect(migrations?.every((m) => m.state === 'applied')).toBe(true);
    const journal = await place.database.query(
      `select distinct kind, tool, finished_at, applied_by, head::int from schema_migrations_history`,
    );
    expect(journal).toEqual([
      { kind: 'adopted', tool: 'baseline', finished_at: null, applied_by: '', head: 7 },
    ]);
    place.write({ '8_more.up.sql': 'create table more (id int);' });
    expect(documentOf(await place.rungs('up --json')).applied).toMatchObject([{ id: '8' }]);
  });

  it('an empty database is refused with the list of all that is missing, and nothing is marked', async () => {
    const place = await legacy(0);
    const before = await contents(place.database);
    const { code, stdout, stderr } = await place.rungs('baseline 2');
    expect({ code, stdout }).toEqual({ code: 11, stdout: '' });
    expect(stderr).toContain('objects are not in the database; nothing was written');
    expect(stderr).toContain('  migrations/000001_players.up.sql:1: table players\n');
    expect(stderr).toContain('  migrations/000002_locations.up.sql:1: table locations\n');
    expect(stderr).not.toContain('characters');
    expect(await contents(place.database)).toEqual(before);
  });

  it('an incomplete one is refused too, naming what is not there', async () => {
    const place = await legacy(7);
    await place.database.query('drop table objects cascade');
    const error = errorOf(await place.rungs('baseline 7 --json'));
    expect(error).toMatchObject({ reason: 'objects_missing', file: 'migrations/000007_objects.up.sql' });
    expect(error.details.every((d) => d.startsWith('migrations/000007_objects.up.sql:'))).toBe(true);
    expect(await place.ledger()).toBeNull();
    expect((await place.rungs('baseline 6')).code).toBe(0);
    expect(await place.ledger()).toEqual(['6']);
  });
});

const ONE = { '1_a.up.sql': 'create table a (id int);', '2_b.up.sql': 'alter table a add column b text;' };

it('a dry run only looks, and so does the API’s', async () => {
  const place = await workplace(ONE);
  await place.database.query('create table a (id int, b text)');
  const { stdout } = await place.rungs('baseline 2 --dry-run');
  expect(stdout).toBe(
    lines(
      'all 2 objects that the files up to version 2 create are there',
      'Nothing was written: `rungs baseline 2` writes it',
    ),
  );
  const options = { database: place.database.url, migrations: join(place.folder, 'migrations'), version: 1n };
  expect(await baseline({ ...options, dryRun: true })).toMatchObject({ objects: 1, written: false });
  expect(await place.ledger()).toBeNull();
  expect(documentOf(await place.rungs('baseline 2 --json'))).toMatchObject({ version: '2', written: true });
});

it('refuses where there is a version already, and where no file has the one that is asked for', async () => {
  const place = await workplace(ONE);
  const reason = async (words: string) => errorOf(await place.rungs(`${words} --json`)).reason;
  expect(await reason('baseline 9')).toBe('not_found');
  expect(await reason('baseline 0')).toBe('not_found');
  expect(await reason('baseline x')).toBe('version');
  await place.rungs('up --num-steps 1');
  await place.database.query('alter table a add column b text');
  expect(await reason('baseline 2')).toBe('already_managed');
  expect(await place.ledger()).toEqual(['1']);
});

it('a column, a trigger, a function, a type, an extension and an index that are missing are each named', async () => {
  const place = await workplace({
    '1_all.up.sql': `create schema app;
create table app.t (id int);
alter table app.t add column c int;
create index i on app.t (id);
create type app.e as enum ('x');
create function app.f() returns trigger language plpgsql as $$ begin return new; end $$;
create trigger g before insert on app.t for each row execute function app.f();
create materialized view app.m as select 1;
create sequence app.q;
create extension pg_trgm;`,
  });
  await place.database.query('create schema app; create table app.t (id int); create view app.m as select 1');
  expect(errorOf(await place.rungs('baseline 1 --json')).details).toEqual([
    'migrations/1_all.up.sql:3: column c on app.t',
    'migrations/1_all.up.sql:4: index app.i',
    'migrations/1_all.up.sql:5: type app.e',
    'migrations/1_all.up.sql:6: function app.f',
    'migrations/1_all.up.sql:7: trigger g on app.t',
    'migrations/1_all.up.sql:8: materialized view app.m',
    'migrations/1_all.up.sql:9: sequence app.q',
    'migrations/1_all.up.sql:10: extension pg_trgm',
  ]);
});

it('files that create nothing are taken with a warning', async () => {
  const place = await workplace({ '1_a.up.sql': 'select 1;' });
  const document = documentOf(await place.rungs('baseline 1 --json'));
  expect(document.warnings.map((w) => w.reason)).toEqual(['nothing_to_look_for']);
  expect(await place.ledger()).toEqual(['1']);
});

it('where another tool’s table is found, it is named', async () => {
  const place = await workplace({ '1_a.up.sql': 'create table a ();' });
  await place.database.query(
    'create table a (); create table pgmigrations (id int, name text, run_on timestamp)',
  );
  const { warnings } = documentOf(await place.rungs('baseline 1 --dry-run --json'));
  expect(warnings).toMatchObject([
    { reason: 'other_tool', message: expect.stringContaining('public.pgmigrations') },
  ]);
});

it('a file that is no SQL is refused before anything is looked at', async () => {
  const place = await workplace({ '1_a.up.sql': 'creat table a ();' });
  expect(errorOf(await place.rungs('baseline 1 --json'))).toMatchObject({
    ...{ code: 'MIGRATION_SOURCE_FAILED', reason: 'syntax', line: 1 },
  });
});
