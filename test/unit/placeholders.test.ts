// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is what migration files have for placeholders
/** What stands in a text for a placeholder, and where in the file as it is written a place in that text is. */

import { describe, expect, it } from 'vitest';
import type { MigrationFile } from '../../src/migration.ts';
import { analyseFile } from '../../src/sql/analysis.ts';
import { spotIn, wholeText } from '../../src/sql/cuts.ts';
import { withoutSecrets } from '../../src/sql/filled.ts';
import { fillIn, type GivenPlaceholders, placeholdersOf } from '../../src/sql/placeholders.ts';
import { takeApart } from '../../src/sql/psql.ts';
import { file as fileOf } from '../support/world.ts';

const VALUES = { schema: 'app', n: '12', lines: '1,\n2,\n3', empty: '', pw: { secret: 'p;w' } };

function filled(whole: string, given: GivenPlaceholders | undefined = VALUES): MigrationFile {
  const { file } = fileOf('1_a.up.sql', whole);
  return fillIn({ ...file, ...takeApart(whole) }, placeholdersOf(given));
}

/** Every problem with its place. */
function problems(whole: string): readonly string[] {
  const file = filled(whole);
  return (file.filled?.problems ?? []).map(({ message, offset }) => {
    const { line, column } = spotIn(file, offset ?? 0);
    return `${line}:${column}: ${message}`;
  });
}

describe('what is filled in', () => {
  it.each([
    ['create table ${schema}.t (a varchar(${n}))', 'create table app.t (a varchar(12))'],
    ['select "${schema}", t_${schema}_x', 'select "app", t_app_x'],
    ["select '${schema}', e'\\'${schema}'", "select 'app', e'\\'app'"],
    ['do $$ begin perform ${schema}.f(); end $$', 'do $$ begin perform app.f(); end $$'],
    ['${schema}${n}${empty}${schema}', 'app12app'],
    ["select '$${n}', '${n}$'", "select '$12', '12$'"],
  ])('%s', (written, text) => {
    expect(filled(written).text).toBe(text);
  });

  it.each([
    ['a line comment', 'select 1; -- ${nobody}\n'],
    ['a comment in comments', '/* ${a} /* ${b} */ ${c} */ select 1'],
    ['what begins a dollar quote', 'select $${1,2}$$, $${n}$$, $json${n}$json$'],
    ['psql’s bind variables and shell’s', "select '$n', '{n}', '$ {n}'"],
  ])('not %s', (_, text) => {
    expect(filled(text).text).toBe(text);
    expect(filled(text).filled).toBeUndefined();
  });

  it('in a string what looks like a comment is none', () => {
    expect(filled("select '-- ${n} /* ', ${n}").text).toBe("select '-- 12 /* ', 12");
  });

  it('nothing where nobody has asked for it', () => {
    const written = "select '${schema}', '${', '${:n}'";
    const { file } = fileOf('1_a.up.sql', written);
    expect(fillIn(file, placeholdersOf(undefined))).toBe(file);
  });

  it('`${:` is `${`, whatever comes behind it', () => {
    expect(filled("select '${:n} ${:HOME:-x} ${:} ${:'").text).toBe("select '${n} ${HOME:-x} ${} ${'");
  });

  it('a value is no template of its own', () => {
    expect(filled('select ${a}', { a: "'${b}'", b: 'x' }).text).toBe("select '${b}'");
  });
});

describe('what cannot be filled in is told, all at once', () => {
  it('each with its place', () => {
    expect(
      problems("select 1;\n  select ${schemas}, ${x}, ${}, '${n'\n, ${a b}, ${1a}, ${schema.t}"),
    ).toEqual([
      '2:10: the placeholder ${schemas} has no value; did you mean ${schema}?',
      '2:22: the placeholder ${x} has no value; did you mean ${n}?',
      '2:28: a placeholder has no name; for `${` itself write `${:`',
      '2:34: a placeholder has no end: `}` is missing; for `${` itself write `${:`',
      ...['3:3', '3:11', '3:18'].map(
        (at) =>
          `${at}: a placeholder’s name has letters, digits and _, and begins with no digit; for \`\${\` itself write \`\${:\``,
      ),
    ]);
  });

  it('also a value that no message could hold', () => {
    const file = filled('select ${n}', { n: 'a\0b' });
    expect(file.filled?.problems).toMatchObject([
      { message: 'the value of ${n} has a NUL character', offset: 7 },
    ]);
  });

  it('and leaves the text as it is', () => {
    expect(filled('select ${n}, ${x}').text).toBe('select ${n}, ${x}');
  });
});

