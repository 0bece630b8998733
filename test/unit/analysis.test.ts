import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type AnalysedFile, analyseFile } from '../../src/sql/analysis.ts';
import { checksum } from '../../src/sql/checksum.ts';
import { takeApart } from '../../src/sql/psql.ts';

const analyse = (text: string): Promise<AnalysedFile> =>
  analyseFile({ path: 'm/1_a.up.sql', ...takeApart(text), checksum: checksum(text), analysis: null });
const fixture = (path: string): Promise<AnalysedFile> =>
  analyse(readFileSync(new URL(`../fixtures/sql/${path}`, import.meta.url), 'utf8'));
const mode = async (text: string) => (await analyse(text)).analysis.mode;

describe('the mode', () => {
  test('is atomic unless there is a reason', async () => {
    expect(await mode('create table t (a int); do $$ begin commit; end $$')).toBe('atomic');
    expect(await mode('')).toBe('atomic');
    expect(await mode('savepoint a; rollback to a; release a')).toBe('atomic');
  });
  test('is resumable where a statement cannot run in a transaction', async () => {
    const { analysis, problems } = await fixture('index-concurrently/search.up.sql');
    expect(problems).toEqual([]);
    expect(analysis.mode).toBe('resumable');
    expect(analysis.statements.map(({ line, run, session }) => [line, run, session])).toEqual([
      [2, 'transaction', true],
      [3, 'transaction', false],
      [5, 'alone', false],
      [6, 'alone', false],
      [7, 'alone', false],
      [8, 'transaction', true],
    ]);
    expect(analysis.statements[2]?.concurrentIndex).toEqual({
      verb: 'create',
      index: '"documents_body"',
      table: '"documents"',
    });
  });
  test('is plain where the file has its own transaction, whatever else it has', async () => {
    expect((await fixture('own-transaction/accounts.up.sql')).analysis.mode).toBe('plain');
    expect(await mode('vacuum;\ncommit')).toBe('plain');
  });
  test('is what a leading comment says', async () => {
    expect(await mode('\n-- rungs: no-transaction\nselect 1')).toBe('resumable');
    expect(await mode('-- rungs: plain\nvacuum')).toBe('plain');
    expect(await mode('-- rungs: atomic\nselect 1')).toBe('atomic');
  });
  test('is plain where the grammar, of another version, cannot read a file with transaction control', async () => {
    const odd = 'create table t (system_user int);';
    expect(await mode(odd)).toBe('atomic');
    expect(await mode(`begin; ${odd} commit;`)).toBe('plain');
    expect(await mode(`-- rungs: atomic\n${odd} /* and then */ Commit; select 1`)).toBe('plain');
    expect(await mode(`${odd} start\ntransaction`)).toBe('plain');
    const inside = `savepoint a; rollback to a; ROLLBACK WORK TO SAVEPOINT a; select $$;commit$$; create function f() returns int begin atomic; select 1; end;`;
    expect(await mode(`${odd} ${inside}`)).toBe('atomic');
  });
  test('of a dump is atomic, and its settings are session state', async () => {
    const { analysis } = await fixture('pg-dump/schema.up.sql');
    expect(analysis).toMatchObject({ mode: 'atomic' });
    expect(analysis.statements.map((s) => s.session)).toEqual([true, true, true, true, true, false, false]);
  });
});

test('an analysis is plain data', async () => {
  const { analysis } = await fixture('index-concurrently/search.up.sql');
  expect(JSON.parse(JSON.stringify(analysis))).toEqual(analysis);
});

describe('a comment that cannot be kept is a problem', () => {
  test.each([
    ['-- rungs: no-transaction\nbegin;\ncommit;', 25, 'the file has its own BEGIN at line 2'],
    ['-- rungs: atomic\nselect 1;\nrollback;', 27, 'the file has its own ROLLBACK at line 3'],
    ['-- rungs: atomic\nvacuum;', 17, 'VACUUM at line 2 cannot run in a transaction'],
    ['-- rungs: nonsense', 10, 'unknown word "nonsense"'],
  ])('%j', async (text, offset, message) => {
    expect((await analyse(text)).problems).toEqual([
      { reason: 'directive', file: 'm/1_a.up.sql', offset, message: expect.stringContaining(message) },
    ]);
  });
  test('also one that comes too late to count', async () => {
    expect((await fixture('misplaced-directive/late.up.sql')).problems).toMatchObject([
      {
        reason: 'directive',
        offset: 35,
        message: 'a `-- rungs:` comment counts only before the first statement',
      },
    ]);
    expect((await analyse('select 1;\nselect 2 -- rungs: plain')).problems).toEqual([]);
    expect((await analyse('select 1;\nselect 2; -- rungs: plain')).problems).toHaveLength(1);
  });
  test('plain forbids nothing', async () => {
    expect((await analyse('-- rungs: plain\nbegin; commit; vacuum')).problems).toEqual([]);
  });
});

