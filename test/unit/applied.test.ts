import { describe, expect, test } from 'vitest';
import { forcedMoves, stateOf } from '../../src/applied.ts';
import type { Goal, Head, JournalRow, Migrations } from '../../src/migration.ts';
import { plan } from '../../src/plan/plan.ts';
import { checksum } from '../../src/sql/checksum.ts';
import type { State } from '../../src/state.ts';
import { appliedIn, at, down, files, goto, recorded, redo, row, STRICT, up } from '../support/world.ts';

const FIVE = files('1ud 2ud 3ud 4ud 5ud');
const half = { mode: 'resumable', state: 'started', doneStatements: ['a'] } as const;

const stateAt = (head: Head, journal: readonly JournalRow[] = [], source: Migrations = FIVE): State =>
  stateOf(recorded(head, journal), source);

/** Moves as `+3` and `-3`. */
const moves = (list: State['unseen']): string =>
  list.map(({ migration, direction }) => `${direction === 'up' ? '+' : '-'}${migration.version}`).join(' ');

describe('without a journal, as golang-migrate leaves a database', () => {
  test('nothing is applied where there is no version', () => {
    expect(stateAt(at(null))).toMatchObject({ unseen: [], unfinished: null });
    expect(appliedIn(stateAt(at(null)))).toEqual([]);
  });

  test('everything up to the version is applied, and to be written down', () => {
    const state = stateAt(at(3));
    expect(appliedIn(state)).toEqual([1, 2, 3]);
    expect(moves(state.unseen)).toBe('+1 +2 +3');
  });

  test('what was applied then is taken to be the file as it is now, and nobody knows when', () => {
    expect(stateAt(at(1)).applied.get('1')).toEqual({
      id: '1',
      version: 1n,
      name: 'm1',
      kind: 'assumed',
      checksum: checksum('up 1'),
      appliedAt: null,
      executionTimeMs: null,
      appliedBy: null,
    });
  });

  test('a migration without an up file is applied without a checksum', () => {
    expect(stateAt(at(5), [], files('1ud 5d')).applied.get('5')?.checksum).toBeNull();
  });

  test('of a dirty version nobody knows: what is below it is applied', () => {
    expect(appliedIn(stateAt(at(3, true)))).toEqual([1, 2]);
    expect(appliedIn(stateAt(at(null, true)))).toEqual([]);
  });

  test('a version without a file counts what is below it', () => {
    expect(appliedIn(stateAt(at(9)))).toEqual([1, 2, 3, 4, 5]);
  });

  test('version 0 is one like any other', () => {
    const zero = files('0ud 1ud');
    expect(appliedIn(stateAt(at(0), [], zero))).toEqual([0]);
    expect(appliedIn(stateAt(at(null), [], zero))).toEqual([]);
  });
});

