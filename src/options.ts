/** What the public API is given. */

import type { GivenTarget } from './config/target.ts';
import type { Emit } from './event.ts';
import type { FleetEvent, Shard, TargetName, TargetReport } from './fleet-report.ts';
import type { GivenHooks } from './hook.ts';
import type { Confirmed, Layout, Location, Migrations, Step } from './migration.ts';
import type { LentClient } from './pg/lent.ts';
import type { GivenPlaceholders } from './sql/placeholders.ts';

export interface Options {
  /** A URL as libpq and golang-migrate understand it, or a connected client of yours, which is left open. */
  readonly database: string | LentClient;
  /** A folder of `NNNNNN_name.up.sql` / `.down.sql` files, a script (one file), or what `readMigrations` made of one. */
  readonly migrations: string | Migrations;
  /** How the folder's names are read; what the names say unless given. */
  readonly layout?: Layout;
  /** Of a script: the table that says that it has run, as `name` or `schema.name`; default `users`. */
  readonly sentinel?: string;
  /**
   * The version table, default `schema_migrations` in the current schema, and the journal beside it, default its name
   * with `_history`. The URL's `x-migrations-table` and `x-journal-table` win.
   */
  readonly table?: { readonly schema?: string; readonly name?: string; readonly journal?: string };
  /**
   * What stands in the files for `${name}`, which without this means nothing. `{ secret }`: not to be seen where the server
   * repeats it.
   */
  readonly placeholders?: GivenPlaceholders;
  /** The role to act as: from a session's start, over the connection string's own; for a client of yours until it is given back. */
  readonly role?: string;
  /** Stops the running statement, rolls back, unlocks; the call then rejects with reason `cancelled`. */
  readonly signal?: AbortSignal;
  /** Called with each event as it happens. */
  readonly onEvent?: Emit;
  /** Milliseconds to wait for the migration lock; default 15,000. */
  readonly lockTimeoutMs?: number;
  /** `transaction`: each migration takes the lock for itself, as poolers in transaction mode need; default `session`. */
  readonly lockStrategy?: 'session' | 'transaction';
  /**
   * Connection attempts for failures that can pass, the milliseconds before the second (they double, up to ten
   * times), and the milliseconds for all of them together; default 3, 500 and no limit; for a script 5 and 5,000.
   */
  readonly retry?: { readonly attempts?: number; readonly delayMs?: number; readonly deadlineMs?: number };
  /**
   * For the locks of other sessions that a migration's statements need: milliseconds of `lock_timeout`, default 3,000 and
   * 0 for none of ours; how often a migration is tried that was rolled back for a lock, the milliseconds before the second
   * attempt (they double, up to ten times, less up to half by chance), default 10 and 1,000; and how many sessions may
   * wait behind us before they are let pass, default 0: any number.
   */
  readonly blocked?: {
    readonly timeoutMs?: number;
    readonly attempts?: number;
    readonly delayMs?: number;
    readonly queue?: number;
  };
  /** Where PGPASSWORD and the other libpq variables are looked up; default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** As pg_stat_activity shows it, unless the connection string says; default "rungs up" and so on. */
  readonly applicationName?: string;
}

export interface RunOptions extends Options {
  /** Report what would be done; nothing is locked or written. */
  readonly dryRun?: boolean;
  /** Consecutive migrations go to the server in one message up to so many characters; default 1,000,000, and 1 turns it off. */
  readonly batchSize?: number;
  /** Run every file golang-migrate's way: dirty, file, clean. */
  readonly plain?: boolean;
  /** Where a statement creates what is there already (42P07, 42710), leave it out, warn, and run the rest. */
  readonly skipDuplicates?: boolean;
  /** Asked with the plan before anything is locked or run. */
  readonly confirm?: (steps: readonly Step[], database: string) => Promise<Confirmed>;
  /** What to run around the migrations: SQL files, and functions (docs/hooks.md). */
  readonly hooks?: GivenHooks;
  /** Run files below the current version that were never applied. */
  readonly allowOutOfOrder?: boolean;
  /** Take files that were edited after being applied as they are now. */
  readonly acceptChanged?: boolean;
  /** Pass a missing down file as empty. */
  readonly allowMissingDown?: boolean;
  /** `up` leaves a database alone that is newer than every file, instead of refusing it. */
  readonly acceptAhead?: boolean;
}

/** A version as it may be given; reports have it as a bigint. */
export type GivenVersion = bigint | number;

export interface UpOptions extends RunOptions {
  /** How many at most. */
  readonly steps?: number;
  /** The last one that is applied. */
  readonly to?: GivenVersion;
}

