/** What a plan is made from and made of, and what all layouts’ plans share. */

import { type ErrorCode, type ErrorDetails, MigrateError } from '../errors.ts';
import { type Warning, warning } from '../event.ts';
import type { Goal, Migration, Migrations, Step } from '../migration.ts';
import type { Reason } from '../reasons.ts';
import type { Head } from '../recorded.ts';
import type { Applied, State } from '../state.ts';

export interface Allowances {
  /** Run files below the current version that were never applied. */
  readonly outOfOrder: boolean;
  /** Take edited files as they are now. */
  readonly changed: boolean;
  /** Pass a missing down file as empty, as golang-migrate does. */
  readonly missingDown: boolean;
  /** Leave a database alone that is newer than every file: an old image during a rolling deploy. */
  readonly ahead: boolean;
}

export interface Plan {
  readonly steps: readonly Step[];
  /** What stays unapplied once the steps are done. */
  readonly remaining: readonly Migration[];
  /** Edited files whose new checksum `--accept-changed` puts into the journal. */
  readonly accepted: readonly Migration[];
  readonly warnings: readonly Warning[];
}

/** Everything a plan is made from. */
export interface Situation {
  readonly source: Migrations;
  readonly head: Head;
  readonly state: State;
  readonly goal: Goal;
  readonly allow: Allowances;
  readonly byVersion: ReadonlyMap<bigint, Migration>;
  /** A half-done resumable run in the goal's direction: it comes first. */
  readonly resumed: Step | null;
}

/** The documented code for a goal: a number of steps is `Steps`, as in HoloMUSH's table. */
export function codeOf(goal: Goal, head: Head): ErrorCode {
  if (goal.kind === 'redo') return 'MIGRATION_STEPS_FAILED';
  if (goal.kind === 'up') return goal.steps === null ? 'MIGRATION_UP_FAILED' : 'MIGRATION_STEPS_FAILED';
  if (goal.kind === 'down') return goal.steps === null ? 'MIGRATION_DOWN_FAILED' : 'MIGRATION_STEPS_FAILED';
  return head.version !== null && goal.to < head.version ? 'MIGRATION_DOWN_FAILED' : 'MIGRATION_UP_FAILED';
}

/** What was typed for a goal: to be typed again where nothing of it has been done. */
export function commandOf(goal: Goal): string {
  if (goal.kind === 'redo') return 'task migrate:redo';
  if (goal.kind === 'goto') return `task migrate:goto -- ${goal.to}`;
  if (goal.kind === 'down')
    return goal.steps === 1 ? 'task migrate:down' : `task migrate:down -- ${goal.steps ?? '--all'}`;
  const limit = [
    ...(goal.steps === null ? [] : [`--num-steps ${goal.steps}`]),
    ...(goal.to === null ? [] : [`--to ${goal.to}`]),
  ];
  return ['task migrate', ...(limit.length === 0 ? [] : ['--', ...limit])].join(' ');
}

export function refuse(
  s: Pick<Situation, 'goal' | 'head'>,
  reason: Reason,
  details: Omit<ErrorDetails, 'operation'>,
): MigrateError {
  return new MigrateError(codeOf(s.goal, s.head), reason, { operation: 'plan the run', ...details });
}

export const goesBack = ({ kind }: Goal): boolean => kind === 'down' || kind === 'redo';

/** Counted from where the database is, and so another way wherever another run has moved it to. */
export const counts = (goal: Goal): boolean => goesBack(goal) || (goal.kind === 'up' && goal.steps !== null);

/** Another run came in between. */
export const partly = (s: Pick<Situation, 'goal' | 'head'>, done: number, of: number): MigrateError =>
  refuse(s, 'raced', {
    message: `another run came in between, where ${done} of ${of} migrations had been done; no more was done`,
    hint: 'see with `task migrate:status` where that has led, and go on from there',
  });

export function mustExist(s: Situation, version: bigint): Migration {
  const found = s.byVersion.get(version);
  if (found !== undefined) return found;
  throw refuse(s, 'not_found', { message: `no migration has version ${version} (${s.source.origin})` });
}

export const isBelowHead = ({ head }: Situation, version: bigint): boolean =>
  head.version !== null && version < head.version;

/** Where the next step starts from: after the resumed one, if there is one. */
export const startOf = ({ head, resumed }: Situation): Head =>
  resumed === null ? head : { version: resumed.to, dirty: false };

/** "asked to apply 5, but there are only 2": golang-migrate's `limit 3 short`, as a warning. */
export const short = (asked: number, missing: number, verb: string): Warning =>
  warning(
    'short',
    `asked to ${verb} ${asked}, but there ${asked - missing === 1 ? 'is' : 'are'} only ${asked - missing}`,
  );

/** An up file that is not the text that was applied. Nothing is said where either checksum is unknown. */
export function isChanged(m: Migration, applied: Applied | undefined): boolean {
  return applied?.checksum != null && m.up !== null && m.up.checksum !== applied.checksum;
}

/** Whether both do the same in the same order. */
export function isSamePlan(a: Plan, b: Plan): boolean {
  return (
    a.steps.length === b.steps.length &&
    a.steps.every((s, i) => {
      const other = b.steps[i];
      return s.migration.id === other?.migration.id && s.direction === other.direction;
    })
  );
}
