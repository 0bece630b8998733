/**
 * The verbs: what `tasks/` uses is what users import. Every function connects, does its work and leaves the
 * database unlocked; failures are thrown as MigrateError, with the report so far in `error.report`.
 */

import { randomUUID } from 'node:crypto';
import type { Adoption, Baseline } from './adopt/adoption.ts';
import { adopt as adoptFrom } from './adopt.ts';
import { withRole } from './config/settings.ts';
import { parseDatabaseUrl } from './config/url.ts';
import { migrate } from './engine.ts';
import type { Emit } from './event.ts';
import { force as forceVersion } from './force.ts';
import { inspect, readVersion } from './inspect.ts';
import type { Door, Job } from './job.ts';
import type { Confirmed, Goal, Head, Migrations, Step } from './migration.ts';
import { connect } from './pg/connect.ts';
import { lend, reopenLike } from './pg/lend.ts';
import type { LentClient } from './pg/lent.ts';
import type { Check, Outcome, Report } from './report.ts';
import { readMigrations } from './source.ts';
import type { Status } from './status.ts';
import { baselineAt } from './unmanaged.ts';
import { verify as verifyAll } from './verify.ts';

declare const RUNGS_VERSION: string | undefined;

/** This package's version, written in at build time. */
export const version: string = typeof RUNGS_VERSION === 'string' ? RUNGS_VERSION : '0.0.0-source';

export interface Options {
  /** A URL as libpq and golang-migrate understand it, or a connected client of yours, which is left open. */
  readonly database: string | LentClient;
  /** A folder of `NNNNNN_name.up.sql` / `.down.sql` files, or what `readMigrations` made of one. */
  readonly migrations: string | Migrations;
  /** The version table; default `schema_migrations` in the current schema. The URL's `x-migrations-table` wins. */
  readonly table?: { readonly schema?: string; readonly name?: string };
  /** The role that each session acts as from its start; with a connection string, over whose own `role` it wins. */
  readonly role?: string;
  /** Stops the running statement, rolls back, unlocks; the call then rejects with reason `cancelled`. */
  readonly signal?: AbortSignal;
  /** Called with each event as it happens. */
  readonly onEvent?: Emit;
  /** Milliseconds to wait for the migration lock; default 15,000. */
  readonly lockTimeoutMs?: number;
  /**
   * Connection attempts for failures that can pass, the milliseconds before the second (they double, up to ten
   * times), and the milliseconds for all of them together; default 3, 500 and no limit.
   */
  readonly retry?: { readonly attempts?: number; readonly delayMs?: number; readonly deadlineMs?: number };
  /** Where PGPASSWORD and the other libpq variables are looked up; default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** As pg_stat_activity shows it, unless the connection string says; default "rungs up" and so on. */
  readonly applicationName?: string;
}

export interface RunOptions extends Options {
  /** Report what would be done; nothing is locked or written. */
  readonly dryRun?: boolean;
  /** Run every file golang-migrate's way: dirty, file, clean. */
  readonly plain?: boolean;
  /** Asked with the plan before anything is locked or run. */
  readonly confirm?: (steps: readonly Step[], database: string) => Promise<Confirmed>;
  /** Run files below the current version that were never applied. */
  readonly allowOutOfOrder?: boolean;
  /** Take files that were edited after being applied as they are now. */
  readonly acceptChanged?: boolean;
  /** Pass a missing down file as empty. */
  readonly allowMissingDown?: boolean;
  /** `up` leaves a database alone that is newer than every file, instead of refusing it. */
  readonly acceptAhead?: boolean;
}

/** Applies pending migrations: all, the next `steps`, or those up to and including version `to`. */
export function up(options: RunOptions & { readonly steps?: number; readonly to?: bigint }): Promise<Report> {
  return run({ kind: 'up', steps: options.steps ?? null, to: options.to ?? null }, options);
}

/** Reverts the last `steps` migrations (default 1), or `'all'`. */
export function down(options: RunOptions & { readonly steps?: number | 'all' }): Promise<Report> {
  const { steps = 1 } = options;
  return run({ kind: 'down', steps: steps === 'all' ? null : steps }, options);
}

/** Applies or reverts until version `to` is the newest that is applied. */
export function goto(options: RunOptions & { readonly to: bigint }): Promise<Report> {
  return run({ kind: 'goto', to: options.to }, options);
}

/** Reverts the last migration and applies it again. */
export function redo(options: RunOptions): Promise<Report> {
  return run({ kind: 'redo' }, options);
}

/** What `goal` would do. Nothing is locked or written. */
export function plan(goal: Goal, options: RunOptions): Promise<Report> {
  return run(goal, { ...options, dryRun: true });
}

