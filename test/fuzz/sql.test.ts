/** SQL that is none, and SQL that is: cut by the lexer as by the grammar, and analysed without a trap. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { split } from '../../src/layout/markers.ts';
import { analyseFile } from '../../src/sql/analysis.ts';
import { directive } from '../../src/sql/directive.ts';
import { isFault, parse } from '../../src/sql/grammar.ts';
import { Lexer } from '../../src/sql/lexer.ts';
import { at } from '../../src/sql/position.ts';
import { takeApart } from '../../src/sql/psql.ts';
import { standingAfter } from '../../src/sql/standing.ts';
import { blanked } from '../../src/sql/wrapper.ts';
import { property } from '../support/fuzz.ts';
import { made, odd, SQL_PIECES, sql } from '../support/odd.ts';
import { file } from '../support/world.ts';

/** A string, an identifier or a comment of each kind, with what tempts a lexer inside. */
const inside = made(
  [';', '/*', '*/', '--', "'", '"', '$$', '$a$', '\\', 'e', 'begin', 'é', '😀', ' ', '\n', '\r\n', 'a'],
  6,
);
const quoted = fc.oneof(
  inside.map((t) => `'${t.replaceAll("'", "''")}'`),
  inside.map((t) => `e'${t.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`),
  inside.map(
    (t) =>
      `E'${t.replaceAll('\\', '\\\\').replaceAll("'", "''")}'\n'${t.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`,
  ),
  inside.map((t) => `U&'${t.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`),
  inside.map((t) => `n'${t.replaceAll("'", "''")}'`),
  inside.map((t) => `$q$${t}$q$`),
  inside.map((t) => `$é1$${t}$é1$`),
  inside.map((t) => `"x${t.replaceAll('"', '""')}"`),
  inside.map((t) => `U&"x${t.replaceAll('\\', '\\\\').replaceAll('"', '""')}"`),
);
const filler = fc.oneof(
  fc.constantFrom(' ', '\n', '\r\n', '\t', '\f', '\v', '  '),
  made([';', "'", '"', '$$', 'x', '/', '*', '-', 'é'], 5).map(
    (t) => `/*${t.replaceAll(/\/\*|\*\//g, '')} */`,
  ),
  made([';', "'", '"', '$$', 'x', '/*', '*/'], 5).map((t) => ` --${t}\n`),
  fc.constant(' /* ; /* ; */ ; */ '),
);
const expression: fc.Arbitrary<string> = fc.letrec<{ e: string }>((tie) => ({
  e: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    quoted,
    fc.constantFrom('1', 'a', '$1', 'a.b', '0x1F', '1.5e3', 'null', 'a$b'),
    fc.tuple(tie('e'), filler, tie('e')).map(([a, f, b]) => `(${a}${f},${b})`),
    fc.tuple(tie('e'), tie('e')).map(([a, b]) => `case when ${a} = ${b} then ${a} end`),
    tie('e').map((a) => `f(${a})`),
  ),
})).e;
const statement = fc.oneof(
  fc.tuple(filler, expression, filler).map(([f, e, g]) => `select${f} ${e}${g}`),
  fc.tuple(expression, filler).map(([e, f]) => `insert into t${f} values (${e})`),
  fc
    .tuple(expression, expression)
    .map(([e, g]) => `create function f() returns int begin atomic select ${e}; select ${g}; end`),
  fc
    .tuple(expression, filler)
    .map(([e, f]) => `create or replace procedure p()${f} begin atomic insert into t values (${e}); end`),
  inside.map((t) => `do $do$${t}$do$`),
  expression.map(
    (e) => `create rule r as on insert to t do also (insert into u values (${e}); delete from v;)`,
  ),
  fc.constantFrom('begin', 'commit', 'copy t to stdout', "copy t from 'f'", 'set a = on', 'vacuum', ''),
);
const valid = fc
  .array(fc.tuple(filler, statement, filler), { maxLength: 5 })
  .map((all) => all.map((s) => `${s.join('')};`).join(''));

/** Space and comments at the end are the statement's to one and not to the other, which matters to nobody. */
const bare = (text: string): string => {
  const end =
    /(?:[ \t\n\r\f\v]|--[^\n\r]*(?=[\n\r])|--[^\n\r]*$|\/\*(?:[^*/]|\*(?!\/)|\/(?!\*))*\*\/|\/\* ; \/\* ; \*\/ ; \*\/)+$/.exec(
      text,
    );
  return end === null ? text : text.slice(0, end.index);
};

function byLexer(text: string): readonly string[] | null {
  const lexer = new Lexer();
  const found: string[] = [];
  let base = 0;
  for (const line of text.split(/(?<=\n)/)) {
    for (const it of lexer.read(line, base)) {
      if (it.kind === 'command') return null;
      found.push(bare(text.slice(it.start, it.at)));
    }
    base += line.length;
  }
  const { open } = lexer;
  return open === null ? found : [...found, bare(text.slice(open.start))];
}

