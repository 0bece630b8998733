/** `R__name.sql`: which names are ones, in which order, when they are due, and what counts as saying the same. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { stateOf } from '../../src/applied.ts';
import { layoutOf, RULES } from '../../src/layout/layout.ts';
import type { Goal, Layout, Migrations } from '../../src/migration.ts';
import { plan } from '../../src/plan/plan.ts';
import type { JournalRow } from '../../src/recorded.ts';
import { analyseFile } from '../../src/sql/analysis.ts';
import { checksum } from '../../src/sql/checksum.ts';
import { wholeText } from '../../src/sql/cuts.ts';
import { LARGE } from '../../src/sql/large-limit.ts';
import { takeApart } from '../../src/sql/psql.ts';
import { at, down, file, files, goto, recorded, redo, row, STRICT, upTo } from '../support/world.ts';

const judge = (layout: Layout, name: string) => {
  const verdict = RULES[layout].classify(name);
  return typeof verdict === 'string' ? verdict : verdict.why;
};

describe('a name', () => {
  test.each(['pairs', 'named'] as const)('is a repeatable’s beside %s', (layout) => {
    for (const name of ['R__a.sql', 'R__010 a.SQL', 'R___.sql', 'R__1_a.sql'])
      expect(judge(layout, name)).toBe('run');
  });

  test.each(['pairs', 'named'] as const)('that nearly is one beside %s is told', (layout) => {
    for (const name of ['r__a.sql', 'R_a.sql', 'R_.sql'])
      expect(judge(layout, name)).toBe('it looks like a repeatable, which is called R__name.sql');
    for (const name of ['R__a.sql~', 'R__a.sql.bak']) expect(judge(layout, name)).toMatch(/backup/);
  });

  test('of something else is nobody’s business', () => {
    for (const name of ['r_a.sql', 'report__a.sql', 'R__a.md', 'R__a', 'README'])
      expect(judge('pairs', name)).toBe('ignore');
  });

  test('without a word in it, or with a direction, is refused', () => {
    const names = ['R__.sql', 'R__a.up.sql', 'R__a.down.sql', 'R__ok.sql'];
    const { repeatable, problems } = RULES.pairs.arrange(names.map((name) => file(name, 'select 1')));
    expect(problems.map((p) => p.message)).toEqual([
      'a repeatable needs a name: R__name.sql',
      'a repeatable has no directions: call it R__a.sql',
      'a repeatable has no directions: call it R__a.sql',
    ]);
    expect(repeatable.map((m) => m.id)).toEqual(['R__ok.sql']);
  });

  test('says nothing of the layout, nor does a script count as a folder for it', () => {
    expect(layoutOf(['R__a.sql'])).toBe('pairs');
    expect(layoutOf(['R__a.sql', '1_a.sql'])).toBe('named');
    expect(layoutOf(['R__a.sql', 'init-db.sql'])).toBe('script');
    expect(judge('script', 'R__a.sql')).toMatch(/only init-db.sql/);
  });
});

test('the order is by code unit of the name', () => {
  const names = ['R__b.sql', 'R__B.sql', 'R__a_b.sql', 'R__a.sql', 'R__2.sql', 'R__10.sql'];
  const { repeatable } = RULES.named.arrange(names.map((name) => file(name, 'select 1')));
  expect(repeatable.map((m) => m.id)).toEqual([
    ...['R__10.sql', 'R__2.sql', 'R__B.sql'],
    ...['R__a.sql', 'R__a_b.sql', 'R__b.sql'],
  ]);
});

describe('a plan', () => {
  /** `1ud 2ud`, and these repeatables beside. */
  const folder = (spec: string, ...names: readonly string[]): Migrations => ({
    ...files(spec),
    ...RULES.pairs.arrange(names.map((name) => file(name, `text of ${name}`))),
    migrations: spec === '' ? [] : files(spec).migrations,
  });
  const ran = (name: string, more: Partial<JournalRow> = {}): JournalRow =>
    row('up', 1, 1, { version: null, name, checksum: checksum(`text of ${name}`), ...more });
  const planned = (source: Migrations, head: number | null, journal: readonly JournalRow[], goal: Goal) => {
    const numbered = journal.map((r, i) => ({ ...r, id: BigInt(i + 1) }));
    const known = recorded(at(head), numbered);
    const { steps, remaining } = plan(source, known.head, stateOf(known, source), goal, STRICT);
    const words = steps.map((s) => `${s.direction === 'up' ? '+' : '-'}${s.migration.id}`);
    return [words.join(' '), remaining.map((m) => m.id).join(' ')];
  };
  const BOTH = folder('1ud 2ud', 'R__a.sql', 'R__b.sql');
  const APPLIED = [row('up', 1, 1), row('up', 2, 2)];
  const ALL = [...APPLIED, ran('R__a.sql', { head: 2n }), ran('R__b.sql', { head: 2n })];

  test('has them behind the last version, and none in a run that stops before it', () => {
    expect(planned(BOTH, null, [], upTo())).toEqual(['+1 +2 +R__a.sql +R__b.sql', '']);
    expect(planned(BOTH, null, [], upTo(2))).toEqual(['+1 +2 +R__a.sql +R__b.sql', '']);
    expect(planned(BOTH, null, [], upTo(1))).toEqual(['+1', '2 R__a.sql R__b.sql']);
    expect(planned(BOTH, null, [], goto(2))).toEqual(['+1 +2 +R__a.sql +R__b.sql', '']);
    expect(planned(BOTH, null, [], goto(1))).toEqual(['+1', '2 R__a.sql R__b.sql']);
    const none: Goal = { kind: 'up', steps: 0, to: null };
    expect(planned(BOTH, 2, APPLIED, none)).toEqual(['', 'R__a.sql R__b.sql']);
  });

  test('has those whose text is not the one that was run last', () => {
    expect(planned(BOTH, 2, ALL, upTo())).toEqual(['', '']);
    const older = ran('R__b.sql', { checksum: checksum('older') });
    expect(planned(BOTH, 2, [...ALL, older], upTo())).toEqual(['+R__b.sql', '']);
    expect(planned(BOTH, 2, [...ALL, older, ran('R__b.sql')], upTo())).toEqual(['', '']);
  });

  test('has all of them again after a revert, whoever did it', () => {
    const reverted = [...ALL, row('down', 2, 1)];
    expect(planned(BOTH, 1, reverted, upTo())).toEqual(['+2 +R__a.sql +R__b.sql', '']);
    expect(planned(BOTH, 2, [...reverted, row('up', 2, 2)], upTo())).toEqual(['+R__a.sql +R__b.sql', '']);
    // golang-migrate moved the version back, and the journal does not know yet.
    expect(planned(BOTH, 1, ALL, upTo())).toEqual(['+2 +R__a.sql +R__b.sql', '']);
    expect(planned(BOTH, 2, ALL, redo)).toEqual(['-2 +2 +R__a.sql +R__b.sql', '']);
    expect(planned(BOTH, 2, ALL, down(1))).toEqual(['-2', '2 R__a.sql R__b.sql']);
  });

  test('has none of them again for force, which reverses nothing', () => {
    const forced = [...ALL, row('down', 2, 1, { kind: 'forced' }), row('up', 2, 2, { kind: 'forced' })];
    expect(planned(BOTH, 2, forced, upTo())).toEqual(['', '']);
  });

  test('takes no repeatable’s row for a move of the version', () => {
    const behind = [row('up', 1, 1), ran('R__a.sql'), ran('R__b.sql')];
    expect(planned(folder('1ud', 'R__a.sql', 'R__b.sql'), 1, behind, upTo())).toEqual(['', '']);
    // Applied by golang-migrate meanwhile.
    expect(planned(BOTH, 2, behind, upTo())).toEqual(['', '']);
  });

  test('may have nothing but them', () => {
    const alone = folder('', 'R__a.sql');
    expect(planned(alone, null, [], upTo())).toEqual(['+R__a.sql', '']);
    expect(planned(alone, null, [ran('R__a.sql', { head: null })], upTo())).toEqual(['', '']);
  });
});

