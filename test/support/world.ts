import { stateOf } from '../../src/applied.ts';
import { MigrateError } from '../../src/errors.ts';
import { pair } from '../../src/layout/pairs.ts';
import type { Goal, MigrationFile, Migrations } from '../../src/migration.ts';
import { plan } from '../../src/plan/plan.ts';
import type { Allowances, Plan } from '../../src/plan/situation.ts';
import type { Head, JournalRow, Recorded } from '../../src/recorded.ts';
import { checksum } from '../../src/sql/checksum.ts';
import type { State } from '../../src/state.ts';

/** Strict: what a user has who types no flag. */
export const STRICT: Allowances = { outOfOrder: false, changed: false, missingDown: false, ahead: false };

/** golang-migrate's own set with gaps (its migrate_test.go): 3 has no down file, 5 has no up file. */
export const GAPS = '1ud 3u 4ud 5d 7ud';

/** `1ud 3u 5d`: versions, and which of their two files there are; `edited` ones hold another text. */
export function files(spec: string, edited: readonly bigint[] = []): Migrations {
  const named = spec.split(' ').flatMap((word) => {
    const [, version = '', sides = ''] = /^(\d*)([ud]*)$/.exec(word) ?? [];
    return [...sides].map((side) => {
      const direction = side === 'u' ? 'up' : 'down';
      const text = `${direction} ${version}${edited.includes(BigInt(version)) ? ', edited' : ''}`;
      return file(`${version}_m${version}.${direction}.sql`, text);
    });
  });
  const { migrations } = pair(named);
  return { layout: 'pairs', origin: 'migrations', migrations, repeatable: [], ignored: [] };
}

export function file(name: string, text: string): { readonly name: string; readonly file: MigrationFile } {
  return {
    name,
    file: { path: `migrations/${name}`, text, psql: null, checksum: checksum(text), analysis: null },
  };
}

export const at = (version: bigint | number | null, dirty = false): Head => ({
  version: version === null ? null : BigInt(version),
  dirty,
});

export function recorded(head: Head, journal: readonly JournalRow[] = []): Recorded {
  return {
    ledgerExists: true,
    journalExists: journal.length > 0,
    head,
    ledgerXid: '1',
    journal,
    records: [],
  };
}

/** A row as a finished run of ours writes it. */
export function row(
  direction: 'up' | 'down',
  version: number,
  head: number | null,
  more: Partial<JournalRow> = {},
): JournalRow {
  return {
    id: 1n,
    version: BigInt(version),
    name: `m${version}`,
    direction,
    kind: 'run',
    mode: 'atomic',
    state: 'done',
    head: head === null ? null : BigInt(head),
    checksum: checksum(`up ${version}`),
    meaning: null,
    doneStatements: [],
    indexStatement: null,
    ledgerXid: '1',
    error: null,
    appliedAt: '2026-01-02T03:04:05.678Z',
    executionTimeMs: 7,
    appliedBy: 'somebody',
    tool: 'rungs test',
    run: 'a run',
    ...more,
  };
}

export const upTo = (to: number | null = null): Goal => ({
  kind: 'up',
  steps: null,
  to: to === null ? null : BigInt(to),
});
export const up = (steps: number | null = null): Goal => ({ kind: 'up', steps, to: null });
export const down = (steps: number | null = null): Goal => ({ kind: 'down', steps });
export const goto = (to: number): Goal => ({ kind: 'goto', to: BigInt(to) });
export const redo: Goal = { kind: 'redo' };

/** Every step as `+3` (up) or `-3>1` (down, and where to); `~` in front: nothing to run, only the version moves. */
export function told({ steps }: Plan): string {
  return steps
    .map((s) => {
      const empty = s.file === null ? '~' : '';
      const resumed = s.resume === null ? '' : 'again ';
      const { version } = s.migration;
      const lands = s.to === version ? '' : `>${s.to ?? 'none'}`;
      return `${resumed}${empty}${s.direction === 'up' ? '+' : '-'}${version}${lands}`;
    })
    .join(' ');
}

/** The plan as `told`, or the reason it is refused for. */
export function planned(
  source: Migrations,
  from: Recorded,
  goal: Goal,
  allow: Partial<Allowances> = {},
): string {
  return outcome(() => {
    const state = stateOf(from, source);
    return told(plan(source, from.head, state, goal, { ...STRICT, ...allow }));
  });
}

export function outcome(work: () => string): string {
  try {
    return work();
  } catch (e) {
    if (e instanceof MigrateError) return e.reason;
    throw e;
  }
}

export function refusal(work: () => unknown): MigrateError {
  try {
    work();
  } catch (e) {
    if (e instanceof MigrateError) return e;
    throw e;
  }
  throw new Error('it was not refused');
}

/** What the state says is applied, ascending. */
export const appliedIn = (state: State): number[] =>
  [...state.applied.keys()].map(Number).sort((a, b) => a - b);
