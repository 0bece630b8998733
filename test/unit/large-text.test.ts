/** A large text, read in pieces, against the same text read by the grammar as a whole. */

import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { isFault, type Parsed, parse, type SyntaxFault } from '../../src/sql/grammar.ts';
import { parsedIn } from '../../src/sql/large-text.ts';
import { takeApart } from '../../src/sql/psql.ts';

const FIXTURES = new URL('../fixtures/', import.meta.url);

async function inPortions(text: string, large?: number): Promise<readonly Parsed[] | SyntaxFault> {
  const all: Parsed[] = [];
  for await (const some of parsedIn(text, large)) {
    if (isFault(some)) return some;
    all.push(...some);
  }
  return all;
}

/** As if it were a large one. */
const parseLarge = (text: string) => inPortions(text, 0);

const outline = (parsed: readonly Parsed[] | SyntaxFault) =>
  isFault(parsed)
    ? parsed
    : parsed.map(({ start, end, line, node }) => [start, end, line, Object.keys(node)[0]]);

test.each(
  readdirSync(FIXTURES, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.sql')),
)('%s has the same statements in pieces as in one', async (path) => {
  const { text, psql } = takeApart(readFileSync(new URL(path, FIXTURES), 'utf8'));
  if (psql !== null && psql.refused.length > 0) return;
  expect(outline(await parseLarge(text))).toEqual(outline(await parse(text)));
});

test('pieces end between statements, whatever is quoted in them', { timeout: 60_000 }, async () => {
  const insert = (i: number) => `insert into t values (${i}, 'a; b', E'it\\'s;', $$ ; $$); /* ; */\n`;
  const comment = (i: number) => `comment on table t is 'é 😀; ${i} ${'x'.repeat(100)}';\n`;
  const many = (line: (i: number) => string, count: number) =>
    Array.from({ length: count }, (_, i) => line(i));
  // More of what the grammar has to read than goes into one piece.
  const text = ['create table t ();\n', ...many(insert, 100), ...many(comment, 2500), 'drop table t'].join(
    '',
  );
  const parsed = await parseLarge(text);
  expect(outline(parsed)).toEqual(outline(await parse(text)));
  expect(parsed).toHaveLength(2602);
});

test('an error has its place in the whole text, behind whatever came before it', async () => {
  const text = `insert into t values (1);\n\nselect 1;\ncreate tabel u ();`;
  expect(await parseLarge(text)).toEqual(await parse(text));
});

test('an INSERT is left to the server: its syntax is not looked at', async () => {
  const parsed = await parseLarge('insert into t valuse (1);\nselect 1');
  expect(outline(parsed)).toEqual([
    [0, 24, 1, 'InsertStmt'],
    [26, 34, 2, 'SelectStmt'],
  ]);
});

test('a statement without an end is for the grammar to complain of', async () => {
  const text = "select 1;\nselect 'open";
  expect(await parseLarge(text)).toEqual(await parse(text));
});

describe('a text of many portions that is not a large one', () => {
  /** A quarter of a megabyte. */
  const many = (last: string) =>
    `${Array.from({ length: 2500 }, (_, i) => `insert into t values (${i}, '${'é'.repeat(80)}');\n`).join('')}${last}`;

  test.each([
    'insert into t valuse (1);',
    'select 1 +;\nselect 2;',
    "select '\nselect 2;",
    'select 1; /* no end',
    'select (1;\nselect 2;',
    'select 1 \\ select 2;',
  ])('and ends in %j has its fault in the same words at the same place', async (last) => {
    const text = many(last);
    const fault = await parse(text);
    expect(isFault(fault)).toBe(true);
    expect(await inPortions(text)).toEqual(fault);
  });

  test('is cut where the grammar would cut it, also where the lexer would not', async () => {
    const body = 'create function f() returns int language sql begin atomic select 1 end; select 2; end;';
    const text = many(body);
    expect(outline(await inPortions(text))).toEqual(outline(await parse(text)));
  });

  test('has all of its trees', async () => {
    const text = many('select 1');
    const [one, all] = [await parse(text), await inPortions(text)];
    expect(outline(all)).toEqual(outline(one));
    expect('message' in all ? all : all[7]?.node).toHaveProperty('InsertStmt.relation.relname', 't');
  });
});

test.each(["insert into t values ('", 'insert into t values (1); /*', 'insert into t values (1) \\ commit;'])(
  'what may hide the end of a large text is for the grammar to complain of: %j',
  async (last) => {
    const text = `select 1;\n${last}`;
    expect(await parseLarge(text)).toEqual(await parse(text));
  },
);