describe('a place in the text is told as one of the file', () => {
  /** Every place in the text at which `mark` stands. */
  function spots(whole: string, mark: string): readonly string[] {
    const file = filled(whole);
    const found: string[] = [];
    for (let i = file.text.indexOf(mark); i >= 0; i = file.text.indexOf(mark, i + 1)) {
      const { line, column, excerpt } = spotIn(file, i);
      found.push(`${line}:${column} ${excerpt}`);
    }
    return found;
  }

  it('before, in and behind values that are longer, shorter, empty or of several lines', () => {
    expect(spots("!${n}!\n${empty}!${lines}!\n'${schema}'!", '!')).toEqual([
      '1:1 !${n}!',
      '1:6 !${n}!',
      '2:9 ${empty}!${lines}!',
      '2:18 ${empty}!${lines}!',
      "3:12 '${schema}'!",
    ]);
    expect(spots('select 3;\nselect ${lines}, 3', '3')).toEqual([
      '1:8 select 3;',
      '2:8 select ${lines}, 3',
      '2:18 select ${lines}, 3',
    ]);
  });

  it('behind the data of a COPY, whose rows are as they are', () => {
    const whole = 'copy ${schema}.t from stdin;\n${n}\t${x}\n\\.\nselect ${lines},\n !';
    const file = filled(whole);
    expect(file.psql?.cuts).toMatchObject([{ content: '${n}\t${x}\n\\.\n', copy: 0, at: 23 }]);
    expect(spots(whole, '!')).toEqual(['5:2  !']);
    expect(wholeText(file)).toBe(whole);
  });

  it('and a statement’s line is the file’s', async () => {
    const { analysis } = await analyseFile(
      filled('select ${lines};\nselect 1;\n\nselect ${lines}, ${lines};\nselect 2'),
    );
    expect(analysis.statements.map((st) => st.line)).toEqual([1, 2, 4, 5]);
  });

  it('and so is a syntax error', async () => {
    const file = filled('select ${lines};\n  selec ${n}');
    const { problems: found } = await analyseFile(file);
    expect(found.map((p) => spotIn(file, p.offset ?? 0))).toMatchObject([{ line: 2, column: 3 }]);
  });
});

describe('a secret in somebody else’s words', () => {
  const file = filled("create role x password '${pw}'; select ${n}");

  it('is its name again, and what is no secret stays', () => {
    expect(withoutSecrets([file], 'near "p;w" and p;w, 12')).toBe('near "${pw}" and ${pw}, 12');
  });

  const LONG = 'A-Long-Secret-0123456789-0123456789';
  it.each([
    ["d''oh!d''oh", "no d'oh!d'oh", 'no ${pw}'],
    ['a""b', 'role "a"b"', 'role "${pw}"'],
    ['GeHeim', 'role "geheim" and GEHEIM', 'role "${pw}" and ${pw}'],
    ["it\\'s\\n\\x41\\101\\u00e9\\\\", "it's\nAAé\\.", '${pw}.'],
    ['x\\UFFFFFFFFy', 'near x\\UFFFFFFFFy', 'near ${pw}'],
    [LONG, `(1, ${LONG.slice(0, 20)}...)`, '(1, ${pw}...)'],
    [LONG, `truncated to "${LONG.slice(0, 16)}"`, 'truncated to "${pw}"'],
    [LONG, `${LONG}${LONG}`, '${pw}${pw}'],
    [LONG, 'A-Long-Secret-0 and A-Long-Secret-0...', 'A-Long-Secret-0 and A-Long-Secret-0...'],
    ['aaaaaaaaaaaaaaaab', 'aaaaaaaaaaaaaaaaaaab', 'aaa${pw}'],
    ["''''", "one '' here", "one '' here"],
  ])('%j is recognised in %j', (secret, words, shown) => {
    expect(withoutSecrets([filled("'${pw}'", { pw: { secret } })], words)).toBe(shown);
  });

  it('also where a part of it is quoted at its place', () => {
    expect(
      withoutSecrets([file], 'syntax error at or near "w"', { file, offset: file.text.indexOf("w'") }),
    ).toBe('syntax error at or near "${pw}"');
    expect(withoutSecrets([file], 'syntax error at or near "w"', { file, offset: 0 })).toBe(
      'syntax error at or near "w"',
    );
  });
});
