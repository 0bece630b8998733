/**
 * The verbs: what `tasks/` uses is what users import. Every function connects, does its work and leaves the
 * database unlocked; failures are thrown as MigrateError, with the report so far in `error.report`.
 */

import { randomUUID } from 'node:crypto';
import type { Adoption, Baseline } from './adopt/adoption.ts';
import { adopt as adoptFrom } from './adopt.ts';
import { answeredBy, heardBy, hooksBy } from './callback.ts';
import { checked, goalFaults } from './checked.ts';
import { doorFor } from './door.ts';
import { migrate } from './engine.ts';
import type { FleetReport } from './fleet-report.ts';
import { force as forceVersion } from './force.ts';
import { readHooks } from './hook-files.ts';
import { inspect, readVersion } from './inspect.ts';
import type { Job } from './job.ts';
import type { Goal, Layout, Migrations } from './migration.ts';
import type {
  AdoptOptions,
  BaselineOptions,
  DownOptions,
  FleetOptions,
  ForceOptions,
  GivenGoal,
  GivenVersion,
  GotoOptions,
  Options,
  RunOptions,
  UpOptions,
  VerifyOptions,
  VersionOptions,
} from './options.ts';
import { noVersions } from './plan/script.ts';
import type { Head } from './recorded.ts';
import type { Check, Outcome, Report } from './report.ts';
import { rollback as forgetLast } from './rollback.ts';
import { isScript, readMigrations as readFrom } from './source.ts';
import { fillInAll, placeholdersOf } from './sql/placeholders.ts';
import type { Status } from './status.ts';
import { baselineAt } from './unmanaged.ts';
import { verify as verifyAll } from './verify.ts';

declare const RUNGS_VERSION: string | undefined;

/** This package's version, written in at build time. */
export const version: string = typeof RUNGS_VERSION === 'string' ? RUNGS_VERSION : '0.0.0-source';

/** Applies pending migrations: all, the next `steps`, or those up to and including version `to`. */
export async function up(options: UpOptions): Promise<Report> {
  const { steps = null, to = null, ...rest } = checked('up', options);
  return run({ kind: 'up', steps, to: bigOrNull(to) }, rest);
}

/** Reverts the last `steps` migrations (default 1), or `'all'`. */
export async function down(options: DownOptions): Promise<Report> {
  const { steps = 1, ...rest } = checked('down', options);
  return run({ kind: 'down', steps: steps === 'all' ? null : steps }, rest);
}

/** Applies or reverts until version `to` is the newest that is applied. */
export async function goto(options: GotoOptions): Promise<Report> {
  const { to, ...rest } = checked('goto', options);
  return run({ kind: 'goto', to: BigInt(to) }, rest);
}

/** Reverts the last migration and applies it again. */
export async function redo(options: RunOptions): Promise<Report> {
  return run({ kind: 'redo' }, checked('redo', options));
}

/** What `goal` would do. Nothing is locked or written. */
export async function plan(goal: GivenGoal, options: RunOptions): Promise<Report> {
  const known = checked('plan', options, goalFaults(goal));
  return run(goalOf(goal), { ...known, dryRun: true });
}

/**
 * `up` for many databases or schemas, several at once. Resolves also where some of them failed, as each one's `error` and the
 * report's own say; throws MigrateError where it cannot begin.
 */
export async function fleet(options: FleetOptions): Promise<FleetReport> {
  const { onEvent, confirm, hooks, ...rest } = checked('fleet', options);
  // Behind an import: a start of `up` does not pay for it.
  const { fleetOf } = await import('./fleet.ts');
  const heard = {
    ...(onEvent === undefined ? {} : { onEvent: heardBy(onEvent) }),
    ...(confirm === undefined ? {} : { confirm: answeredBy(confirm, [true, false]) }),
    ...(hooks === undefined ? {} : { hooks: typeof hooks === 'function' ? hooksBy(hooks) : hooks }),
  };
  const means = { sourceOf, jobFor, now: () => performance.now() };
  return fleetOf({ env: process.env, ...rest, ...heard }, means);
}

