/**
 * The one error class and its two tables: what went wrong in the documented vocabulary (`code`, with an exit
 * code each), and more finely (`reason`). docs/errors.md is generated from both.
 */

import type { Location } from './migration.ts';
import type { Report } from './report.ts';

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

/** Why, in one stable word. `next` is what to do when the error itself has nothing better to say. */
export const REASONS = {
  ahead: {
    meaning: 'The database is at a version that no file has.',
    next: 'deploy the newer files, or `task migrate:force -- V` to a version that exists',
  },
  build: {
    meaning: 'A bundle cannot be made: a package is missing, or the file cannot be written.',
    next: 'install the package, or give another file with `--outfile F`',
  },
  cancelled: {
    meaning: 'Ctrl-C, SIGTERM, or the caller’s AbortSignal.',
    next: 'run the same command again',
  },
  changed: {
    meaning: 'A file was edited after it was applied.',
    next: 'put the old text back and write a new migration, or run `task migrate -- --accept-changed`',
  },
  config: {
    meaning: 'The configuration file or a variable has something in it that cannot be used.',
    next: 'correct it; `task migrate:config` then shows what is in effect',
  },
  connection: {
    meaning: 'The database cannot be reached.',
    next: 'check that the server runs and the URL is right',
  },
  connection_lost: {
    meaning: 'The connection broke in the middle. What was committed has been looked up.',
    next: 'run `task migrate` to go on',
  },
  confirmation: {
    meaning: 'A question could not be asked, because there is no terminal.',
    next: 'add `--yes`',
  },
  declined: { meaning: 'The question was answered with no. Nothing was changed.', next: 'nothing to do' },
  dirty: {
    meaning: 'The version is marked dirty: a migration stopped half-way.',
    next: 'repair the schema by hand, then `task migrate:force -- V`',
  },
  directive: {
    meaning: 'A leading `-- rungs:` comment is not understood.',
    next: 'write `-- rungs: no-transaction`, `-- rungs: plain` or `-- rungs: atomic`',
  },
  duplicate: { meaning: 'Two files have the same version and direction.', next: 'rename one of them' },
  edited_bundle: {
    meaning: 'The migrations inside a bundle are not the ones that it was built with.',
    next: 'build it again from the migration files',
  },
  encoding: { meaning: 'A file is not UTF-8, or holds a NUL byte.', next: 'save the file as UTF-8' },
  flag: { meaning: 'A flag or argument is unknown or unusable.', next: 'see `rungs --help`' },
  in_transaction: {
    meaning: 'The client that was lent is inside a transaction, which migrations would become a part of.',
    next: 'commit or roll back first, or pass a URL',
  },
  internal: { meaning: 'A fault in rungs itself.', next: 'please report it with the output of `--json`' },
  invalid_index: {
    meaning: 'An index built CONCURRENTLY is INVALID.',
    next: 'drop the index, then run `task migrate` again',
  },
  ledger_elsewhere: {
    meaning: 'A schema named like the role now hides the schema that holds the version table.',
    next: 'set search_path in the URL so that the version table’s schema comes first',
  },
  ledger_shape: {
    meaning: 'A table with the version table’s or the journal’s name is somebody else’s.',
    next: 'where another tool owns the name, name ours with `x-migrations-table=` or `x-journal-table=` in the URL',
  },
  lock_timeout: {
    meaning: 'Another runner held the migration lock for too long.',
    next: 'wait for the other run, or raise `--lock-timeout`',
  },
  missing_down: {
    meaning: 'A migration to revert has no down file.',
    next: 'write the down file, or add `--allow-missing-down` to pass it as empty',
  },
  name: { meaning: 'A name for a migration, or a file’s name, cannot be used.', next: 'choose another name' },
  no_migrations: {
    meaning: 'The folder holds no migration files.',
    next: 'check `--path`, or make the first one with `task migrate:create -- name`',
  },
  no_parser: {
    meaning:
      'A bundled program was given a folder at run time, and it carries no parser to check files with.',
    next: 'import the folder as `migrations:DIR`, so that the build checks it',
  },
  no_schema: {
    meaning: 'The search_path names no schema that exists.',
    next: 'create the schema, or name one with `search_path=` in the URL',
  },
  not_found: {
    meaning: 'No migration has the version that was asked for.',
    next: 'see `task migrate:status` for the versions there are',
  },
  out_of_order: {
    meaning: 'A file has a lower number than the current version and was never applied.',
    next: 'renumber it, or run `task migrate -- --allow-out-of-order`',
  },
  permission: { meaning: 'The role lacks a right.', next: 'grant the right, or connect as the owner' },
  raced: {
    meaning:
      'The version was moved by someone else while this run held the lock. The migration was not applied.',
    next: 'find out who runs migrations without the lock, then run `task migrate` again',
  },
  resume_changed: {
    meaning: 'Statements that were already run have been edited in a half-done file.',
    next: 'put those statements back as they were, or repair by hand and `task migrate:force -- V`',
  },
  server_version: { meaning: 'The server is older than PostgreSQL 14.', next: 'use PostgreSQL 14 or newer' },
  sql: { meaning: 'The server refused a statement.', next: 'fix the file and run `task migrate` again' },
  syntax: {
    meaning: 'PostgreSQL’s grammar refuses a file. Nothing was run.',
    next: 'fix the file, and run the same command again',
  },
  unreadable: { meaning: 'A file or folder cannot be read.', next: 'check the path and its permissions' },
  unset: { meaning: 'A required setting is missing.', next: 'set DATABASE_URL, or run `task db:start`' },
  url: {
    meaning: 'The database URL cannot be understood.',
    next: 'write it as postgres://user@host:5432/database',
  },
  version: {
    meaning: 'The text is not a version.',
    next: 'give a whole number, as in `task migrate:force -- 7`',
  },
} as const satisfies Record<string, { meaning: string; next: string }>;

export type Reason = keyof typeof REASONS;

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
