import { describe, expect, test } from 'vitest';
import { stateOf } from '../../src/applied.ts';
import { pair } from '../../src/layout/pairs.ts';
import type { Goal, Migrations } from '../../src/migration.ts';
import { plan } from '../../src/plan/plan.ts';
import type { Allowances, Plan } from '../../src/plan/situation.ts';
import type { Recorded } from '../../src/recorded.ts';
import {
  at,
  down,
  file,
  files,
  GAPS,
  goto,
  planned,
  recorded,
  redo,
  refusal,
  row,
  STRICT,
  told,
  up,
  upTo,
} from '../support/world.ts';

/**
 * golang-migrate's conformance grids (migrate_test.go, v4.19.1) over its own set with gaps. The database has no
 * journal, as golang-migrate leaves it. Where we differ on purpose:
 * - its "file does not exist" is `ahead` where the database's version has no file, `not_found` where the target has none;
 * - nothing to do (its ErrNoChange; at the ends of Steps its "file does not exist") is an empty plan, not an error;
 * - fewer than asked for (its ErrShortLimit) is a warning, not an error;
 * - reverting 3, which has no down file, is refused unless a missing down is allowed; then it is as there.
 */
const VERSIONS = [null, 0, 1, 2, 3, 4, 5, 6, 7, 8] as const;
type Version = (typeof VERSIONS)[number];
const isThere = (version: Version) => version === null || [1, 3, 4, 5, 7].includes(version);

/** A row of a grid: from where, and what is run to get to each column. */
type Row = readonly [from: Version, cells: Readonly<Record<string, string>>];

/** TestRead: 10 × 10. A cell that is not here has, on either side, a version without a file. */
const READ: readonly Row[] = [
  [null, { none: '', 1: '+1', 3: '+1 +3', 4: '+1 +3 +4', 5: '+1 +3 +4 ~+5', 7: '+1 +3 +4 ~+5 +7' }],
  [0, {}],
  [1, { none: '-1>none', 1: '', 3: '+3', 4: '+3 +4', 5: '+3 +4 ~+5', 7: '+3 +4 ~+5 +7' }],
  [2, {}],
  [3, { none: '~-3>1 -1>none', 1: '~-3>1', 3: '', 4: '+4', 5: '+4 ~+5', 7: '+4 ~+5 +7' }],
  [4, { none: '-4>3 ~-3>1 -1>none', 1: '-4>3 ~-3>1', 3: '-4>3', 4: '', 5: '~+5', 7: '~+5 +7' }],
  [
    5,
    {
      none: '-5>4 -4>3 ~-3>1 -1>none',
      1: '-5>4 -4>3 ~-3>1',
      3: '-5>4 -4>3',
      4: '-5>4',
      5: '',
      7: '+7',
    },
  ],
  [6, {}],
  [
    7,
    {
      none: '-7>5 -5>4 -4>3 ~-3>1 -1>none',
      1: '-7>5 -5>4 -4>3 ~-3>1',
      3: '-7>5 -5>4 -4>3',
      4: '-7>5 -5>4',
      5: '-7>5',
      7: '',
    },
  ],
  [8, {}],
];

/** TestReadUp: 10 × 4. */
const READ_UP: readonly Row[] = [
  [null, { all: '+1 +3 +4 ~+5 +7', 0: '', 1: '+1', 2: '+1 +3' }],
  [0, {}],
  [1, { all: '+3 +4 ~+5 +7', 0: '', 1: '+3', 2: '+3 +4' }],
  [2, {}],
  [3, { all: '+4 ~+5 +7', 0: '', 1: '+4', 2: '+4 ~+5' }],
  [4, { all: '~+5 +7', 0: '', 1: '~+5', 2: '~+5 +7' }],
  [5, { all: '+7', 0: '', 1: '+7', 2: '+7, 1 short' }],
  [6, {}],
  [7, { all: '', 0: '', 1: '', 2: '' }],
  [8, {}],
];

