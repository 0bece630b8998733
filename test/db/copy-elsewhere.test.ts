/** Data in the file where there is more to it: parts, a transaction of its own, statements left out, a script. */

import { describe, expect, it } from 'vitest';
import { run } from '../support/built.ts';
import { documentOf, errorOf } from '../support/documents.ts';
import { writeInto } from '../support/folder.ts';
import { workplace } from '../support/workplace.ts';

const TABLE = 'create table t (id int primary key, name text);\n';
const copy = (...rows: readonly string[]) => `copy t from stdin;\n${rows.map((r) => `${r}\n`).join('')}\\.\n`;

describe('a named file with data', () => {
  const both = (down: string) =>
    `${TABLE}\\restrict abc\n${copy('1\tone', '2\t-- rungs: down')}-- rungs: down\n${copy('3\tthree')}${down}`;

  it('loads each part’s own data, and is the file that it was', async () => {
    const { rungs, database, write } = await workplace({
      '001_t.sql': both('alter table t rename to kept;\n\\unrestrict abc'),
      '002_one.sql': `${copy('4\tfour')}-- rungs: down\nselect 1;`,
    });
    expect((await rungs('up')).stdout).toBe('Applied 2 migrations\n');
    const rows = () => database.query('select id from t order by id');
    expect(await rows()).toEqual([{ id: 1 }, { id: 2 }, { id: 4 }]);
    expect(documentOf(await rungs('status --json')).migrations).toMatchObject([
      { state: 'applied' },
      { state: 'applied' },
    ]);
    expect((await rungs('down')).code).toBe(0);
    // The data of the way down is no part of the way up.
    write({ '001_t.sql': both('alter table t rename to kept;\n\\unrestrict abc').replace('three', 'drei') });
    expect((await rungs('down')).stdout).toBe('Rolled back 1 migration\n');
    expect(await database.query('select id, name from kept order by id')).toMatchObject([
      { id: 1 },
      { id: 2 },
      { id: 3, name: 'drei' },
      { id: 4 },
    ]);
  });

  it('is carried by a bundle', async () => {
    const place = await workplace({ '001_t.sql': both('drop table t;') });
    expect((await place.rungs('build --outfile m.mjs')).code).toBe(0);
    const options = { cwd: place.folder, env: { DATABASE_URL: place.database.url } };
    expect((await run('node', ['m.mjs', 'up'], options)).stdout).toBe('Applied 1 migration\n');
    expect(await place.database.query('select count(*)::int from t')).toEqual([{ count: 2 }]);
    expect((await run('node', ['m.mjs', 'down'], options)).stdout).toBe('Rolled back 1 migration\n');
    expect(await place.tables()).toEqual([]);
  });

  it('tells the places of the file, behind the data of both parts', async () => {
    const { rungs, write } = await workplace({ '001_t.sql': both('select nothing;') });
    expect((await rungs('up')).code).toBe(0);
    expect(errorOf(await rungs('down --json'))).toMatchObject({ line: 11, column: 8 });
    write({ '001_t.sql': both('select 1;').replace('3\tthree', 'x\tthree') });
    expect(errorOf(await rungs('down --json'))).toMatchObject({ line: 9, column: 1 });
    write({ '001_t.sql': both('selekt 1;') });
    expect(errorOf(await rungs('down --json'))).toMatchObject({ line: 11, column: 1 });
    write({ '001_t.sql': both('\\connect other') });
    expect(errorOf(await rungs('down --json'))).toMatchObject({ reason: 'psql', line: 11, column: 1 });
  });
});

it('a file with its own BEGIN and COMMIT around the data is atomic', async () => {
  const { rungs, database, ledger } = await workplace({
    '1_t.up.sql': `begin;\n${TABLE}${copy('1\tone')}commit;\n`,
    '2_t.up.sql': `begin;\n${copy('2\ttwo')}${copy('3\tthree', '1\tagain')}commit;\n`,
  });
  expect(errorOf(await rungs('up --json'))).toMatchObject({ sqlstate: '23505', line: 7, column: 1 });
  expect([await ledger(), await database.query('select id from t')]).toEqual([['1'], [{ id: 1 }]]);
});

it('is loaded where a statement before it is left out, in a transaction or not', async () => {
  const { rungs, database, folder } = await workplace({
    '1_t.up.sql': `${TABLE}${copy('1\tone')}`,
    '2_t.up.sql': `-- rungs: no-transaction\n${TABLE}${copy('2\ttwo')}`,
    '3_t.up.sql': `${TABLE}${copy('3\tthree', 'x\tfour')}`,
  });
  writeInto(folder, { 'rungs.yaml': 'onDuplicateObject: skip\n' });
  await database.query(TABLE);
  expect(errorOf(await rungs('up --json'))).toMatchObject({ file: 'migrations/3_t.up.sql', line: 4 });
  expect(await database.query('select id from t order by id')).toEqual([{ id: 1 }, { id: 2 }]);
});

it('is loaded statement by statement, as x-multi-statement has it', async () => {
  const { rungs, database } = await workplace({
    '1_t.up.sql': `-- rungs: plain\n${TABLE}${copy('1\tone')}select 1;\n${copy('2\ttwo')}`,
    '2_e.up.sql': `create type e as enum ('a');\n`,
    '3_e.up.sql': `alter type e add value 'b';\nselect 'b'::e;\n${copy('3\tthree')}`,
  });
  const url = new URL(database.url);
  url.searchParams.set('x-multi-statement', 'true');
  expect(await rungs('up', { env: { DATABASE_URL: url.href } })).toMatchObject({ code: 0 });
  expect(await database.query('select id from t order by id')).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }]);
});

it('is loaded from a script, a large one too', async () => {
  const rows = Array.from({ length: 100_000 }, (_, i) => `${i}\t${'x'.repeat(50)}`);
  const { rungs, database, folder } = await workplace({});
  const script = (end: string) => ({ 'init-db.sql': `${TABLE}${copy(...rows)}${end}` });
  writeInto(folder, { ...script('select nothing;'), 'rungs.yaml': 'path: init-db.sql\nsentinel: t\n' });
  expect(errorOf(await rungs('up --json'))).toMatchObject({ line: 100_004, column: 8 });
  writeInto(folder, script(''));
  expect(await rungs('up')).toMatchObject({ code: 0 });
  expect(await database.query('select count(*)::int from t')).toEqual([{ count: 100_000 }]);
});