/** Sets the version and clears dirty without running anything. 0 means none where no file has version 0. */
export async function force(options: Options & { readonly version: bigint }): Promise<Report> {
  return reportOf(await forceVersion(options.version, jobFor('force', options)));
}

/**
 * Takes the database over from another migration tool, whose table is recognised and stays as it is. Looks only, unless
 * `write` is set; what does not map one to one to the files is in `entries`, and then `error` is set and nothing written.
 */
export async function adopt(
  options: Options & {
    /** The tool, as in "goose", or its table, where there are several. */
    readonly from?: string;
    readonly fromTable?: string;
    readonly write?: boolean;
  },
): Promise<Adoption> {
  const { from = null, fromTable = null, write = false } = options;
  return adoptFrom({ tool: from, table: fromTable }, jobFor('adopt', { ...options, dryRun: !write }));
}

/** Every migration up to `version` counts as applied, where all that they create is there. */
export async function baseline(
  options: Options & { readonly version: bigint; readonly dryRun?: boolean },
): Promise<Baseline> {
  return baselineAt(options.version, jobFor('baseline', options));
}

/** Every migration with its state. Reads only. */
export async function status(options: Options): Promise<Status> {
  return inspect(jobFor('status', options));
}

/** Whether `up` would succeed: files, connection, server, rights, version table, lock, history. Reads only; never rejects. */
export async function verify(options: Options): Promise<readonly Check[]> {
  return verifyAll(jobFor('verify', options));
}

/** The version table's row. Reads only; needs no migration files. */
export async function currentVersion(options: Omit<Options, 'migrations'>): Promise<Head> {
  const none = { origin: '', migrations: [], ignored: [] };
  return readVersion(jobFor('version', { ...options, migrations: none }));
}

async function run(goal: Goal, options: RunOptions): Promise<Report> {
  return reportOf(await migrate(goal, jobFor(goal.kind, options)));
}

function reportOf({ report, error }: Outcome): Report {
  if (error === null) return report;
  error.report = report;
  throw error;
}

function jobFor(command: string, options: RunOptions): Job {
  const { migrations } = options;
  const emit = options.onEvent ?? (() => {});
  return {
    door: doorFor(command, options, emit),
    source: async () => (typeof migrations === 'string' ? readMigrations(migrations) : migrations),
    allow: {
      outOfOrder: options.allowOutOfOrder ?? false,
      changed: options.acceptChanged ?? false,
      missingDown: options.allowMissingDown ?? false,
      ahead: options.acceptAhead ?? false,
    },
    lockTimeoutMs: options.lockTimeoutMs ?? 15_000,
    dryRun: options.dryRun ?? false,
    plainOnly: options.plain ?? false,
    confirm: options.confirm ?? (async () => 'unasked'),
    emit,
    signal: options.signal,
    now: () => performance.now(),
    newId: randomUUID,
    tool: `rungs ${version}`,
  };
}

/** Enough attempts to outlive a restart of the server. */
const PATIENT = { attempts: 10, delayMs: 250, deadlineMs: 30_000 };

function doorFor(command: string, options: Options, emit: Emit): Door {
  const { database, signal, table: given, applicationName = `rungs ${command}` } = options;
  const named = { schema: given?.schema ?? null, name: given?.name ?? 'schema_migrations' };
  if (typeof database !== 'string') {
    // TypeScript says so too. Its queries may each go to another connection, and a lock is one connection's.
    if ('totalCount' in database) throw new TypeError('a pg.Pool: lend a client of it, from pool.connect()');
    const session = async () => lend(database);
    return {
      open: session,
      reopen: () => reopenLike(database, PATIENT),
      table: named,
      isTableInUrl: false,
      urlPath: null,
    };
  }
  // The one place below tasks/ that knows the process: users expect PGPASSWORD to work.
  const said = parseDatabaseUrl(database, options.env ?? process.env);
  const { role } = options;
  const parsed = role === undefined ? said : { ...said, settings: withRole(said.settings, role) };
  for (const message of parsed.warnings) {
    emit({ kind: 'warning', warning: { reason: 'url', message, file: null, line: null, column: null } });
  }
  const { attempts = 3, delayMs = 500, deadlineMs = Number.POSITIVE_INFINITY } = options.retry ?? {};
  const now = () => performance.now();
  const isTableInUrl = parsed.table.name !== 'schema_migrations' || parsed.table.schema !== null;
  return {
    open: () => connect(parsed, applicationName, { attempts, delayMs, deadlineMs, now, emit, signal }),
    reopen: () => connect(parsed, applicationName, { ...PATIENT, now, emit: () => {}, signal: undefined }),
    table: isTableInUrl ? parsed.table : named,
    isTableInUrl,
    urlPath: parsed.urlPath,
  };
}
