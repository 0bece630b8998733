/** A file that is too large for one message: several messages, and to the user one transaction as ever. */

import { describe, expect, it } from 'vitest';
import { up } from '../../src/index.ts';
import { listener, of, upPastBlock, withObjects } from '../support/blocked.ts';
import { createDatabase, type Database } from '../support/database.ts';
import { failureOf } from '../support/failure.ts';
import { folderOf } from '../support/folder.ts';
import { mostMemory, TELLS_MEMORY } from '../support/memory.ts';
import { recorder } from '../support/recorder.ts';
import { connectTo } from '../support/session.ts';
import { told, workplace } from '../support/workplace.ts';

/** 40 lines of 75,000 characters: three megabytes. */
const LINES = 40;
const line = (id: number, length = 75_000) => `insert into big values (${id}, '${'ü'.repeat(length)}');\n`;
const large = (change: Readonly<Record<number, string>> = {}) =>
  folderOf({
    '1_big.up.sql': [
      'create table big (id int primary key, text text);\n',
      ...Array.from({ length: LINES }, (_, i) => change[i + 2] ?? line(i + 2)),
    ].join(''),
    '1_big.down.sql': 'drop table big;\n',
    '2_small.up.sql': 'create table small ();\n',
    '2_small.down.sql': 'drop table small;\n',
  });

const rows = async (database: Database) =>
  (await database.query('select count(*)::int as n, count(distinct xmin::text)::int as xids from big'))[0];
const nothing = async (database: Database) =>
  expect(
    await database.query(`select to_regclass('big') as big, to_regclass('small') as small,
      (select count(*)::int from schema_migrations) as rows`),
  ).toEqual([{ big: null, small: null, rows: 0 }]);

describe('a file of three megabytes', () => {
  it('is one transaction in messages of a megabyte, and the next file one of its own', async () => {
    const database = await createDatabase();
    const { client, sent } = await recorder(database);
    const report = await up({ database: client, migrations: large() });
    await client.end();
    expect(report.applied.map((s) => [s.id, s.mode])).toEqual([
      ['1', 'atomic'],
      ['2', 'atomic'],
    ]);
    expect(await rows(database)).toEqual({ n: LINES, xids: 1 });
    const pieces = sent.filter((text) => text.includes('insert into big'));
    expect(pieces).toHaveLength(4);
    expect(pieces.every((text) => text.length <= 1_000_000)).toBe(true);
    expect(await database.query('select version, state from schema_migrations_history order by id')).toEqual([
      { version: '1', state: 'done' },
      { version: '2', state: 'done' },
    ]);
  });

  it.each([
    ['that the server has a position for', 'insert into big values (30, nowhere);\n', '42703', 29],
    ['without a position', line(5, 10), '23505', 1],
  ])('leaves nothing where it fails, and an error %s is at its line', async (_what, bad, code, column) => {
    const database = await createDatabase();
    const failed = await failureOf(up({ database: database.url, migrations: large({ 30: bad }) }));
    expect(failed).toMatchObject({ sqlstate: code, location: { line: 30, column } });
    await nothing(database);
  });

  it('may be wrapped in BEGIN and COMMIT, and name its transaction first', async () => {
    const database = await createDatabase();
    const begin = `begin;\nset transaction isolation level serializable;\ncreate table big (id int, text text);\n`;
    const folder = folderOf({
      '1_big.up.sql': `${begin}${Array.from({ length: LINES }, (_, i) => line(i)).join('')}commit;\n`,
    });
    const report = await up({ database: database.url, migrations: folder });
    expect(report.applied).toMatchObject([{ id: '1', mode: 'atomic' }]);
    expect(await rows(database)).toEqual({ n: LINES, xids: 1 });
  });

  it('has its hooks in the same transaction', async () => {
    const database = await createDatabase();
    const hook = `${folderOf({ 'note.sql': `create table if not exists note as select 1; select count(*) from note;\n` })}/note.sql`;
    await up({ database: database.url, migrations: large(), hooks: { beforeEach: hook, afterEach: hook } });
    expect(
      await database.query(
        `select (select xmin from note)::text = (select min(xmin::text) from big) as same`,
      ),
    ).toEqual([{ same: true }]);
  });

  it('that is cancelled in the middle is rolled back, and a client on loan is in no transaction', async () => {
    const database = await createDatabase();
    const client = await connectTo(database);
    const cancel = new AbortController();
    const migrations = large({ 30: `do $$ begin raise notice 'here'; end $$;\n` });
    const onEvent = listener({ notice: () => cancel.abort() }).onEvent;
    const failed = await failureOf(up({ database: client, migrations, onEvent, signal: cancel.signal }));
    expect(failed.reason).toBe('cancelled');
    expect((await client.query('select now() = statement_timestamp() as fresh')).rows).toEqual([
      { fresh: true },
    ]);
    await client.end();
    await nothing(database);
  });

  it('that finds a lock taken is tried again as a whole', async () => {
    const database = await withObjects();
    const migrations = large({ 30: 'alter table objects add column price int;\n' });
    const { report, heard } = await upPastBlock(database, { migrations });
    expect(report.applied.map((s) => s.id)).toEqual(['1', '2']);
    expect(of(heard, 'let-go').length).toBeGreaterThan(0);
    expect(await rows(database)).toEqual({ n: LINES - 1, xids: 1 });
  });
});

describe('a file of nothing but INSERTs', () => {
  const inserts = (count: number, last = ''): string => {
    const row = (i: number) =>
      `insert into t values (${i}, 'name ${i}', '${'quick brown fox '.repeat(5)}');\n`;
    const rows = Array.from({ length: count }, (_, i) => row(i));
    return `begin;\ncreate table t (id int primary key, name text, note text);\n${rows.join('')}${last}commit;\n`;
  };

  it('of 26 MB takes three times its size, beside Node and the grammar', async () => {
    const { rungs, database } = await workplace({ '1_t.up.sql': inserts(200_000) });
    // How much garbage V8 lets lie differs: Node 24 up to 100 MB.
    const env = { NODE_OPTIONS: `${TELLS_MEMORY} --max-semi-space-size=8` };
    const result = await rungs('up', { env });
    expect(result).toMatchObject({ code: 0 });
    // With an object for each statement and a string for each line it took 300 MB.
    expect(mostMemory(result)).toBeLessThan(200 * 1024);
    expect(await database.query('select count(*)::int, sum(id)::text from t')).toEqual([
      { count: 200_000, sum: '19999900000' },
    ]);
  });

  it.each([
    ['refused by a constraint', "insert into t values (17, 'again');", 1],
    ['refused by the server’s grammar', '  insert into t valuse (1);', 17],
    ['refused by ours', 'drop tabel t;', 6],
    ['a string without an end', "insert into t values ('", 23],
  ])('leaves nothing where its last is %s, which is told by its place', async (_what, last, column) => {
    const { rungs, tables } = await workplace({ '1_t.up.sql': inserts(40_000, `${last}\n`) });
    expect(told(await rungs('up'))).toContain(
      `  at: migrations/1_t.up.sql:40003:${column}\n  40003 | ${last}\n`,
    );
    expect(await tables()).toEqual([]);
  });
});