describe('the journal is replayed', () => {
  const three = [row('up', 1, 1), row('up', 2, 2), row('up', 3, 3)];

  test('an up applies, with its times and its user', () => {
    expect(stateAt(at(1), three.slice(0, 1)).applied.get('1')).toEqual({
      id: '1',
      version: 1n,
      name: 'm1',
      kind: 'run',
      checksum: checksum('up 1'),
      appliedAt: '2026-01-02T03:04:05.678Z',
      executionTimeMs: 7,
      appliedBy: 'somebody',
    });
  });

  test('a down takes it back, and a second up applies it again', () => {
    const back = [...three, row('down', 3, 2), row('down', 2, 1)];
    expect(appliedIn(stateAt(at(1), back))).toEqual([1]);
    expect(appliedIn(stateAt(at(2), [...back, row('up', 2, 2)]))).toEqual([1, 2]);
  });

  test('a late file is applied though the version did not move', () => {
    const late = [row('up', 1, 1), row('up', 3, 3), row('up', 2, 3)];
    expect(stateAt(at(3), late)).toMatchObject({ unseen: [], unfinished: null });
    expect(appliedIn(stateAt(at(3), late))).toEqual([1, 2, 3]);
  });

  test('a file that came late and was never run is not applied', () => {
    expect(appliedIn(stateAt(at(3), [row('up', 1, 1), row('up', 3, 3)]))).toEqual([1, 3]);
  });

  test('what was assumed or forced has no times: the row says only when it was written down', () => {
    for (const kind of ['assumed', 'forced'] as const) {
      expect(stateAt(at(1), [row('up', 1, 1, { kind })]).applied.get('1')).toMatchObject({
        kind,
        appliedAt: null,
        executionTimeMs: null,
        appliedBy: null,
      });
    }
  });

  test('an accepted edit changes the checksum and leaves the rest as it was', () => {
    const accepted = row('up', 1, 3, { kind: 'accepted', checksum: 'new', appliedAt: 'later' });
    expect(stateAt(at(3), [...three, accepted]).applied.get('1')).toMatchObject({
      kind: 'run',
      checksum: 'new',
      appliedAt: '2026-01-02T03:04:05.678Z',
    });
  });

  test('a row without a migration, which force writes, moves nothing', () => {
    const forced = row('up', 0, 3, { kind: 'forced', version: null, name: '' });
    expect(appliedIn(stateAt(at(3), [...three, forced]))).toEqual([1, 2, 3]);
  });

  test('a migration whose file is gone stays applied', () => {
    expect(appliedIn(stateAt(at(3), three, files('1ud 3ud')))).toEqual([1, 2, 3]);
  });
});

describe('a run that has not reached its end', () => {
  const two = [row('up', 1, 1), row('up', 2, 2)];

  test('upwards has applied nothing yet', () => {
    const state = stateAt(at(3, true), [...two, row('up', 3, 3, half)]);
    expect(state.unfinished).toMatchObject({ version: 3n, direction: 'up' });
    expect(state.unseen).toEqual([]);
    expect(appliedIn(state)).toEqual([1, 2]);
  });

  test('downwards has taken nothing back yet', () => {
    const state = stateAt(at(1, true), [...two, row('down', 2, 1, half)]);
    expect(state.unfinished).toMatchObject({ version: 2n, direction: 'down' });
    expect(state.unseen).toEqual([]);
    expect(appliedIn(state)).toEqual([1, 2]);
  });

  test('of the first one downwards is at (-1, true)', () => {
    const state = stateAt(at(null, true), [row('up', 1, 1), row('down', 1, null, half)]);
    expect(state.unfinished).toMatchObject({ version: 1n, direction: 'down' });
  });

  test('is one also behind an accepted edit, which is written before it is continued', () => {
    const accepted = row('up', 1, 3, { kind: 'accepted', checksum: 'new' });
    const state = stateAt(at(3, true), [...two, row('up', 3, 3, half), accepted]);
    expect(state.unfinished).toMatchObject({ version: 3n });
  });

  test('is over once it is done', () => {
    expect(stateAt(at(3), [...two, row('up', 3, 3, { mode: 'resumable' })]).unfinished).toBeNull();
  });

  test('is nobody’s where the version is dirty elsewhere: golang-migrate’s', () => {
    const state = stateAt(at(4, true), [...two, row('up', 3, 3, half)]);
    expect(state.unfinished).toBeNull();
  });

  describe('and that a hand, or golang-migrate’s force, has declared', () => {
    const upwards = [...two, row('up', 3, 3, half)];
    const downwards = [...two, row('up', 3, 3), row('down', 3, 2, half)];

    test('done, by clearing dirty where it is: it is applied', () => {
      const state = stateAt(at(3), upwards);
      expect(state.unfinished).toBeNull();
      expect(appliedIn(state)).toEqual([1, 2, 3]);
      expect(moves(state.unseen)).toBe('+3');
    });

    test('not done, by going back: it is not applied', () => {
      const state = stateAt(at(2), upwards);
      expect(state.unfinished).toBeNull();
      expect(appliedIn(state)).toEqual([1, 2]);
    });

    test('reverted, by clearing dirty where it is: it is not applied', () => {
      const state = stateAt(at(2), downwards);
      expect(state.unfinished).toBeNull();
      expect(appliedIn(state)).toEqual([1, 2]);
      expect(moves(state.unseen)).toBe('-3');
    });

    test('not reverted, by going back up: it is applied', () => {
      const state = stateAt(at(3), downwards);
      expect(state.unfinished).toBeNull();
      expect(appliedIn(state)).toEqual([1, 2, 3]);
      expect(state.unseen).toEqual([]);
    });
  });
});