describe('what a file says', () => {
  const analysisOf = async (text: string) => {
    const parts = takeApart(text);
    const of = { ...file('R__a.sql', '').file, ...parts, checksum: checksum(wholeText(parts)) };
    return analyseFile({ ...of, repeatable: true });
  };
  const meaning = async (text: string) => (await analysisOf(text)).analysis.meaning;
  const VIEW =
    "create or replace view v as select a, 'x' as b from t where a = any (array[1, 2]) and a in (1, 2);";

  test.each([
    ['comments', `-- why\n/* how */ ${VIEW} -- so`],
    ['white space', VIEW.replaceAll(' ', '\n\t ')],
    ['line ends', `\r\n${VIEW.replaceAll(' ', '\r\n')}`],
    ['the case of keywords', VIEW.replace('select', 'SELECT')],
    ['a last semicolon', VIEW.slice(0, -1)],
    ['its own BEGIN and COMMIT around', `begin; ${VIEW} commit;`],
  ])('is the same with other %s', async (_what, text) => {
    expect(await meaning(text)).toBe(await meaning(VIEW));
    expect(await meaning(text)).toMatch(/^[0-9a-f]{64}$/);
  });

  const FUNCTION =
    'create or replace function f() returns int language plpgsql as $$ begin return 1; end $$;';
  test.each([
    ['a constant', VIEW, VIEW.replace("'x'", "'y'")],
    ['a number', VIEW, VIEW.replace('[1, 2]', '[1, 3]')],
    ['another statement', VIEW, `${VIEW} comment on view v is 'x';`],
    ['a name', VIEW, VIEW.replace('as b', 'as c')],
    ['a body', FUNCTION, FUNCTION.replace('return 1', 'return 2')],
    [
      'a comment in a body, which is a string to the grammar',
      FUNCTION,
      FUNCTION.replace('1;', '1; -- one\n'),
    ],
    ['rows', 'copy t from stdin;\n1\n\\.\n', 'copy t from stdin;\n2\n\\.\n'],
  ])('is another with other %s', async (_what, one, other) => {
    expect(await meaning(one)).not.toBe(await meaning(other));
  });

  // Each statement that PostgreSQL's grammar knows has its own names for places in the text.
  const fixtures = readdirSync('test/fixtures', { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.sql'),
  );
  test('holds no place in the text, whatever the statement', async () => {
    let read = 0;
    for (const name of fixtures) {
      const text = readFileSync(join('test/fixtures', name), 'utf8');
      const one = await meaning(text);
      if (one === undefined) continue;
      expect(await meaning(`/* moved\n */\n   ${text}`), name).toBe(one);
      read++;
    }
    expect(read).toBeGreaterThan(100);
  });

  test('of a file that the grammar refuses is told by its text, and refused where it has its own COMMIT', async () => {
    const { analysis, problems } = await analysisOf('commit; create table c (system_user int);');
    expect(analysis.meaning).toBeUndefined();
    expect(problems.map((p) => p.reason)).toEqual(['syntax', 'repeatable']);
    expect((await analysisOf('create table c (system_user int);')).problems).toHaveLength(1);
  });

  test('of a file that nests too deeply is told by its text', async () => {
    const text = `select ${Array(6000).fill('1').join(' + ')};`;
    const { analysis, problems } = await analysisOf(text);
    expect(problems).toEqual([]);
    expect(analysis.meaning).toBeUndefined();
  });

  test('of a file so large that its INSERTs are not read is told by its text', async () => {
    const text = `insert into t values ('${'x'.repeat(LARGE)}');`;
    expect(await meaning(text)).toBeUndefined();
  });

  test.each([
    ['select 1;\nvacuum;', 'VACUUM at line 2 cannot: put it into a versioned migration', 10],
    ['select 1; commit; select 2;', 'its own COMMIT at line 1: take its transaction control out', 10],
    ['-- rungs: no-transaction\nselect 1;', 'take `-- rungs: no-transaction` away', 10],
    ['-- rungs: plain\nselect 1;', 'take `-- rungs: plain` away', 10],
  ])('is refused where it needs more than one transaction: %s', async (text, message, offset) => {
    const { problems } = await analysisOf(text);
    expect(problems).toMatchObject([
      { reason: 'repeatable', message: expect.stringContaining(message), offset },
    ]);
  });
});
