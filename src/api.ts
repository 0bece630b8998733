/**
 * The verbs: what `tasks/` uses is what users import. Every function connects, does its work and leaves the
 * database unlocked; failures are thrown as MigrateError, with the report so far in `error.report`.
 */

import { randomUUID } from 'node:crypto';
import type { Adoption, Baseline } from './adopt/adoption.ts';
import { adopt as adoptFrom } from './adopt.ts';
import { withSetting } from './config/settings.ts';
import { type Database, parseDatabaseUrl, primaryOf } from './config/url.ts';
import { migrate } from './engine.ts';
import { type Emit, warn } from './event.ts';
import type { FleetReport } from './fleet-report.ts';
import { force as forceVersion } from './force.ts';
import { readHooks } from './hook-files.ts';
import { inspect, readVersion } from './inspect.ts';
import type { Door, Job } from './job.ts';
import { journalOf } from './ledger/journal.ts';
import { sentinelOf } from './ledger/sentinel.ts';
import type { Goal, Migrations } from './migration.ts';
import type { FleetOptions, Options, RunOptions } from './options.ts';
import type { connect as connectTo } from './pg/connect.ts';
import { noVersions } from './plan/script.ts';
import type { Head } from './recorded.ts';
import { refused } from './refused.ts';
import type { Check, Outcome, Report } from './report.ts';
import { rollback as forgetLast } from './rollback.ts';
import { isScript, readMigrations } from './source.ts';
import { fillInAll, placeholdersOf } from './sql/placeholders.ts';
import type { Status } from './status.ts';
import { baselineAt } from './unmanaged.ts';
import { verify as verifyAll } from './verify.ts';

declare const RUNGS_VERSION: string | undefined;

/** This package's version, written in at build time. */
export const version: string = typeof RUNGS_VERSION === 'string' ? RUNGS_VERSION : '0.0.0-source';

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

/**
 * `up` for many databases or schemas, several at once. Resolves also where some of them failed, as each one's `error` and the
 * report's own say; throws MigrateError where it cannot begin.
 */