/** TestReadDown: 10 × 4. */
const READ_DOWN: readonly Row[] = [
  [null, { all: '', 0: '', 1: '', 2: '' }],
  [0, {}],
  [1, { all: '-1>none', 0: '', 1: '-1>none', 2: '-1>none, 1 short' }],
  [2, {}],
  [3, { all: '~-3>1 -1>none', 0: '', 1: '~-3>1', 2: '~-3>1 -1>none' }],
  [4, { all: '-4>3 ~-3>1 -1>none', 0: '', 1: '-4>3', 2: '-4>3 ~-3>1' }],
  [5, { all: '-5>4 -4>3 ~-3>1 -1>none', 0: '', 1: '-5>4', 2: '-5>4 -4>3' }],
  [6, {}],
  [7, { all: '-7>5 -5>4 -4>3 ~-3>1 -1>none', 0: '', 1: '-7>5', 2: '-7>5 -5>4' }],
  [8, {}],
];

const SOURCE = files(GAPS);
const LIMITS = ['all', '0', '1', '2'] as const;

function planOf(from: Recorded, goal: Goal, allow: Partial<Allowances> = {}, source = SOURCE): Plan {
  return plan(source, from.head, stateOf(from, source), goal, { ...STRICT, ...allow });
}

/** As `planned`, with how many are missing at the end. */
function withShort(from: Recorded, goal: Goal, allow: Partial<Allowances>): string {
  const steps = planned(SOURCE, from, goal, allow);
  if (steps === 'ahead' || steps === 'missing_down') return steps;
  const short = planOf(from, goal, allow).warnings.find((w) => w.reason === 'short');
  if (short === undefined) return steps;
  const [asked = 0, there = 0] = (short.message.match(/\d+/g) ?? []).map(Number);
  return `${steps}, ${asked - there} short`;
}

/** What the row expects of each column. `strict`: with no flag typed. */
function expected([from, cells]: Row, columns: readonly string[], strict: boolean): Record<string, string> {
  const cell = (column: string) => {
    if (!isThere(from)) return 'ahead';
    const steps = cells[column];
    if (steps === undefined) return 'not_found';
    return strict && steps.includes('~-3') ? 'missing_down' : steps;
  };
  return Object.fromEntries(columns.map((column) => [column, cell(column)]));
}

describe.each([
  ['where a missing down is allowed, exactly as golang-migrate', { missingDown: true }],
  ['with no flag typed, except that reverting 3 is refused', {}],
])('golang-migrate’s grids, %s', (_what, allow: Partial<Allowances>) => {
  const strict = allow.missingDown !== true;

  describe('Read: from one version to another', () => {
    const columns = VERSIONS.map((v) => (v === null ? 'none' : String(v)));
    test.each(READ)('from %s', (from, cells) => {
      const got = VERSIONS.map((to) => [
        to === null ? 'none' : String(to),
        planned(SOURCE, recorded(at(from)), to === null ? down() : goto(to), allow),
      ]);
      expect(Object.fromEntries(got)).toEqual(expected([from, cells], columns, strict));
    });
  });

  describe.each([
    ['ReadUp: so many up', READ_UP, up],
    ['ReadDown: so many down', READ_DOWN, down],
  ] as const)('%s', (_name, grid, goal) => {
    test.each(grid)('from %s', (from, cells) => {
      const got = LIMITS.map((limit) => [
        limit,
        withShort(recorded(at(from)), goal(limit === 'all' ? null : Number(limit)), allow),
      ]);
      expect(Object.fromEntries(got)).toEqual(expected([from, cells], LIMITS, strict));
    });
  });
});

/** Plans each goal from where the one before has landed; where it is refused, that is where it was. */
function walk(steps: readonly (readonly [goal: Goal, runs: string, lands: number | null])[]): void {
  let head = at(null);
  for (const [goal, runs, lands] of steps) {
    const from = recorded(head);
    expect(planned(SOURCE, from, goal, { missingDown: true })).toBe(runs);
    const moves = /^[+~-]/.test(runs);
    if (moves) head = at(planOf(from, goal, { missingDown: true }).steps.at(-1)?.to ?? null);
    expect(head).toEqual(at(lands));
  }
}