let compared = 0;
async function compare(text: string): Promise<void> {
  const parsed = await parse(text);
  if (isFault(parsed)) return void expect(parsed.offset >= 0 && parsed.offset <= text.length).toBe(true);
  compared++;
  expect(byLexer(text)).toEqual(parsed.map(({ start, end }) => bare(text.slice(start, end))));
}

describe('the lexer', () => {
  property('cuts every quoting form where the grammar cuts it', 15_000, valid, compare);
  test('had its cuts compared, and not only refusals', () => expect(compared).toBeGreaterThan(1_000));
  property('cuts what was thrown together where the grammar cuts it, if that is SQL', 15_000, sql, compare);

  property(
    'cuts a text the same whether it comes whole or line by line',
    10_000,
    fc.oneof(sql, valid, odd),
    (text) => {
      const whole = new Lexer().read(text, 0).filter((it) => it.kind === 'end');
      if (byLexer(text) === null) return;
      const lexer = new Lexer();
      let base = 0;
      const pieces = text.split(/(?<=\n)/).flatMap((line) => {
        const found = lexer.read(line, base);
        base += line.length;
        return found;
      });
      expect(pieces).toEqual(whole);
    },
  );
});

describe('the analysis', () => {
  property(
    'of any text has its statements in their order, inside the text, and a mode',
    6_000,
    fc.oneof(sql, valid, odd),
    async (text) => {
      const apart = takeApart(text);
      const one = { ...file('1_a.up.sql', text).file, ...apart };
      const { analysis, problems } = await analyseFile(one);
      let end = 0;
      for (const st of analysis.statements) {
        expect(st.start >= end && st.end >= st.start && st.end <= apart.text.length).toBe(true);
        end = st.end;
      }
      expect(['atomic', 'resumable', 'plain']).toContain(analysis.mode);
      expect(analysis.parsed || problems.length > 0 || apart.text.includes('\0')).toBe(true);
      for (const { offset } of problems)
        if (offset !== null) expect(offset >= 0 && offset <= apart.text.length).toBe(true);
      const without = blanked(apart.text, analysis.wrapper);
      expect(without.length).toBe(apart.text.length);
      await standingAfter([one]);
    },
  );
});

describe('a text of one kind, grown', () => {
  const DEEP = 100_000;
  // PostgreSQL's own scanner looks through all that is left at each nested comment (scan.l, xcstart and yyless).
  const timesOf = (piece: string): number => (piece === '/*' ? DEEP / 20 : DEEP);
  const grown = (piece: string): string => piece.repeat(timesOf(piece));
  const OPEN = [
    '(',
    '[',
    '/*',
    'select (',
    'case when ',
    'not ',
    '-',
    'a.',
    '(select ',
    "'",
    '"',
    '$$',
    '{',
    '\\',
  ];
  const closed = [
    `select ${grown('(')}1${grown(')')}`,
    `select ${grown('case when a then ')}1${grown(' end')}`,
    `select 1${grown(' + 1')}`,
    `select 1${grown(' union select 1')}`,
    `select * from a${grown(' join a on true')}`,
    `select a${grown('.a')}`,
    `select ${grown('1,')}1`,
    `select a${grown('::int')}`,
    `select ${'/*'.repeat(5_000)}${'*/'.repeat(5_000)} 1`,
  ];

  test.each([...OPEN.map((piece) => `select ${grown(piece)}`), ...closed])(
    '%.40s is refused or read, and ends nothing',
    async (text) => {
      const { problems } = await analyseFile({ ...file('1_a.up.sql', text).file, ...takeApart(text) });
      for (const { reason } of problems) expect(reason).toMatch(/^(syntax|psql)$/);
      new Lexer().read(text, 0);
      // The grammar is as good as before.
      expect(await parse('select 1; select 2')).toHaveLength(2);
    },
  );

  test('leaves the grammar whole though its stack has ended twenty times', { timeout: 300_000 }, async () => {
    for (let n = 0; n < 20; n++) expect(isFault(await parse(`select a${grown('::int')}`))).toBe(true);
    expect(await parse('select 1; select 2')).toHaveLength(2);
  });

  property(
    'is taken apart and cut in a time that grows with it',
    300,
    fc.tuple(fc.constantFrom(...SQL_PIECES), fc.constantFrom(...SQL_PIECES)),
    ([a, b]) => {
      const text = `${a}${b}`.repeat(DEEP / 10);
      const begun = performance.now();
      for (const whole of [text, `copy t from stdin; ${text}`, `copy t from stdin;\n${text}\n\\.\n`]) {
        const { text: kept } = takeApart(whole);
        new Lexer().read(kept, 0);
        directive(kept);
        split(kept);
        at(kept, kept.length);
      }
      // What grows with the square of it would take minutes.
      expect(performance.now() - begun).toBeLessThan(20_000);
    },
  );
});
