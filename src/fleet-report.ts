/** What became of many databases or schemas, as values: one for each, and what they say together. */

import type { MigrateError } from './errors.ts';
import type { Event, Warning } from './event.ts';
import type { Report } from './report.ts';

/**
 * `pending`: in a dry run, something would be applied. `done-before`: as the report of an earlier run has it, which this
 * one resumes; it was not looked at. `not-begun`: too much had failed by then, or somebody ended it.
 */
export const TARGET_STATES = [
  'migrated',
  'pending',
  'up-to-date',
  'done-before',
  'failed',
  'not-begun',
] as const;
export type TargetState = (typeof TARGET_STATES)[number];

/** How a target is told of: with nothing in it that is secret. */
export interface TargetName {
  readonly name: string;
  /** The same wherever and with whatever login it is reached: of its server, database, schema and version table. */
  readonly id: string;
}

export interface TargetReport extends TargetName {
  readonly isCanary: boolean;
  readonly state: TargetState;
  /** Null where it was not begun. */
  readonly report: Report | null;
  readonly error: MigrateError | null;
  /** From connecting to the end; null where it was not begun. */
  readonly executionTimeMs: number | null;
}

/** `number` of `of`, from 1. */
export interface Shard {
  readonly number: number;
  readonly of: number;
}

export interface FleetReport {
  readonly dryRun: boolean;
  /** Of all migrations: two fleets with the same one have been brought to the same. */
  readonly digest: string;
  /** Null: all of the targets. */
  readonly shard: Shard | null;
  /** How many targets there are in all shards together. */
  readonly of: number;
  /** In the order in which they were given. */
  readonly targets: readonly TargetReport[];
  readonly warnings: readonly Warning[];
  /** That of the first target that failed, in the order of the list. */
  readonly error: MigrateError | null;
}

/** What happens while a fleet is under way: to whom, and of those that ended, how many of how many have. */
export type FleetEvent =
  | { readonly kind: 'begun'; readonly target: TargetName }
  | { readonly kind: 'event'; readonly target: TargetName; readonly event: Event }
  | {
      readonly kind: 'ended';
      readonly target: TargetReport;
      readonly ended: number;
      readonly of: number;
    };