describe('golang-migrate’s walks, one goal after another', () => {
  test('Migrate: to every version upwards, then downwards, then in one go', () => {
    walk([
      [goto(0), 'not_found', null],
      [goto(1), '+1', 1],
      [goto(2), 'not_found', 1],
      [goto(3), '+3', 3],
      [goto(4), '+4', 4],
      [goto(5), '~+5', 5],
      [goto(6), 'not_found', 5],
      [goto(7), '+7', 7],
      [goto(8), 'not_found', 7],
      [goto(6), 'not_found', 7],
      [goto(5), '-7>5', 5],
      [goto(4), '-5>4', 4],
      [goto(3), '-4>3', 3],
      [goto(2), 'not_found', 3],
      [goto(1), '~-3>1', 1],
      [goto(0), 'not_found', 1],
      [goto(7), '+3 +4 ~+5 +7', 7],
      [goto(1), '-7>5 -5>4 -4>3 ~-3>1', 1],
      [goto(1), '', 1],
    ]);
  });

  test('Steps: one by one up and down, then several, then more than there are', () => {
    walk([
      [up(0), '', null],
      [down(1), '', null],
      [up(1), '+1', 1],
      [up(1), '+3', 3],
      [up(1), '+4', 4],
      [up(1), '~+5', 5],
      [up(1), '+7', 7],
      [up(1), '', 7],
      [down(1), '-7>5', 5],
      [down(1), '-5>4', 4],
      [down(1), '-4>3', 3],
      [down(1), '~-3>1', 1],
      [down(1), '-1>none', null],
      [up(4), '+1 +3 +4 ~+5', 5],
      [up(2), '+7', 7],
      [down(4), '-7>5 -5>4 -4>3 ~-3>1', 1],
      [down(2), '-1>none', null],
    ]);
  });

  test('UpAndDown: all, and all but one', () => {
    walk([
      [up(), '+1 +3 +4 ~+5 +7', 7],
      [down(), '-7>5 -5>4 -4>3 ~-3>1 -1>none', null],
      [up(1), '+1', 1],
      [up(), '+3 +4 ~+5 +7', 7],
      [down(1), '-7>5', 5],
      [down(), '-5>4 -4>3 ~-3>1 -1>none', null],
    ]);
  });

  test('a dirty database is refused whatever is asked, in golang-migrate’s words', () => {
    // TestMigrateDirty, TestStepsDirty, TestUpDirty, TestDownDirty: at version 0, which has no file here either.
    for (const goal of [goto(1), up(1), up(), down(), down(1), redo]) {
      const error = refusal(() => planOf(recorded(at(0, true)), goal));
      expect(error.reason).toBe('dirty');
      expect(error.message).toBe('Dirty database version 0. Fix and force version.');
    }
  });
});

describe('what is not an error here', () => {
  test('asking for more than there is: a warning that says how many there are', () => {
    expect(planOf(recorded(at(5)), up(2)).warnings).toMatchObject([
      { reason: 'short', message: 'asked to apply 2, but there is only 1' },
    ]);
    expect(planOf(recorded(at(1)), down(3)).warnings).toMatchObject([
      { reason: 'short', message: 'asked to revert 3, but there is only 1' },
    ]);
  });

  test('asking for some where there are none: nothing to do, and nothing to warn of', () => {
    expect(planOf(recorded(at(7)), up(2))).toMatchObject({ steps: [], warnings: [] });
    expect(planOf(recorded(at(null)), down(2))).toMatchObject({ steps: [], warnings: [] });
    expect(planOf(recorded(at(null)), redo)).toMatchObject({ steps: [], warnings: [] });
  });

  test('a missing up file: the version moves, and a warning says so', () => {
    expect(planOf(recorded(at(4)), up(1)).warnings).toMatchObject([
      { reason: 'missing_up', file: 'migrations/5_m5.down.sql' },
    ]);
  });
});

describe('a missing down file', () => {
  test('is refused before anything runs, naming the migration', () => {
    const error = refusal(() => planOf(recorded(at(7)), down()));
    expect(error).toMatchObject({ code: 'MIGRATION_DOWN_FAILED', reason: 'missing_down' });
    expect(error.message).toContain('migration 3 m3 has no down file');
  });

  test('does not matter where the way down does not pass it', () => {
    expect(planned(SOURCE, recorded(at(7)), goto(3))).toBe('-7>5 -5>4 -4>3');
  });

  test('is refused for redo, which reverts first', () => {
    expect(planned(SOURCE, recorded(at(3)), redo)).toBe('missing_down');
    expect(planned(SOURCE, recorded(at(3)), redo, { missingDown: true })).toBe('~-3>1 +3');
  });
});

describe('redo', () => {
  test('reverts the newest applied and applies it again', () => {
    expect(planned(SOURCE, recorded(at(4)), redo)).toBe('-4>3 +4');
    expect(planned(SOURCE, recorded(at(1)), redo)).toBe('-1>none +1');
  });

  test('starts its second half from where the first ends', () => {
    const [back, again] = planOf(recorded(at(4)), redo).steps;
    expect(back).toMatchObject({ from: at(4), to: 3n });
    expect(again).toMatchObject({ from: at(3), to: 4n });
  });
});

