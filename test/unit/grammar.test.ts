import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { isFault, type Parsed, parse } from '../../src/sql/grammar.ts';
import { GRAMMAR_MAJOR } from '../../src/sql/grammar-major.ts';

const FIXTURES = new URL('../fixtures/sql/', import.meta.url);
const fixture = (path: string): string => readFileSync(new URL(path, FIXTURES), 'utf8');

async function statements(text: string): Promise<readonly Parsed[]> {
  const parsed = await parse(text);
  if (isFault(parsed)) throw new Error(parsed.message);
  return parsed;
}
const slices = async (text: string) => (await statements(text)).map((s) => text.slice(s.start, s.end));
const kinds = async (text: string) => (await statements(text)).map((s) => Object.keys(s.node)[0]);

test('the grammar is of the version that it is said to be', async () => {
  const { parse: raw } = await import('libpg-query');
  expect(Math.trunc(((await raw('select 1')).version ?? 0) / 10_000)).toBe(GRAMMAR_MAJOR);
});

test('V8 has the flag that keeps it from being optimised', () => {
  expect(execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8' })).toContain(
    '--wasm-tier-up-filter (only tier-up function with this index)\n        type: int  default: --wasm-tier-up-filter=-1\n',
  );
});

describe('statements', () => {
  test('begin at their first token and end before their semicolon', async () => {
    const text = '-- c\n select 1 ;; /* é😀 */\r\n\tinsert into t values (1);\n(select 2)\n';
    expect(await slices(text)).toEqual(['select 1', 'insert into t values (1)', '(select 2)']);
    expect((await statements(text)).map((s) => s.line)).toEqual([2, 3, 4]);
  });
  test.each(['', ' \r\n\t', ';;', '-- only a comment', '/* a; */ -- b;\n'])('%j has none', async (text) => {
    expect(await statements(text)).toEqual([]);
  });
  test('space that PostgreSQL takes for a letter belongs to them', async () => {
    expect(await slices('select 1 as a\u00a0 ;')).toEqual(['select 1 as a\u00a0']);
  });
  test('a function’s body is not cut', async () => {
    expect(await kinds(fixture('dollar-quotes/touch.up.sql'))).toEqual([
      'CreateFunctionStmt',
      'CreateTrigStmt',
      'DoStmt',
      'SelectStmt',
    ]);
    expect(await kinds(fixture('begin-atomic/total.up.sql'))).toEqual([
      'CreateFunctionStmt',
      'CreateFunctionStmt',
      'SelectStmt',
    ]);
  });
  test('comments may nest', async () => {
    expect(await kinds(fixture('nested-comments/tags.up.sql'))).toEqual(['CreateStmt', 'InsertStmt']);
  });
  test('characters of every width are counted right', async () => {
    expect((await slices(fixture('emoji/moods.up.sql'))).slice(2)).toEqual([
      'SELECT \'👩‍👩‍👧\' AS "日本"',
      "SELECT 'ß'",
    ]);
  });
  test('CRLF is counted right', async () => {
    const text = fixture('crlf/notes.up.sql');
    expect(text).toContain('\r\n');
    expect((await slices(text)).at(-1)).toBe('CREATE INDEX notes_body ON notes (body)');
    expect((await statements(text)).map((s) => s.line)).toEqual([2, 8]);
  });
});

describe('of every fixture', () => {
  const files = readdirSync(FIXTURES, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.sql') && !/copy-stdin|psql-meta/.test(path))
    .map((path) => path.replaceAll('\\', '/'))
    .sort();

  test.each(files)('%s: statements and what is between them are the whole file, in order', async (path) => {
    const text = fixture(path);
    let end = 0;
    for (const statement of await statements(text)) {
      expect(statement.start).toBeGreaterThanOrEqual(end);
      expect(await statements(text.slice(end, statement.start))).toEqual([]);
      expect(statement.line).toBe(text.slice(0, statement.start).split('\n').length);
      end = statement.end;
    }
    expect(await statements(text.slice(end))).toEqual([]);
  });
  test.each(files)('%s: each statement reads the same alone', async (path) => {
    const text = fixture(path);
    for (const { start, end, node } of await statements(text)) {
      const again = await statements(text.slice(start, end));
      expect(again.map((s) => s.start)).toEqual([0]);
      expect(again.map((s) => unplaced(s.node))).toEqual([unplaced(node)]);
    }
  });
});

/** A tree without its positions. */
const unplaced = (node: unknown): string =>
  JSON.stringify(node, (key, value) =>
    /(location|list_start|list_end|stmt_len)$/.test(key) ? undefined : value,
  );

describe('what the grammar refuses', () => {
  test.each([
    ['select 1 frm x y', 13, 'syntax error at or near "x"'],
    ["select 'é😀'; selec 1", 14, 'syntax error at or near "selec"'],
    ["select 'abc", 7, 'unterminated quoted string at or near "\'abc"'],
    ['create table t (', 16, 'syntax error at end of input'],
    ['select 1; /* abc', 10, 'unterminated /* comment at or near "/* abc"'],
    ['a;\nb;\n', 0, 'syntax error at or near "a"'],
  ])('%j: at %i', async (text, offset, message) => {
    expect(await parse(text)).toEqual({ message, offset });
  });
  test('a NUL, because what comes after one would not be read', async () => {
    expect(await parse('select 1\0; drop table t')).toEqual({ message: 'NUL character', offset: 8 });
  });
  test('a statement that is nested too deeply; the next text is read again', async () => {
    expect(await parse(`select 1${'+1'.repeat(50_000)}`)).toMatchObject({
      message: expect.stringContaining('deeply'),
    });
    expect(await kinds('select 1; select 2')).toEqual(['SelectStmt', 'SelectStmt']);
  });
});

test('thousands of statements are no quadratic work', async () => {
  const one = `insert into objects (id, name) values (1, 'ä'), (2, '${'x'.repeat(150)}');\n`;
  await parse(one);
  const begun = performance.now();
  const all = await statements(one.repeat(5_000));
  expect(all.length).toBe(5_000);
  expect(all.at(-1)).toMatchObject({ line: 5_000, start: one.length * 4_999 });
  expect(performance.now() - begun).toBeLessThan(5_000);
});
