/** What a command is given to work with. */

import type { Emit } from './event.ts';
import type { Confirmed, Migrations, Step } from './migration.ts';
import type { Session } from './pg/session.ts';
import type { Allowances } from './plan/situation.ts';

/** How to reach the database. */
export interface Door {
  /** Connects, with the configured attempts. */
  readonly open: () => Promise<Session>;
  /** After a loss, to find out what was committed; patient. */
  readonly reopen: () => Promise<Session>;
  readonly table: { readonly schema: string | null; readonly name: string };
  /** The connection string names the table, and wins over any setting. */
  readonly isTableInUrl: boolean;
  /** The URL's path with its slash, which golang-migrate puts into its lock id. */
  readonly urlPath: string | null;
}

export interface Job {
  readonly door: Door;
  readonly source: () => Promise<Migrations>;
  readonly allow: Allowances;
  readonly lockTimeoutMs: number;
  readonly dryRun: boolean;
  /** Run every file golang-migrate's way. */
  readonly plainOnly: boolean;
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