describe('each step', () => {
  test('starts from the version where the one before has landed', () => {
    const { steps } = planOf(recorded(at(null)), up());
    expect(steps.map((s) => [s.from, s.to])).toEqual([
      [at(null), 1n],
      [at(1), 3n],
      [at(3), 4n],
      [at(4), 5n],
      [at(5), 7n],
    ]);
  });

  test('carries the file of its direction', () => {
    expect(planOf(recorded(at(null)), up(1)).steps[0]?.file?.text).toBe('up 1');
    expect(planOf(recorded(at(1)), down(1)).steps[0]?.file?.text).toBe('down 1');
  });
});

describe('what remains', () => {
  const left = (p: Plan) => p.remaining.map((m) => m.id).join(' ');

  test('after some ups is what they leave out', () => {
    expect(left(planOf(recorded(at(1)), up(2)))).toBe('5 7');
    expect(left(planOf(recorded(at(1)), up()))).toBe('');
    expect(left(planOf(recorded(at(null)), goto(4)))).toBe('5 7');
  });

  test('after some downs is what they revert and what was pending before', () => {
    expect(left(planOf(recorded(at(5)), down(2)))).toBe('4 5 7');
    expect(left(planOf(recorded(at(7)), goto(3)))).toBe('4 5 7');
  });

  test('after a redo is what was pending before', () => {
    expect(left(planOf(recorded(at(4)), redo))).toBe('5 7');
  });
});

describe('a version that the files do not have', () => {
  test('the database’s own: refused as ahead, with both numbers named', () => {
    for (const goal of [up(), down(), down(1), goto(3), goto(9), redo]) {
      const error = refusal(() => planOf(recorded(at(9)), goal));
      expect(error.reason).toBe('ahead');
      expect(error.message).toMatch(
        /^no migration found for version 9: .* the newest file is 7 \(migrations\)/,
      );
    }
  });

  test('the target: refused as not found', () => {
    for (const goal of [goto(6), upTo(6)]) {
      const error = refusal(() => planOf(recorded(at(1)), goal));
      expect(error).toMatchObject({ code: 'MIGRATION_UP_FAILED', reason: 'not_found' });
      expect(error.message).toContain('no migration has version 6');
    }
  });

  test('dirty is told first: what to do about it comes before everything else', () => {
    expect(planned(SOURCE, recorded(at(9, true)), up())).toBe('dirty');
    expect(planned(files(''), recorded(at(9, true)), up())).toBe('dirty');
  });
});

describe('an empty folder', () => {
  const EMPTY = files('');

  test('is refused, as golang-migrate does, since it is mostly a wrong path', () => {
    for (const goal of [up(), up(1), down(), redo, goto(1)]) {
      const error = refusal(() => planOf(recorded(at(null)), goal, {}, EMPTY));
      expect(error).toMatchObject({ code: 'MIGRATION_SOURCE_FAILED', reason: 'no_migrations' });
    }
  });

  test('is told as “ahead” where the database has a version', () => {
    const error = refusal(() => planOf(recorded(at(7)), up(), {}, EMPTY));
    expect(error.reason).toBe('ahead');
    expect(error.message).toContain('there are no files');
  });
});

describe('version 0', () => {
  const ZERO = files('0ud 1ud');

  test('is a version like any other where a file has it', () => {
    expect(planned(ZERO, recorded(at(null)), up())).toBe('+0 +1');
    expect(planned(ZERO, recorded(at(0)), up())).toBe('+1');
    expect(planned(ZERO, recorded(at(1)), goto(0))).toBe('-1>0');
    expect(planned(ZERO, recorded(at(0)), down())).toBe('-0>none');
    expect(planned(ZERO, recorded(at(0)), goto(0))).toBe('');
  });
});

