/** What a command did, as values. Rendered by report/; the engine fills it in. */

import type { MigrateError } from './errors.ts';
import type { Warning } from './event.ts';
import type { HookName } from './hook.ts';
import { type Direction, isRepeatable, type Layout, type Migration, type Mode } from './migration.ts';

export interface MigrationRef {
  readonly id: string;
  /** Null: of a repeatable. */
  readonly version: bigint | null;
  readonly name: string;
}

export const refOf = ({ id, version, name }: Migration): MigrationRef => ({
  id,
  version: isRepeatable(id) ? null : version,
  name,
});

export interface StepReport extends MigrationRef {
  /** The path of the file; null where there is none, and only the version moves. */
  readonly file: string | null;
  readonly direction: Direction;
  readonly mode: Mode;
  /** Null in a dry run. */
  readonly executionTimeMs: number | null;
}

/** A hook that was run, and whose work is kept. */
export interface HookReport {
  readonly hook: HookName;
  readonly kind: 'sql' | 'command' | 'function';
  /** The file's path, the command, or the function's name. */
  readonly name: string;
  /** What it ran for; null for `beforeAll` and `afterAll`. */
  readonly migration: (MigrationRef & { readonly direction: Direction }) | null;
  /** Null in a dry run, and where it is a part of the migration's own. */
  readonly executionTimeMs: number | null;
}

export interface Report {
  readonly layout: Layout;
  readonly dryRun: boolean;
  /** The ledger's version before and after; null for none, and for named. */
  readonly from: bigint | null;
  readonly to: bigint | null;
  readonly dirty: boolean;
  /** Committed by this run, in order; in a dry run, what would be run. */
  readonly applied: readonly StepReport[];
  /** In order; in a dry run, those that would be run. */
  readonly hooks: readonly HookReport[];
  /** The step that failed. */
  readonly failed: (MigrationRef & { readonly direction: Direction; readonly rolledBack: boolean }) | null;
  /** Planned, and not begun because an earlier step failed. */
  readonly notReached: readonly MigrationRef[];
  /** Sent, and the outcome could not be looked up. */
  readonly unknown: readonly MigrationRef[];
  /** Unapplied after the run; what is `unknown` is not among them. */
  readonly pending: readonly MigrationRef[];
  readonly warnings: readonly Warning[];
}

/** A command's end: a report, and the error that ended it early. */
export interface Outcome {
  readonly report: Report;
  readonly error: MigrateError | null;
}

/** In the order in which they are made. */
export type CheckName =
  | 'files'
  | 'connection'
  | 'server'
  | 'rights'
  | 'version table'
  | 'lock'
  | 'history'
  | 'pending files'
  | 'extensions';

/** One thing that `verify` looked at. */
export interface Check {
  readonly name: CheckName;
  /** `failed`: `up` would fail. `warning`: worth knowing. `skipped`: not looked at, for what failed before. */
  readonly state: 'ok' | 'warning' | 'failed' | 'skipped';
  readonly message: string;
  /** What to do; null where there is nothing to do. */
  readonly hint: string | null;
  /** Of a failed one. */
  readonly error: MigrateError | null;
}

export const emptyReport: Report = {
  layout: 'pairs',
  dryRun: false,
  from: null,
  to: null,
  dirty: false,
  applied: [],
  hooks: [],
  failed: null,
  notReached: [],
  unknown: [],
  pending: [],
  warnings: [],
};
