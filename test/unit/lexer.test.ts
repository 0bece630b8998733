/** The lexer that cuts by psql's rules against the grammar, which is right. */

import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { isFault, parse } from '../../src/sql/grammar.ts';
import { Lexer } from '../../src/sql/lexer.ts';
import { takeApart } from '../../src/sql/psql.ts';

interface Found {
  readonly start: number;
  readonly text: string;
  readonly isCopy: boolean;
}

/** Line by line, as files are read. */
function byLexer(text: string): readonly Found[] {
  const lexer = new Lexer();
  const found: Found[] = [];
  let base = 0;
  for (const line of text.split(/(?<=\n)/)) {
    for (const it of lexer.read(line, base)) {
      if (it.kind === 'command') throw new Error(`a backslash at ${it.at}`);
      found.push({ start: it.start, text: text.slice(it.start, it.at), isCopy: it.isCopy });
    }
    base += line.length;
  }
  const { open } = lexer;
  if (open !== null) found.push({ ...open, text: text.slice(open.start) });
  return found.map((f) => ({ ...f, text: bare(f.text) }));
}

/** Null where it is no SQL. */
async function byGrammar(text: string): Promise<readonly Found[] | null> {
  const parsed = await parse(text);
  if (isFault(parsed)) return null;
  return parsed.map(({ start, end, node }) => ({
    start,
    text: bare(text.slice(start, end)),
    isCopy: 'CopyStmt' in node && node.CopyStmt.is_from === true && node.CopyStmt.filename === undefined,
  }));
}

/** The two differ on whether a comment before the semicolon is the statement's, which matters to nobody. */
const bare = (text: string): string => {
  const end = /(?:[ \t\n\r\f\v]|--[^\n\r]*(?=[\n\r])|--[^\n\r]*$|\/\*[^*]*\*\/)+$/.exec(text);
  return end === null ? text : text.slice(0, end.index);
};

const FIXTURES = new URL('../fixtures/', import.meta.url);

test.each(
  readdirSync(FIXTURES, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.sql')),
)('%s is cut as the grammar cuts it', async (path) => {
  const { text, psql } = takeApart(readFileSync(new URL(path, FIXTURES), 'utf8'));
  const grammar = psql === null || psql.refused.length === 0 ? await byGrammar(text) : null;
  if (grammar !== null) expect(byLexer(text)).toEqual(grammar);
});

describe('cut as by the grammar', () => {
  test.each([
    "select 'a;b', \"c;d\", $$e;f$$, $x$g;$$h;$x$, e'\\';', U&'\\0041;', b'01', n'x;'; select 2",
    "select E'it\\'s; \\\\'; select e'a\n;\\'b'; select 1",
    "select e'a' \n '\\';' ; select 'a'\n'b;'",
    "select 'a\\'; select 'b'",
    'select /* ; /* ; */ ; */ 1; -- ;\nselect 2 /**/ ; /*/ ; */',
    'select a$b$c from t; select $1; select 1 as $$',
    'create rule r as on insert to t do also (insert into u values (1); delete from v;); select 1',
    'create function f() returns int begin atomic select 1; select case when true then 2 end; end; select 1',
    'create or replace procedure s.p(a int) begin atomic insert into t values (1); end; select 1',
    'create function f() returns int begin atomic select t."end", x.end as end from t; end; select 1',
    'create function f() returns int language sql return 1; select 2',
    'create function "begin"() returns int language sql as $$ select 1; $$; select 1',
    'begin; commit; begin transaction; end; select case when a then b end from t; select 1',
    'copy t from stdin; copy s.t (a, "from") from stdin with (format csv); copy t from \'stdin\'',
    'copy (select a from stdin) to stdout; copy t to stdin; copy "from" from /* c */ stdin csv; copy t from stdout',
    'select a from stdin; insert into copy select * from stdin; copy t from program $$stdin$$',
    'select 1 as a\u00a0; select "é;😀", \'日本;\' as ü$; select 3',
    'select 1;;;\r\n;\r\nselect 2;\r\n',
    "select a*/*;*/b, 1--;\n, a @- -1, 1.5e3, 'x'::text || '-;-'; select 1",
    "select a, b, c, d, a$$b$c$, $$;$$, 1, E'\\';', typeE, $1, -- ;\n /* ; */ b'1' / 2 - 1, $é$;$é$, (1) from t; select 1",
    "insert into t values (1, 'a', e'\\'' , 'e', E'a'\n'\\';', (2)); select 1",
    "set standard_conforming_strings = on; select '\\'; select 1",
    'select 0x1F, 1_000, 1.e5; select :: ; select 1',
    "select u&'d\\0061t;a' uescape '\\'; select u&\"d\\0061t;a\"; select 1",
  ])('%j', async (text) => {
    const grammar = await byGrammar(text);
    if (grammar !== null) expect(byLexer(text)).toEqual(grammar);
    else expect(text).toMatch(/:: ;|as \$\$|'\\'; select 'b'|x\.end as end/);
  });
});

/** Numbers that look random and are the same each time. */
function* random(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state / 2 ** 32;
  }
}

const PIECES = [
  ...[
    'select ',
    '1',
    'a',
    ' ',
    '\n',
    '\r\n',
    '\t',
    ';',
    ',',
    '(',
    ')',
    '(a)',
    '.',
    'e',
    'E',
    'U&',
    'b',
    '+',
    '-',
    '*',
    '/',
  ],
  ...[
    "'",
    "''",
    "'x'",
    "e'x'",
    "E'\\'",
    "\\'",
    '\\',
    '"',
    '""',
    '"a b"',
    '--',
    '-- c\n',
    '/*',
    '*/',
    '/* ; */',
    '$$',
    '$a$',
    '$',
    '$1',
  ],
  ...[
    'case when a then b end',
    ' begin ',
    ' end ',
    ' as ',
    ' from ',
    ' stdin ',
    'copy ',
    'copy t from stdin',
    'create ',
  ],
  ...[
    'create function f() returns int begin atomic ',
    'select 1;',
    'é',
    '😀',
    '\u00a0',
    ' where ',
    '=',
    '::',
    "'\n'",
    "'--\n'",
  ],
];

test('is cut as the grammar cuts it whatever it is, as long as it is SQL', { timeout: 60_000 }, async () => {
  let compared = 0;
  const dice = random(7);
  const pick = (n: number): number => Math.floor(dice.next().value * n);
  // Nearly all that is thrown together is no SQL: a few pieces inside a statement that is.
  const frames = [
    ['select ', '; select 2;'],
    ['select a, ', ' from t; select 3'],
    ['select a, b, c, ', ' from t; select 4'],
    ["insert into t values (1, 'x', ", "); select '"],
    ['', ';'],
    ["select '", "'; select 1"],
  ];
  for (let round = 0; round < 8_000; round++) {
    const [before = '', after = ''] = frames[pick(frames.length)] ?? [];
    const middle = Array.from({ length: 1 + pick(7) }, () => PIECES[pick(PIECES.length)]).join('');
    const text = before + middle + after;
    const grammar = await byGrammar(text);
    if (grammar === null) continue;
    compared++;
    expect({ text, found: byLexer(text) }).toEqual({ text, found: grammar });
  }
  expect(compared).toBeGreaterThan(500);
});
