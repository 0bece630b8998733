/** What a command is given to work with. */

import type { Emit } from './event.ts';
import type { Hooks } from './hook.ts';
import type { Tables } from './ledger/identify.ts';
import type { Confirmed, Layout, Migrations, Step } from './migration.ts';
import type { Patience } from './patience.ts';
import type { LockStrategy } from './pg/lock.ts';
import type { Session } from './pg/session.ts';
import type { Allowances } from './plan/situation.ts';

/** How to reach the database. */
export interface Door {
  /** Connects, with the configured attempts; for a script as Muse does, where nothing is said, and in its words. */
  readonly open: (layout?: Layout) => Promise<Session>;
  /** After a loss, to find out what was committed; patient. */
  readonly reopen: () => Promise<Session>;
  /** A second connection beside the first, to look on while it works; at one attempt. */
  readonly beside: (signal: AbortSignal) => Promise<Session>;
  readonly table: Tables;
  /** All of them, were the version table another; what is said of the others holds. */
  readonly tables: (own: Pick<Tables, 'schema' | 'name'>) => Tables;
  /** The connection string names the table, and wins over any setting. */
  readonly isTableInUrl: boolean;
  /** The URL's path with its slash, which golang-migrate puts into its lock id. */
  readonly urlPath: string | null;
  /** golang-migrate's x-multi-statement: what cannot be run in one transaction is run statement by statement. */
  readonly multiStatement: boolean;
}

export interface Job {
  readonly door: Door;
  readonly source: () => Promise<Migrations>;
  /** With their files read. */
  readonly hooks: () => Promise<Hooks>;
  readonly allow: Allowances;
  readonly lockTimeoutMs: number;
  readonly lockStrategy: LockStrategy;
  /** With locks that others have on tables and the like. */
  readonly patience: Patience;
  /** Atomic migrations travel together up to so many characters; 1: each by itself. */
  readonly batchSize: number;
  readonly dryRun: boolean;
  /** Run every file golang-migrate's way. */
  readonly plainOnly: boolean;
  /** Statements that create what is there already are left out. */
  readonly skipDuplicates: boolean;
  /** Called with the plan before anything is locked or run. */
  readonly confirm: (steps: readonly Step[], database: string) => Promise<Confirmed>;
  readonly emit: Emit;
  readonly signal: AbortSignal | undefined;
  /** Milliseconds on any steady clock. */
  readonly now: () => number;
  /** A new unguessable word at each call. */
  readonly newId: () => string;
  /** As the journal records it: "rungs 0.1.0". */
  readonly tool: string;
}
