/**
 * The one error class, and what went wrong in the documented vocabulary (`code`, with an exit code each). Finer than
 * that is src/reasons.ts; docs/errors.md is generated from both.
 */

import type { Location } from './migration.ts';
import { REASONS, type Reason } from './reasons.ts';
import type { Report } from './report.ts';

export { REASONS, type Reason } from './reasons.ts';

/** The documented codes. Exit codes stay clear of the shell's and of go-task's bands. */
export const CODES = {
  MIGRATION_SOURCE_FAILED: {
    exit: 10,
    title: 'the migration files cannot be used',
    meaning:
      'A migration file or folder is missing, unreadable, misnamed, duplicated or not valid SQL, or a folder has none.',
  },
  MIGRATION_INIT_FAILED: {
    exit: 11,
    title: 'cannot get ready to migrate',
    meaning: 'No connection, no usable schema, no lock, or the version table cannot be created.',
  },
  MIGRATION_UP_FAILED: {
    exit: 12,
    title: 'migration failed',
    meaning: 'Applying pending migrations failed, or the database is in a state that forbids it.',
  },
  MIGRATION_DOWN_FAILED: {
    exit: 13,
    title: 'rollback failed',
    meaning: 'Reverting all migrations, or reverting to a version, failed.',
  },
  MIGRATION_STEPS_FAILED: {
    exit: 14,
    title: 'migration steps failed',
    meaning: 'Applying or reverting a given number of migrations failed (plain `down` is one step).',
  },
  MIGRATION_VERSION_FAILED: {
    exit: 15,
    title: 'cannot read the version',
    meaning: 'The version table cannot be read, or is not golang-migrate’s.',
  },
  MIGRATION_FORCE_FAILED: {
    exit: 16,
    title: 'cannot force the version',
    meaning: 'Setting the version failed; nothing was changed.',
  },
  MIGRATION_CLOSE_FAILED: {
    exit: 17,
    title: 'the connection did not close cleanly',
    meaning: 'All work was done, but unlocking or closing failed. Printed as a warning.',
  },
  MIGRATION_VERSION_CHECK_FAILED: {
    exit: 18,
    title: 'cannot tell what was committed',
    meaning: 'The connection was lost in the middle and the database could not be reached again to look.',
  },
  CONFIG_INVALID: {
    exit: 19,
    title: 'the configuration is not valid',
    meaning: 'A required setting is missing, or a flag or variable has a value that cannot be used.',
  },
  INVALID_VERSION: {
    exit: 20,
    title: 'not a version',
    meaning: 'A version must be a whole number from 0 to 9223372036854775807.',
  },
} as const satisfies Record<string, { exit: number; title: string; meaning: string }>;

export type ErrorCode = keyof typeof CODES;

/** Of a fault of ours, whatever we were at; sysexits.h's EX_SOFTWARE. */
export const INTERNAL_EXIT = 70;

export interface ErrorDetails {
  /** What was being done, as in "apply migration 7". */
  readonly operation: string;
  /** In the server's own words where it spoke. */
  readonly message: string;
  readonly sqlstate?: string | null;
  readonly location?: Location | null;
  /** The line that `location` points at, for the code frame. */
  readonly excerpt?: string | null;
  /** Further lines under the message: the server's DETAIL, HINT and CONTEXT. */
  readonly details?: readonly string[];
  /** The next command to type; the reason's own `next` where absent. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/** The one error the engine throws. `message` holds no password, ever: build it from parts that have none. */
export class MigrateError extends Error {
  override readonly name = 'MigrateError';
  readonly code: ErrorCode;
  readonly reason: Reason;
  readonly operation: string;
  readonly sqlstate: string | null;
  readonly location: Location | null;
  readonly excerpt: string | null;
  readonly details: readonly string[];
  readonly hint: string;
  /** What had been done when it was thrown; null where nothing had begun. */
  report: Report | null = null;

  constructor(code: ErrorCode, reason: Reason, d: ErrorDetails) {
    super(d.message, d.cause === undefined ? undefined : { cause: d.cause });
    this.code = code;
    this.reason = reason;
    this.operation = d.operation;
    this.sqlstate = d.sqlstate ?? null;
    this.location = d.location ?? null;
    this.excerpt = d.excerpt ?? null;
    this.details = d.details ?? [];
    this.hint = d.hint ?? REASONS[reason].next;
  }

  get exitCode(): number {
    return this.reason === 'internal' ? INTERNAL_EXIT : CODES[this.code].exit;
  }
}