export async function fleet(options: FleetOptions): Promise<FleetReport> {
  // Behind an import: a start of `up` does not pay for it.
  const { fleetOf } = await import('./fleet.ts');
  return fleetOf({ env: process.env, ...options }, { sourceOf, jobFor, now: () => performance.now() });
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

/**
 * Of files with layout `named`: forgets the last record and reverses nothing. Resolves to the file's name, or null where
 * there was none.
 */
export async function rollback(options: Options): Promise<string | null> {
  return forgetLast(jobFor('rollback', options));
}

/** Every migration with its state. Reads only. */
export async function status(options: Options): Promise<Status> {
  return inspect(jobFor('status', options));
}

/** Whether `up` would succeed: files, connection, server, rights, version table, lock, history. Reads only; never rejects. */
export async function verify(options: Options & Pick<RunOptions, 'hooks'>): Promise<readonly Check[]> {
  return verifyAll(jobFor('verify', options));
}

/** The version table's row. Reads only; needs no migration files, and refuses those that have no versions: a script. */
export async function currentVersion(
  options: Omit<Options, 'migrations'> & Partial<Pick<Options, 'migrations'>>,
): Promise<Head> {
  const { migrations = '', layout } = options;
  if (await isScript(migrations, layout)) throw noVersions('MIGRATION_VERSION_FAILED', 'read the version');
  const none: Migrations = { layout: 'pairs', origin: '', migrations: [], repeatable: [], ignored: [] };
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

type SourceOptions = Pick<RunOptions, 'migrations' | 'layout' | 'placeholders'>;

const sourceOf = async ({ migrations, layout, placeholders }: SourceOptions): Promise<Migrations> =>
  fillInAll(
    typeof migrations === 'string' ? await readMigrations(migrations, layout) : migrations,
    placeholdersOf(placeholders),
  );

/** `searchPath`: of sessions that are its own, over the connection string's. */
function jobFor(command: string, options: RunOptions, searchPath: string | null = null): Job {
  const emit = options.onEvent ?? (() => {});
  return {
    door: doorFor(command, options, emit, searchPath),
    source: () => sourceOf(options),
    hooks: () => readHooks(options.hooks ?? {}, placeholdersOf(options.placeholders)),
    allow: {
      outOfOrder: options.allowOutOfOrder ?? false,
      changed: options.acceptChanged ?? false,
      missingDown: options.allowMissingDown ?? false,
      ahead: options.acceptAhead ?? false,
    },
    lockTimeoutMs: options.lockTimeoutMs ?? 15_000,
    lockStrategy: options.lockStrategy ?? 'session',
    patience: { ...PATIENCE, ...options.blocked, chance: Math.random },
    batchSize: options.batchSize ?? 1_000_000,
    dryRun: options.dryRun ?? false,
    plainOnly: options.plain ?? false,
    skipDuplicates: options.skipDuplicates ?? false,
    confirm: options.confirm ?? (async () => 'unasked'),
    emit,
    signal: options.signal,
    now: () => performance.now(),
    newId: randomUUID,
    tool: `rungs ${version}`,
  };
}

/** The server's deadlock_timeout is 1 s, after which an autovacuum gives way: a wait must be longer than that. */
const PATIENCE = { timeoutMs: 3000, attempts: 10, delayMs: 1000, queue: 0 };
const USUAL = { attempts: 3, delayMs: 500 };
/** Muse's. */
const FOR_SCRIPTS = { attempts: 5, delayMs: 5000 };

/** Enough attempts to outlive a restart of the server. */
const PATIENT = { attempts: 10, delayMs: 250, deadlineMs: 30_000 };

const isStandard = ({ schema, name }: Database['table']): boolean =>
  schema === null && name === 'schema_migrations';

function doorFor(command: string, options: Options, emit: Emit, searchPath: string | null): Door {
  const { database, signal, role, table: given, applicationName = `rungs ${command}` } = options;
  const named = { schema: given?.schema ?? null, name: given?.name ?? 'schema_migrations' };
  const withJournal = (t: typeof named, name = given?.journal) => ({
    ...t,
    journal: name ?? journalOf(t.name),
    sentinel: sentinelOf(options.sentinel ?? 'users'),
  });
  if (typeof database !== 'string') {
    // TypeScript says so too. Its queries may each go to another connection, and a lock is one connection's.
    if ('totalCount' in database) throw new TypeError('a pg.Pool: lend a client of it, from pool.connect()');
    const loan = () => import('./pg/lend.ts');
    return {
      open: async () => {
        const { lend } = await loan();
        return refused(lend(database, role), 'MIGRATION_INIT_FAILED', `act as the role ${role}`);
      },
      reopen: async () => (await loan()).reopenLike(database, role, PATIENT),
      beside: async () => (await loan()).reopenLike(database, undefined, { attempts: 1, delayMs: 0 }),
      table: withJournal(named),
      tables: (own) => withJournal(own),
      isTableInUrl: false,
      urlPath: null,
      multiStatement: false,
    };
  }
  // The one place below tasks/ that knows the process: users expect PGPASSWORD to work.
  const said = parseDatabaseUrl(database, options.env ?? process.env);
  const placed = searchPath === null ? said.settings : withSetting(said.settings, 'search_path', searchPath);
  const parsed = { ...said, settings: role === undefined ? placed : withSetting(placed, 'role', role) };
  for (const message of parsed.warnings) warn(emit, 'url', message);
  // Behind an import, as are all that it needs: pg, sockets and TLS are half of what a command loads.
  const connect: typeof connectTo = async (...how) => (await import('./pg/connect.ts')).connect(...how);
  const now = () => performance.now();
  const isTableInUrl = !isStandard(parsed.table);
  const tables = (own: typeof named) => withJournal(own, parsed.journal ?? given?.journal);
  return {
    open: (layout) => {
      const told = layout === 'script';
      const usual = told ? FOR_SCRIPTS : USUAL;
      const {
        attempts = usual.attempts,
        delayMs = usual.delayMs,
        deadlineMs = Infinity,
      } = options.retry ?? {};
      return connect(parsed, applicationName, { attempts, delayMs, deadlineMs, now, emit, signal, told });
    },
    // A standby knows only what it has replayed by then: that is no answer.
    reopen: () =>
      connect(primaryOf(parsed), applicationName, { ...PATIENT, now, emit: () => {}, signal: undefined }),
    beside: async (signal) => {
      const once = { attempts: 1, delayMs: 0, deadlineMs: Infinity, now, emit: () => {}, signal };
      return connect(said, applicationName, once);
    },
    table: tables(isTableInUrl ? parsed.table : named),
    tables,
    isTableInUrl,
    urlPath: parsed.urlPath,
    multiStatement: parsed.multiStatement,
  };
}
