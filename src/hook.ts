/** What a project has run around its migrations (docs/hooks.md). */

import type { Analysis, Goal, Layout, Location, MigrationFile, Migrations } from './migration.ts';
import type { StepReport } from './report.ts';

/** In the order in which they run. */
export const HOOK_NAMES = ['beforeAll', 'beforeEach', 'afterEach', 'afterAll'] as const;
export type HookName = (typeof HOOK_NAMES)[number];

/** One migration of the plan, in one direction. */
export type HookedStep = Omit<StepReport, 'executionTimeMs'>;

/** What a function is called with, and what a command reads as JSON (docs/hook.schema.json). */
export interface HookPlan {
  readonly hook: HookName;
  readonly command: Goal['kind'];
  readonly database: string;
  readonly layout: Layout;
  /** The ledger's version before the run, and after all of it; null for none, and for named. */
  readonly from: bigint | null;
  readonly to: bigint | null;
  /** The one that it runs for; null for `beforeAll` and `afterAll`. */
  readonly migration: HookedStep | null;
  /** All of the plan, in order. */
  readonly migrations: readonly HookedStep[];
}

/** Stops the run by throwing, and is to end early where `signal` says so. */
export type HookFunction = (plan: HookPlan, signal: AbortSignal | undefined) => void | Promise<void>;

/** A function with a name to be told by: on the command line, the command that it starts. */
export interface NamedHook {
  readonly command: string;
  readonly run: HookFunction;
  /** For messages, where it stands. */
  readonly location?: Location | null;
}

/** The path of an `.sql` file, what `migrations:FILE.sql` or `readMigrations` made of one, or a function. */
export type GivenHook = string | Migrations | HookFunction | NamedHook;
export type GivenHooks = { readonly [K in HookName]?: GivenHook | readonly GivenHook[] };

export type Hook =
  | { readonly kind: 'sql'; readonly name: string; readonly file: MigrationFile }
  | {
      readonly kind: 'command' | 'function';
      readonly name: string;
      readonly run: HookFunction;
      readonly location: Location | null;
    };
export type Hooks = Readonly<Record<HookName, readonly Hook[]>>;

export const NO_HOOKS: Hooks = { beforeAll: [], beforeEach: [], afterEach: [], afterAll: [] };

/** One that is SQL, read by the grammar. */
export interface SqlHook {
  readonly hook: HookName;
  readonly file: MigrationFile;
  readonly analysis: Analysis;
}

/** Those that run in each migration's own transaction. */
export interface StepHooks {
  readonly before: readonly SqlHook[];
  readonly after: readonly SqlHook[];
}