describe('a file that the grammar refuses', () => {
  const problem = async (file: Promise<AnalysedFile>) => {
    const { analysis, problems } = await file;
    expect(analysis.parsed).toBe(false);
    expect(problems).toHaveLength(1);
    return problems[0];
  };

  test('has the grammar’s first error and its place', async () => {
    expect(await problem(analyse('select 1;\nselec 2;\nselec 3;'))).toEqual({
      reason: 'syntax',
      message: 'syntax error at or near "selec"',
      file: 'm/1_a.up.sql',
      offset: 10,
    });
  });
  test('still says the mode that its comment asks for', async () => {
    expect(await analyse('-- rungs: plain\nselec 1')).toMatchObject({
      analysis: { parsed: false, mode: 'plain' },
    });
    expect(await analyse('selec 1')).toMatchObject({ analysis: { parsed: false, mode: 'atomic' } });
  });
  test('a COPY in a comment or in a function’s body is none', async () => {
    expect(await problem(analyse('-- copy t from stdin;\nselec 1'))).toMatchObject({ message: /"selec"$/ });
    expect(await problem(analyse('do $$ copy t from stdin; $$;\nselec 1'))).toMatchObject({
      message: /"selec"$/,
    });
  });
  test('may be meant for psql', async () => {
    expect(await problem(fixture('psql-meta/connect.up.sql'))).toEqual({
      reason: 'psql',
      message: expect.stringMatching(/^\\connect is a psql meta-command, not SQL: .*`--database`/),
      file: 'm/1_a.up.sql',
      offset: 22,
    });
    expect(await problem(analyse("select :'name'"))).toMatchObject({
      message: expect.stringContaining(":'name' is a psql variable"),
    });
  });
  test.each(['create schema {{ .Schema }}', 'create schema ${SCHEMA'])(
    'may be a template: %s',
    async (text) => {
      expect(await problem(analyse(text))).toMatchObject({ message: expect.stringContaining('template') });
    },
  );
  test('may hold a merge conflict', async () => {
    expect(await problem(analyse('select 1;\n<<<<<<< HEAD\n'))).toMatchObject({
      message: expect.stringContaining('merge conflict'),
    });
  });
});

describe('COPY ... FROM STDIN', () => {
  const seed = fixture('copy-stdin/seed.up.sql');

  test('has its data cut out of the statements, whose lines are those of the file', async () => {
    const { analysis, problems } = await seed;
    expect(problems).toEqual([]);
    expect(analysis).toMatchObject({ mode: 'atomic', parsed: true });
    expect(analysis.statements.map((s) => s.line)).toEqual([1, 4, 9]);
    expect((await fixture('copy-stdin/empty.up.sql')).problems).toEqual([]);
  });
  test.each([
    ['copy t from stdin', 0, 'COPY ... FROM stdin at line 1 has no data'],
    ['select 1;\n copy t from stdin;\n1\n2\n', 11, 'COPY ... FROM stdin at line 2 has no end'],
    ['copy t from stdin with (format binary);\n\\.\n', 0, 'binary format'],
    ['copy binary t from stdin;\n\\.\n', 0, 'binary format'],
    ["set client_encoding = 'latin1';\ncopy t from stdin;\n\\.\n", 0, 'is UTF-8, its data too'],
    ["copy t from stdin;\n\\.\nset names 'win1252';", 19, 'is UTF-8, its data too'],
  ])('%j is a problem', async (text, offset, message) => {
    expect((await analyse(text)).problems).toEqual([
      { reason: 'psql', file: 'm/1_a.up.sql', offset, message: expect.stringContaining(message) },
    ]);
  });
  test.each([
    "copy t from '/tmp/x'; copy t from program 'date'; copy t to stdout",
    "set client_encoding = 'latin1'",
    "set client_encoding = 'UTF8';\nselect 1;\ncopy t from stdin;\n\\.\n",
    'do $$ copy t from stdin; $$',
    "select 'copy t from stdin;\n\\.\n'",
  ])('%j is none', async (text) => {
    expect((await analyse(text)).problems).toEqual([]);
  });
  test('misses the data wherever the grammar sees one that has none', async () => {
    const text = 'select 1;\ncopy t from stdin;\n';
    const file = { path: 'm/1_a.up.sql', text, psql: null, checksum: checksum(text), analysis: null };
    expect((await analyseFile(file)).problems).toMatchObject([{ reason: 'psql', offset: 10 }]);
  });
});