describe('what golang-migrate did meanwhile', () => {
  const three = [row('up', 1, 1), row('up', 2, 2), row('up', 3, 3)];

  test('upwards: what lies between counts as applied', () => {
    const state = stateAt(at(5), three);
    expect(moves(state.unseen)).toBe('+4 +5');
    expect(appliedIn(state)).toEqual([1, 2, 3, 4, 5]);
    expect(state.applied.get('3')?.kind).toBe('run');
    expect(state.applied.get('5')?.kind).toBe('assumed');
  });

  test('downwards: what lies above counts as reverted, newest first', () => {
    const state = stateAt(at(1), three);
    expect(moves(state.unseen)).toBe('-3 -2');
    expect(appliedIn(state)).toEqual([1]);
  });

  test('all the way down', () => {
    const state = stateAt(at(null), three);
    expect(moves(state.unseen)).toBe('-3 -2 -1');
    expect(appliedIn(state)).toEqual([]);
  });

  test('down and up again to the same version leaves no trace, and needs none', () => {
    expect(stateAt(at(3), three).unseen).toEqual([]);
  });

  test('a file that was late before stays late: golang-migrate passes it by as well', () => {
    const gap = [row('up', 1, 1), row('up', 3, 3)];
    const state = stateAt(at(5), gap);
    expect(moves(state.unseen)).toBe('+4 +5');
    expect(appliedIn(state)).toEqual([1, 3, 4, 5]);
  });

  test('a version that has no file is not made up', () => {
    expect(moves(stateAt(at(9), three).unseen)).toBe('+4 +5');
  });

  test('a reverted migration whose file is gone is taken back too', () => {
    expect(moves(stateAt(at(1), three, files('1ud')).unseen)).toBe('-3 -2');
  });

  test('a dirty version: what is surely below it counts', () => {
    const state = stateAt(at(5, true), three);
    expect(state.unfinished).toBeNull();
    expect(appliedIn(state)).toEqual([1, 2, 3, 4]);
  });

  test('the version’s own migration counts as applied, also where its file came after a force', () => {
    const forced = row('up', 0, 4, { kind: 'forced', version: null, name: '' });
    const state = stateAt(at(4), [...three, forced]);
    expect(appliedIn(state)).toEqual([1, 2, 3, 4]);
    expect(moves(state.unseen)).toBe('+4');
  });
});

describe('force', () => {
  const three = [row('up', 1, 1), row('up', 2, 2), row('up', 3, 3)];
  const forced = (state: State, to: number | null, source = FIVE) =>
    moves(forcedMoves(state, source.migrations, to === null ? null : BigInt(to)));

  test.each([
    ['upwards: what lies between counts as applied', 5, '+4 +5'],
    ['downwards: what lies above counts as reverted', 1, '-3 -2'],
    ['to none', null, '-3 -2 -1'],
    ['to where it is', 3, ''],
    ['to a version without a file', 9, '+4 +5'],
  ] as const)('%s', (_what, to, expected) => {
    expect(forced(stateAt(at(3), three), to)).toBe(expected);
  });

  test('over a half-done migration: it counts as applied where force goes to it', () => {
    const state = stateAt(at(4, true), [...three, row('up', 4, 4, half)]);
    expect(forced(state, 4)).toBe('+4');
    expect(forced(state, 3)).toBe('');
  });

  test('over a half-done revert: it counts as reverted where force goes below it', () => {
    const state = stateAt(at(2, true), [...three, row('down', 3, 2, half)]);
    expect(forced(state, 2)).toBe('-3');
    expect(forced(state, 3)).toBe('');
  });

  test('over what golang-migrate left dirty', () => {
    expect(forced(stateAt(at(5, true), three), 5)).toContain('+5');
    expect(forced(stateAt(at(2, true), three), 2)).toContain('-3');
  });

  test('a file that came late stays late', () => {
    const gap = stateAt(at(3), [row('up', 1, 1), row('up', 3, 3)]);
    expect(forced(gap, 5)).toBe('+4 +5');
  });

  test('does not lose what golang-migrate had done before it', () => {
    // Once force has written its rows, the journal is at the version, and nothing else tells of those moves.
    for (const [head, to] of [
      [at(1), 1],
      [at(5), 5],
      [at(1), 4],
      [at(5), 2],
      [at(2, true), 2],
      [at(null), null],
    ] as const) {
      const world = new World(FIVE, head, three);
      world.force(to);
      expect([head, to, world.applied()]).toEqual([head, to, to === null ? [] : upwards(to)]);
    }
  });
});