describe('versions near the end of bigint', () => {
  const names = ['9223372036854775806', '9223372036854775807'].flatMap((v) =>
    ['up', 'down'].map((side) => file(`${v}_a.${side}.sql`, side)),
  );
  const LARGE: Migrations = {
    layout: 'pairs',
    origin: 'migrations',
    migrations: pair(names).migrations,
    repeatable: [],
    ignored: [],
  };

  test('are told apart, though a double could not', () => {
    expect(planned(LARGE, recorded(at(null)), up())).toBe('+9223372036854775806 +9223372036854775807');
    expect(planned(LARGE, recorded(at(9223372036854775806n)), up())).toBe('+9223372036854775807');
    expect(planned(LARGE, recorded(at(9223372036854775807n)), down(1))).toBe(
      '-9223372036854775807>9223372036854775806',
    );
    expect(
      planned(LARGE, recorded(at(9223372036854775806n)), { kind: 'goto', to: 9223372036854775807n }),
    ).toBe('+9223372036854775807');
  });
});

describe('a file below the current version that was never applied', () => {
  const SIX = files('1ud 2ud 3ud 4ud 5ud 6ud');
  /** 3 came late: 1, 2, 4 and 5 were run when it was not there. */
  const LATE = recorded(at(5), [row('up', 1, 1), row('up', 2, 2), row('up', 4, 4), row('up', 5, 5)]);

  test('is refused by up and by goto upwards, with its path and the number to take instead', () => {
    for (const goal of [up(), up(1), goto(6), upTo(6)]) {
      const error = refusal(() => planOf(LATE, goal, {}, SIX));
      expect(error.reason).toBe('out_of_order');
      expect(error.message).toBe('3 is below the current version 5 and was never applied');
      expect(error.details).toEqual(['never applied: migrations/3_m3.up.sql']);
      expect(error.hint).toContain('renumber above 6');
    }
  });

  test('is refused also where there is nothing else to do', () => {
    expect(planned(SIX, recorded(at(6), [...LATE.journal, row('up', 6, 6)]), up())).toBe('out_of_order');
    expect(planned(SIX, LATE, goto(5))).toBe('out_of_order');
  });

  test('is run first where it is allowed, and leaves the version where it is', () => {
    expect(planned(SIX, LATE, up(), { outOfOrder: true })).toBe('+3>5 +6');
    const [late, next] = planOf(LATE, up(), { outOfOrder: true }, SIX).steps;
    expect(late).toMatchObject({ from: at(5), to: 5n });
    expect(next).toMatchObject({ from: at(5), to: 6n });
  });

  test('counts among the steps', () => {
    expect(planned(SIX, LATE, up(1), { outOfOrder: true })).toBe('+3>5');
    expect(planned(SIX, LATE, goto(5), { outOfOrder: true })).toBe('+3>5');
    expect(planned(SIX, LATE, upTo(5), { outOfOrder: true })).toBe('+3>5');
  });

  test('does not stand in the way of down, which passes it by', () => {
    expect(planned(SIX, LATE, down())).toBe('-5>4 -4>2 -2>1 -1>none');
    expect(planned(SIX, LATE, goto(2))).toBe('-5>4 -4>2');
    expect(planned(SIX, LATE, redo)).toBe('-5>4 +5');
  });

  test('cannot be gone to, since reverting to it would not apply it', () => {
    const error = refusal(() => planOf(LATE, goto(3), {}, SIX));
    expect(error.reason).toBe('out_of_order');
    expect(error.message).toBe('3 is below the current version and was never applied');
  });

  test('is reverted in its place once it was run', () => {
    const after = recorded(at(5), [...LATE.journal, row('up', 3, 5)]);
    expect(planned(SIX, after, down())).toBe('-5>4 -4>3 -3>2 -2>1 -1>none');
    expect(planned(SIX, after, up())).toBe('+6');
  });

  test('is not reported on a database without a journal, where all up to the version counts as applied', () => {
    expect(planned(SIX, recorded(at(5)), up())).toBe('+6');
  });
});

