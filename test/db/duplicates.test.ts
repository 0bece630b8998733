/** `onDuplicateObject: skip`: what is there already is left out by the statement, not by the file. */

import { describe, expect, it } from 'vitest';
import { documentOf, errorOf } from '../support/documents.ts';
import { writeInto } from '../support/folder.ts';
import { type Workplace, workplace } from '../support/workplace.ts';

const FILE = `create table a (id int);
insert into a values (1);
create index a_idx on a (id); create type kind as enum ('x');
alter table a add constraint a_id check (id > 0);
alter table a add column name text;
create function twice(int) returns int language sql as 'select $1 * 2';
create schema s;
create table b (id int);`;

async function given(files: Readonly<Record<string, string>>, setting = 'skip'): Promise<Workplace> {
  const place = await workplace(files);
  writeInto(place.folder, { 'rungs.yaml': `onDuplicateObject: ${setting}\n` });
  return place;
}

const rowsOf = (place: Workplace) => place.database.query('select id from a');

describe('a statement that creates what is there already', () => {
  it('is left out and named, and the rest of the file runs, all in one transaction', async () => {
    const place = await given({ '1_a.up.sql': FILE });
    await place.database.query(
      FILE.replace('create table b (id int);', '').replace('insert into a values (1);', ''),
    );
    const document = documentOf(await place.rungs('up --json'));
    expect(document.error).toBeNull();
    expect(document.warnings.map((w) => [w.reason, (w as { line?: number }).line, w.message])).toEqual([
      ['duplicate_object', 1, 'statement left out: relation "a" already exists (SQLSTATE 42P07)'],
      ['duplicate_object', 3, 'statement left out: relation "a_idx" already exists (SQLSTATE 42P07)'],
      ['duplicate_object', 3, 'statement left out: type "kind" already exists (SQLSTATE 42710)'],
      [
        'duplicate_object',
        4,
        'statement left out: constraint "a_id" for relation "a" already exists (SQLSTATE 42710)',
      ],
      [
        'duplicate_object',
        5,
        'statement left out: column "name" of relation "a" already exists (SQLSTATE 42701)',
      ],
      [
        'duplicate_object',
        6,
        'statement left out: function "twice" already exists with same argument types (SQLSTATE 42723)',
      ],
      ['duplicate_object', 7, 'statement left out: schema "s" already exists (SQLSTATE 42P06)'],
    ]);
    expect([await place.ledger(), await place.tables(), await rowsOf(place)]).toEqual([
      ['1'],
      ['a', 'b'],
      [{ id: 1 }],
    ]);
  });

  it('does not save a file that fails for another reason: nothing of it is left', async () => {
    const place = await given({
      '1_a.up.sql': 'create table b (id int); create table a (id int); select 1/0;',
    });
    await place.database.query('create table a (id int)');
    expect(errorOf(await place.rungs('up --json'))).toMatchObject({
      sqlstate: '22012',
      file: 'migrations/1_a.up.sql',
      line: 1,
    });
    expect([await place.ledger(), await place.tables()]).toEqual([[], ['a']]);
  });

  it('is left out of a file that cannot be a transaction, too', async () => {
    const place = await given({
      '1_a.up.sql': 'create table a (id int); create index concurrently a_idx on a (id); create table b ();',
    });
    await place.database.query('create table a (id int); create index a_idx on a (id)');
    const document = documentOf(await place.rungs('up --json'));
    expect(document.warnings.map((w) => w.reason)).toEqual(['duplicate_object', 'duplicate_object']);
    expect([await place.ledger(), await place.tables()]).toEqual([['1'], ['a', 'b']]);
  });

  it('keeps the migration lock and the notices of the file', async () => {
    const place = await given({
      '1_a.up.sql': "create table a (id int); do $$ begin raise notice 'heard'; end $$;",
    });
    await place.database.query('create table a (id int)');
    const { stderr, code } = await place.rungs('up');
    expect([code, stderr]).toEqual([0, expect.stringContaining('heard')]);
    expect(stderr).not.toContain('lock');
  });

  it('fails as ever without the setting', async () => {
    const place = await given({ '1_a.up.sql': 'create table a (id int);' }, 'fail');
    await place.database.query('create table a (id int)');
    expect(errorOf(await place.rungs('up --json')).sqlstate).toBe('42P07');
    expect(await place.ledger()).toEqual([]);
  });
});