export interface DownOptions extends RunOptions {
  /** How many; default 1. */
  readonly steps?: number | 'all';
}

export interface GotoOptions extends RunOptions {
  readonly to: GivenVersion;
}

/** What `plan` looks at; its `dryRun` is always true. Null: no limit. */
export type GivenGoal =
  | { readonly kind: 'up'; readonly steps?: number | null; readonly to?: GivenVersion | null }
  | { readonly kind: 'down'; readonly steps: number | null }
  | { readonly kind: 'goto'; readonly to: GivenVersion }
  | { readonly kind: 'redo' };

export interface ForceOptions extends Options {
  /** 0 means none where no file has version 0. */
  readonly version: GivenVersion;
}

export interface AdoptOptions extends Options {
  /** The tool, as in "goose", or its table, where there are several. */
  readonly from?: string;
  readonly fromTable?: string;
  readonly write?: boolean;
  /** Wins over `write`. */
  readonly dryRun?: boolean;
}

export interface BaselineOptions extends Options {
  readonly version: GivenVersion;
  readonly dryRun?: boolean;
}

export type VerifyOptions = Options & Pick<RunOptions, 'hooks'>;

export type VersionOptions = Omit<Options, 'migrations'> & Partial<Pick<Options, 'migrations'>>;

export interface MigrateOnStartOptions
  extends Pick<
    RunOptions,
    | 'table'
    | 'layout'
    | 'sentinel'
    | 'placeholders'
    | 'role'
    | 'signal'
    | 'onEvent'
    | 'env'
    | 'applicationName'
    | 'lockTimeoutMs'
    | 'hooks'
    | 'lockStrategy'
    | 'blocked'
    | 'batchSize'
  > {
  /** Where to connect: a URL, or a connected client of the service's, which is given back as it was. */
  readonly url?: string | undefined;
  readonly client?: LentClient;
  /** A folder, a script, or what the esbuild plugin made of one: `import migrations from 'migrations:./db/migrations'`. */
  readonly migrations: string | Migrations;
  /**
   * What to do where the database is newer than every file, as an old image finds it during a rolling deploy:
   * `refuse` (the default) throws MIGRATION_UP_FAILED (ahead), `accept` leaves it alone with a warning.
   */
  readonly onAhead?: 'refuse' | 'accept';
  /** An environment variable that turns this off by `false` or `0`, in any case; anything odd warns and stays on. */
  readonly enabledBy?: string;
  /** How to wait for the database; default 30 attempts, 1,000 ms apart at first, 60,000 ms in all. */
  readonly wait?: { readonly attempts?: number; readonly delayMs?: number; readonly deadlineMs?: number };
}

export interface FleetOptions extends Omit<RunOptions, 'database' | 'confirm' | 'onEvent' | 'hooks'> {
  /**
   * URLs, schemas, or both; or a query of `database` with a column `schema` or `url`, and perhaps `name`. A target with a
   * `schema` has that alone for its search_path, and the version table in it.
   */
  readonly targets:
    | readonly (string | GivenTarget)[]
    | {
        /** One statement, which only reads. */
        readonly query: string;
        /** For messages, where it stands. */
        readonly location?: Location;
      };
  /** The database of targets without a URL, and of the query. */
  readonly database?: string;
  /** How many at once, and how many connections at most; default 8. */
  readonly concurrency?: number;
  /** Which come first and one by one, and end it all where one fails: so many of the list, or these names; default 1. */
  readonly canary?: number | readonly string[];
  /** After so many failures no more are begun; default 1. Infinity: never mind. */
  readonly maxFailures?: number;
  /** Only a part of the targets; which, their identities say and not their order. */
  readonly shard?: Shard;
  /** Leaves out what this report of an earlier run has as up to date, if it was of the same files. */
  readonly resume?: {
    readonly digest: string;
    readonly targets: readonly Pick<TargetReport, 'id' | 'state'>[];
  };
  /** No targets at all are none, and no error. */
  readonly allowEmpty?: boolean;
  /** For all, or for each. */
  readonly hooks?: GivenHooks | ((target: FleetTarget) => GivenHooks | Promise<GivenHooks>);
  /** Asked once, with those that it is about; false ends it there. */
  readonly confirm?: (targets: readonly TargetName[]) => Promise<boolean>;
  readonly onEvent?: (event: FleetEvent) => void;
}

/** As a target's hooks may need to know it. `url` may have a password in it. */
export interface FleetTarget {
  readonly name: string;
  readonly url: string;
  readonly schema: string | null;
}