describe('a file that was edited after it was applied', () => {
  const THREE = files('1ud 2ud 3ud', [1n]);
  const RAN = recorded(at(2), [row('up', 1, 1), row('up', 2, 2)]);

  test('is refused by up and by goto upwards, with both checksums', () => {
    for (const goal of [up(), up(1), goto(3), goto(2), upTo(2)]) {
      const error = refusal(() => planOf(RAN, goal, {}, THREE));
      expect(error.reason).toBe('changed');
      expect(error.message).toBe('1 was edited after being applied');
      expect(error.details).toEqual([
        expect.stringMatching(
          /^edited: migrations\/1_m1\.up\.sql \(applied as [0-9a-f]{64}, now [0-9a-f]{64}\)$/,
        ),
      ]);
    }
  });

  test('is taken as it is now where that is allowed', () => {
    const p = planOf(RAN, up(), { changed: true }, THREE);
    expect(told(p)).toBe('+3');
    expect(p.accepted.map((m) => m.id)).toEqual(['1']);
  });

  test('does not stand in the way of down', () => {
    expect(planned(THREE, RAN, down())).toBe('-2>1 -1>none');
    expect(planned(THREE, RAN, redo)).toBe('-2>1 +2');
  });

  test('is not noticed where its down file was edited, which has not been run', () => {
    const edited = files('1ud 2ud 3ud');
    const one = edited.migrations[0];
    if (one?.down === null || one === undefined) throw new Error('no down file');
    const touched = { ...one, down: { ...one.down, text: 'other', checksum: 'other' } };
    const source = { ...edited, migrations: [touched, ...edited.migrations.slice(1)] };
    expect(planned(source, RAN, up())).toBe('+3');
  });

  test('is not noticed where nobody knows what was applied', () => {
    expect(planned(THREE, recorded(at(2)), up())).toBe('+3');
    const unknown = recorded(at(2), [row('up', 1, 1, { checksum: null }), row('up', 2, 2)]);
    expect(planned(THREE, unknown, up())).toBe('+3');
  });

  test('is no longer one once it was reverted', () => {
    const back = recorded(at(null), [...RAN.journal, row('down', 2, 1), row('down', 1, null)]);
    expect(planned(THREE, back, up())).toBe('+1 +2 +3');
  });
});

describe('a half-done resumable migration', () => {
  const FIVE = files('1ud 2ud 3ud 4ud 5ud');
  const half = { mode: 'resumable', state: 'started', doneStatements: ['a'] } as const;
  const before = [row('up', 1, 1), row('up', 2, 2)];
  const UP = recorded(at(3, true), [...before, row('up', 3, 3, half)]);
  const DOWN = recorded(at(1, true), [...before, row('down', 2, 1, half)]);
  const FIRST_DOWN = recorded(at(null, true), [row('up', 1, 1), row('down', 1, null, half)]);

  test.each([
    ['up', up(), 'again +3 +4 +5'],
    ['up 1: it is the one', up(1), 'again +3'],
    ['up 2', up(2), 'again +3 +4'],
    ['up to itself', upTo(3), 'again +3'],
    ['goto itself', goto(3), 'again +3'],
    ['goto further', goto(4), 'again +3 +4'],
  ])('on its way up is continued by %s', (_what, goal, steps) => {
    expect(planned(FIVE, UP, goal)).toBe(steps);
  });

  test.each([
    ['down', down(1)],
    ['down all', down()],
    ['goto below it', goto(2)],
    ['redo', redo],
  ])('on its way up is not reverted by %s', (_what, goal) => {
    const error = refusal(() => planOf(UP, goal, {}, FIVE));
    expect(error.reason).toBe('dirty');
    expect(error.message).toBe('migration 3 is half done (up, 1 statement)');
    expect(error.hint).toContain('run `task migrate` to finish it first');
  });

  test.each([
    ['down 1: it is the one', down(1), 'again -2>1'],
    ['down 2', down(2), 'again -2>1 -1>none'],
    ['down all', down(), 'again -2>1 -1>none'],
    ['goto the one below it', goto(1), 'again -2>1'],
  ])('on its way down is continued by %s', (_what, goal, steps) => {
    expect(planned(FIVE, DOWN, goal)).toBe(steps);
  });

  test.each([
    ['up', up()],
    ['up to it', upTo(2)],
    ['goto it', goto(2)],
    ['goto above it', goto(4)],
    ['redo', redo],
  ])('on its way down is not applied by %s', (_what, goal) => {
    const error = refusal(() => planOf(DOWN, goal, {}, FIVE));
    expect(error.reason).toBe('dirty');
    expect(error.hint).toContain('run `task migrate:down` to finish it first');
  });

  test('counts as pending again once its way down is through', () => {
    expect(planOf(DOWN, down(1), {}, FIVE).remaining.map((m) => m.id)).toEqual(['2', '3', '4', '5']);
    expect(planOf(DOWN, goto(1), {}, FIVE).remaining.map((m) => m.id)).toEqual(['2', '3', '4', '5']);
  });

  test('of the first migration, on its way down, is continued from (-1, dirty)', () => {
    expect(planned(FIVE, FIRST_DOWN, down(1))).toBe('again -1>none');
    expect(planned(FIVE, FIRST_DOWN, up())).toBe('dirty');
  });

  test('starts from the dirty row, and the next one from the clean one', () => {
    const [first, second] = planOf(UP, up(), {}, FIVE).steps;
    expect(first).toMatchObject({ from: at(3, true), to: 3n });
    expect(first?.resume?.doneStatements).toEqual(['a']);
    expect(second).toMatchObject({ from: at(3), to: 4n, resume: null });
  });

  test('that came late is finished, and the version stays', () => {
    const late = recorded(at(5, true), [
      ...before,
      row('up', 4, 4),
      row('up', 5, 5),
      row('up', 3, 5, { ...half }),
    ]);
    expect(planned(FIVE, late, up())).toBe('again +3>5');
    expect(planned(FIVE, late, goto(5))).toBe('again +3>5');
  });

  test('goes on also where its up file is short of the number asked for', () => {
    const p = planOf(UP, up(9), {}, FIVE);
    expect(told(p)).toBe('again +3 +4 +5');
    expect(p.warnings).toMatchObject([{ message: 'asked to apply 9, but there are only 3' }]);
  });

  test('is refused where its files are gone', () => {
    expect(planned(files('1ud 2ud'), UP, up())).toBe('dirty');
  });
});