/** Sets the version and clears dirty without running anything. 0 means none where no file has version 0. */
export async function force(options: ForceOptions): Promise<Report> {
  const { version: to, ...rest } = checked('force', options);
  return reportOf(await forceVersion(BigInt(to), jobFor('force', rest)));
}

/**
 * Takes the database over from another migration tool, whose table is recognised and stays as it is. Looks only, unless
 * `write` is set; what does not map one to one to the files is in `entries`, and then `error` is set and nothing written.
 */
export async function adopt(options: AdoptOptions): Promise<Adoption> {
  const { from = null, fromTable = null, write = false, dryRun = false, ...rest } = checked('adopt', options);
  return adoptFrom({ tool: from, table: fromTable }, jobFor('adopt', { ...rest, dryRun: dryRun || !write }));
}

/** Every migration up to `version` counts as applied, where all that they create is there. */
export async function baseline(options: BaselineOptions): Promise<Baseline> {
  const { version: to, ...rest } = checked('baseline', options);
  return baselineAt(BigInt(to), jobFor('baseline', rest));
}

/**
 * Of files with layout `named`: forgets the last record and reverses nothing. Resolves to the file's name, or null where
 * there was none.
 */
export async function rollback(options: Options): Promise<string | null> {
  return forgetLast(jobFor('rollback', checked('rollback', options)));
}

/** Every migration with its state. Reads only. */
export async function status(options: Options): Promise<Status> {
  return inspect(jobFor('status', checked('status', options)));
}

/**
 * Whether `up` would succeed: files, connection, server, rights, version table, lock, history. Reads only; rejects for no
 * other reason than that its options cannot be used.
 */
export async function verify(options: VerifyOptions): Promise<readonly Check[]> {
  return verifyAll(jobFor('verify', checked('verify', options)));
}

/** The version table's row. Reads only; needs no migration files, and refuses those that have no versions: a script. */
export async function currentVersion(options: VersionOptions): Promise<Head> {
  const { migrations = '', layout, ...rest } = checked('currentVersion', options);
  if (await isScript(migrations, layout)) throw noVersions('MIGRATION_VERSION_FAILED', 'read the version');
  const none: Migrations = { layout: 'pairs', origin: '', migrations: [], repeatable: [], ignored: [] };
  return readVersion(jobFor('version', { ...rest, migrations: none }));
}

/**
 * Reads a folder, or the one file of a script, for any number of calls. Paths in messages begin as `folder` does. Throws
 * MIGRATION_SOURCE_FAILED with every problem there is.
 */
export async function readMigrations(folder: string, layout?: Layout): Promise<Migrations> {
  checked('readMigrations', { folder, layout });
  return readFrom(folder, layout);
}

const bigOrNull = (version: GivenVersion | null): bigint | null =>
  version === null ? null : BigInt(version);

function goalOf(goal: GivenGoal): Goal {
  if (goal.kind === 'up') return { kind: 'up', steps: goal.steps ?? null, to: bigOrNull(goal.to ?? null) };
  return goal.kind === 'goto' ? { kind: 'goto', to: BigInt(goal.to) } : goal;
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
    typeof migrations === 'string' ? await readFrom(migrations, layout) : migrations,
    placeholdersOf(placeholders),
  );

/** `searchPath`: of sessions that are its own, over the connection string's. */
function jobFor(command: string, options: RunOptions, searchPath: string | null = null): Job {
  const emit = heardBy(options.onEvent ?? (() => {}));
  // The one place below tasks/ that knows the process: users expect PGPASSWORD to work.
  const { env = process.env, confirm } = options;
  const now = () => performance.now();
  return {
    door: doorFor(command, options, { emit, env, searchPath, now }),
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
    confirm: confirm === undefined ? async () => 'unasked' : answeredBy(confirm, ['unasked', 'yes', 'no']),
    emit,
    signal: options.signal,
    now,
    newId: randomUUID,
    tool: `rungs ${version}`,
  };
}

/** The server's deadlock_timeout is 1 s, after which an autovacuum gives way: a wait must be longer than that. */
const PATIENCE = { timeoutMs: 3000, attempts: 10, delayMs: 1000, queue: 0 };
