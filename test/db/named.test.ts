/** Named files that can be reverted, half-way files, and other tools’ folders as they are. */

import { describe, expect, it } from 'vitest';
import { run } from '../support/built.ts';
import { documentOf, errorOf } from '../support/documents.ts';
import { connectTo } from '../support/session.ts';
import { workplace } from '../support/workplace.ts';

const names = async (place: Awaited<ReturnType<typeof workplace>>) =>
  (await place.database.query('select migration_name as n from schema_migrations order by id')).map(
    (r) => r.n,
  );

describe('named files with a way down', () => {
  const FILES = {
    '001_a.sql': 'create table a (id int);\n-- rungs: down\ndrop table a;',
    '001_b.sql': '-- +goose Up\ncreate table b (id int);\n-- +goose Down\ndrop table b;',
    '002_c.sql': '-- migrate:up\ncreate table c (id int);\n-- migrate:down\ndrop table c;',
  };

  it('go up, down, to a number, and again', async () => {
    const place = await workplace(FILES);
    expect((await place.rungs('up')).stdout).toBe('Applied 3 migrations\n');
    expect((await place.rungs('down')).stdout).toBe('Rolled back 1 migration\n');
    expect(await place.tables()).toEqual(['a', 'b']);
    expect((await place.rungs('goto 2')).stdout).toBe('Applied 1 migration\n');
    expect((await place.rungs('redo')).stdout).toBe('Rolled back 1 migration\nApplied 1 migration\n');
    expect((await place.rungs('goto 1')).stdout).toBe('Rolled back 1 migration\n');
    expect((await place.rungs('down --all --yes')).stdout).toBe('Rolled back 2 migrations\n');
    expect([await place.tables(), await names(place)]).toEqual([[], []]);
    expect((await place.rungs('down')).stdout).toBe('No migrations to roll back\n');
  });

  it('go down in the order in which they were applied, whatever their numbers', async () => {
    const place = await workplace({ '002_c.sql': FILES['002_c.sql'] });
    await place.rungs('up');
    place.write({ '001_a.sql': FILES['001_a.sql'] });
    const late = documentOf(await place.rungs('up --json'));
    expect(late.warnings).toMatchObject([{ reason: 'out_of_order' }]);
    expect(await names(place)).toEqual(['002_c.sql', '001_a.sql']);
    await place.rungs('down');
    expect(await names(place)).toEqual(['002_c.sql']);
  });

  it('tell the place in the file of what fails in either part', async () => {
    const place = await workplace({
      '001_a.sql': 'create table a (id int);\n-- rungs: down\ndrop table a;\n  drop table nowhere;',
      '002_b.sql': '-- migrate:up\nselect 1;\n  select 1/0 from nowhere;\n-- migrate:down\nselect 1;',
    });
    expect(errorOf(await place.rungs('up --json'))).toMatchObject({
      file: 'migrations/002_b.sql',
      line: 3,
      column: 19,
    });
    expect(errorOf(await place.rungs('down --json'))).toMatchObject({
      file: 'migrations/001_a.sql',
      line: 4,
      column: 3,
    });
    expect(await place.tables()).toEqual(['a']);
  });

  it('without one are not reverted, and say what rollback does', async () => {
    const place = await workplace({ '001_a.sql': 'create table a (id int);' });
    await place.rungs('up');
    expect(errorOf(await place.rungs('down --json'))).toMatchObject({
      reason: 'missing_down',
      hint: expect.stringContaining('`rungs rollback`'),
    });
  });
});

describe('a named file that cannot be a transaction', () => {
  const FILES = {
    '001_a.sql': 'create table a (id int);',
    '002_i.sql': 'create unique index concurrently a_idx on a (id); select 2;',
  };

  it('is half done where it fails, and goes on when run again', async () => {
    const place = await workplace(FILES);
    await place.rungs('up --num-steps 1');
    await place.database.query('insert into a values (1), (1)');
    expect((await place.rungs('up')).code).toBe(12);
    expect(documentOf(await place.rungs('status --json')).migrations?.map((m) => m.state)).toEqual([
      'applied',
      'dirty',
    ]);
    await place.database.query('delete from a');
    expect((await place.rungs('up')).stdout).toBe('Applied 1 migration\n');
    expect(await names(place)).toEqual(['001_a.sql', '002_i.sql']);
  });

  it('is not half done any more once rollback has forgotten it, or its row was put in', async () => {
    const place = await workplace({ '001_p.sql': 'begin; create table p (id int); commit; select 1/0;' });
    expect((await place.rungs('up')).code).toBe(12);
    const dirty = errorOf(await place.rungs('up --json'));
    expect(dirty).toMatchObject({ reason: 'dirty', message: '001_p.sql is half done' });
    expect((await place.rungs('rollback')).stdout).toContain('Rollback complete: 001_p.sql');
    await place.database.query('drop table p');
    place.write({ '001_p.sql': 'begin; create table p (id int); commit;' });
    expect((await place.rungs('up')).stdout).toBe('Applied 1 migration\n');
  });
});

it('two runs at once apply each named file once', async () => {
  const place = await workplace({ '001_a.sql': 'create table a (id int); select pg_sleep(0.3);' });
  const both = await Promise.all([place.rungs('up'), place.rungs('up')]);
  expect(both.map((r) => r.code)).toEqual([0, 0]);
  expect(await names(place)).toEqual(['001_a.sql']);
});

it('a row that another tool writes meanwhile is not written twice, and the file is rolled back', async () => {
  const place = await workplace({ '001_a.sql': 'create table a (id int); select pg_sleep(1);' });
  const other = await connectTo(place.database);
  const running = place.rungs('up --json');
  for (;;) {
    const { rows } = await other.query(
      "select 1 from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'",
    );
    if (rows.length > 0) break;
  }
  await other.query("insert into schema_migrations (migration_name) values ('001_a.sql')");
  expect(errorOf(await running)).toMatchObject({ reason: 'raced', sqlstate: 'RG001' });
  expect(await place.tables()).toEqual([]);
});

it('a folder of both kinds is refused, with the setting to write', async () => {
  const place = await workplace({
    '1_a.up.sql': 'select 1;',
    '2_b.sql': 'select 2;',
    '3_c.sql': 'select 3;',
  });
  expect(errorOf(await place.rungs('up --json'))).toMatchObject({
    code: 'MIGRATION_SOURCE_FAILED',
    reason: 'layout',
    hint: expect.stringContaining('`layout: pairs` or `layout: named`'),
  });
});

it('force has no version to set', async () => {
  const place = await workplace({ '001_a.sql': 'select 1;' });
  expect(errorOf(await place.rungs('force 1 --json'))).toMatchObject({
    code: 'MIGRATION_FORCE_FAILED',
    reason: 'layout',
  });
});

it('a bundle carries named files and their ways down', async () => {
  const place = await workplace({ '001_a.sql': 'create table a (id int);\n-- rungs: down\ndrop table a;' });
  expect((await place.rungs('build --outfile m.mjs')).code).toBe(0);
  const env = { DATABASE_URL: place.database.url };
  expect((await run('node', ['m.mjs', 'up'], { cwd: place.folder, env })).stdout).toBe(
    'Applied 1 migration\n',
  );
  expect((await run('node', ['m.mjs', 'down'], { cwd: place.folder, env })).stdout).toBe(
    'Rolled back 1 migration\n',
  );
});