describe('a dirty version that we cannot continue', () => {
  const THREE = files('1ud 2ud 3ud');
  const before = [row('up', 1, 1), row('up', 2, 2)];

  test('is refused with who left it: golang-migrate', () => {
    const error = refusal(() => planOf(recorded(at(3, true), before), up(), {}, THREE));
    expect(error.message).toBe('Dirty database version 3. Fix and force version.');
    expect(error.details.join()).toContain('another tool, such as golang-migrate');
    expect(error.hint).toContain('task migrate:force -- 3');
  });

  test('is refused with who left it: a plain file of ours', () => {
    const plain = row('up', 3, 3, { mode: 'plain', state: 'started', tool: 'rungs 1.2.3' });
    const error = refusal(() => planOf(recorded(at(3, true), [...before, plain]), up(), {}, THREE));
    expect(error.message).toBe('Dirty database version 3. Fix and force version.');
    expect(error.details).toEqual(['left by rungs 1.2.3: migration 3 up, mode plain']);
  });

  test('is (-1, true) where golang-migrate failed to revert the first one', () => {
    for (const goal of [up(), down(), goto(1), redo]) {
      const error = refusal(() => planOf(recorded(at(null, true)), goal, {}, THREE));
      expect(error.message).toBe('Dirty database version -1. Fix and force version.');
      expect(error.hint).toContain('task migrate:force -- 0');
    }
  });
});

describe('a recorded migration whose files are gone', () => {
  const RAN = recorded(at(3), [row('up', 1, 1), row('up', 2, 2), row('up', 3, 3)]);
  const WITHOUT = files('1ud 3ud 4ud');

  test('does not stand in the way of up', () => {
    expect(planned(WITHOUT, RAN, up())).toBe('+4');
  });

  test('is one to revert, and its down is missing', () => {
    expect(planned(WITHOUT, RAN, down())).toBe('missing_down');
    expect(planned(WITHOUT, RAN, down(), { missingDown: true })).toBe('-3>2 ~-2>1 -1>none');
    expect(planned(WITHOUT, RAN, down(1))).toBe('-3>2');
  });

  test('that the version then lands on makes the database one that is ahead', () => {
    const after = recorded(at(2), [...RAN.journal, row('down', 3, 2)]);
    expect(planned(WITHOUT, after, up())).toBe('ahead');
  });
});

describe('the code of a refusal', () => {
  test.each([
    ['up', up(), 'MIGRATION_UP_FAILED'],
    ['up 2', up(2), 'MIGRATION_STEPS_FAILED'],
    ['down 1', down(1), 'MIGRATION_STEPS_FAILED'],
    ['down all', down(), 'MIGRATION_DOWN_FAILED'],
    ['goto upwards', goto(7), 'MIGRATION_UP_FAILED'],
    ['goto downwards', goto(1), 'MIGRATION_DOWN_FAILED'],
    ['redo', redo, 'MIGRATION_STEPS_FAILED'],
  ])('of %s', (_what, goal, code) => {
    expect(refusal(() => planOf(recorded(at(3, true)), goal)).code).toBe(code);
  });
});