const upwards = (to: number): number[] =>
  FIVE.migrations.map((m) => Number(m.version)).filter((v) => v <= to);

/** A ledger and a journal, moved as the engine, golang-migrate and force move them. */
class World {
  readonly source: Migrations;
  head: Head;
  journal: JournalRow[];

  constructor(source: Migrations, head: Head, journal: readonly JournalRow[]) {
    this.source = source;
    this.head = head;
    this.journal = [...journal];
  }

  state(): State {
    return stateOf(recorded(this.head, this.journal), this.source);
  }

  applied(): number[] {
    return appliedIn(this.state());
  }

  ours(goal: Goal): void {
    const state = this.state();
    const { steps } = plan(this.source, this.head, state, goal, STRICT);
    if (steps.length > 0) this.write(state.unseen, 'assumed', this.head.version);
    for (const { migration, direction, to } of steps) {
      this.journal.push(row(direction, Number(migration.version), to === null ? null : Number(to)));
      this.head = at(to);
    }
  }

  /** The version is all that golang-migrate moves. */
  theirs(to: number | null): void {
    this.head = at(to);
  }

  /** As src/force.ts writes it. */
  force(to: number | null): void {
    const version = to === null ? null : BigInt(to);
    const list = forcedMoves(this.state(), this.source.migrations, version);
    if (list.length === 0) this.journal.push(row('up', 0, to, { kind: 'forced', version: null, name: '' }));
    this.write(list, 'forced', version);
    this.head = at(to);
  }

  private write(list: State['unseen'], kind: 'assumed' | 'forced', head: bigint | null): void {
    for (const { migration, direction } of list)
      this.journal.push(row(direction, 0, null, { ...migration, kind, head }));
  }
}

/** A small generator, so that a failure can be repeated: its seed is in the test's name. */
function random(seed: number): (below: number) => number {
  let x = seed;
  return (below) => {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    return Math.floor((x / 2 ** 32) * below);
  };
}

describe('ours, golang-migrate and force in turns, on files that stay the same', () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])('what is applied is what is up to the version (seed %d)', (seed) => {
    const next = random(seed);
    const source = files('1ud 3ud 4ud 7ud 20ud 21ud');
    const versions = [null, 1, 3, 4, 7, 20, 21];
    const world = new World(source, at(null), []);
    const goals: readonly (() => Goal)[] = [
      () => up(),
      () => up(1 + next(3)),
      () => down(1 + next(3)),
      () => goto(versions[1 + next(6)] ?? 1),
      () => redo,
    ];
    for (let turn = 0; turn < 200; turn++) {
      const before = world.head.version;
      const who = next(10);
      if (who < 5) world.ours((goals[next(goals.length)] ?? up)());
      else if (who < 9) world.theirs(versions[next(versions.length)] ?? null);
      else world.force(versions[next(versions.length)] ?? null);
      const top = world.head.version;
      const expected = source.migrations
        .filter((m) => top !== null && m.version <= top)
        .map((m) => m.version);
      expect(world.applied(), `turn ${turn}, from ${before} to ${top}`).toEqual(expected.map(Number));
    }
  });
});
