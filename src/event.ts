import type { HookName } from './hook.ts';
import type { Direction, Mode } from './migration.ts';

/** What happens while the engine works. Reporters are tables over this union; the engine itself is silent. */
export type Event =
  /** A script's own four (Muse's), which the others have no need of. */
  | { readonly kind: 'initializing' }
  | { readonly kind: 'connecting'; readonly attempt: number; readonly attempts: number }
  | { readonly kind: 'connected' }
  | { readonly kind: 'initialized' }
  | {
      readonly kind: 'connection-failed';
      readonly attempt: number;
      readonly attempts: number;
      readonly message: string;
      readonly retryInMs: number;
    }
  | { readonly kind: 'waiting-for-lock'; readonly holder: LockHolder | null; readonly timeoutMs: number }
  | { readonly kind: 'locked'; readonly waitedMs: number }
  | ({ readonly kind: 'started'; readonly mode: Mode; readonly resumedAt: number | null } & StepName)
  | ({
      readonly kind: 'statement';
      readonly statement: number;
      readonly statements: number;
      readonly line: number;
    } & StepName)
  /** Another session has a lock that the migration needs; again when it is another, or twice as many wait behind us. */
  | ({ readonly kind: 'blocked' } & Pick<Blockage, 'blockers' | 'queued' | 'waitedMs'> & StepName)
  | ({ readonly kind: 'unblocked' } & StepName)
  /** Rolled back for a lock, and to be tried again. `queue`: for all who waited behind us. */
  | ({
      readonly kind: 'let-go';
      readonly reason: 'lock_timeout' | 'queue' | 'deadlock';
      readonly afterMs: number;
      readonly attempt: number;
      readonly attempts: number;
      readonly retryInMs: number;
    } & StepName)
  | ({ readonly kind: 'finished'; readonly mode: Mode; readonly executionTimeMs: number } & StepName)
  /** Not of SQL around each migration, which is a part of that migration's message. */
  | ({ readonly kind: 'hook' } & HookOf)
  | ({ readonly kind: 'hook-finished'; readonly executionTimeMs: number } & HookOf)
  | {
      readonly kind: 'notice';
      readonly severity: string;
      readonly message: string;
      readonly id: string | null;
    }
  | { readonly kind: 'warning'; readonly warning: Warning };

export interface HookOf {
  readonly hook: HookName;
  readonly runs: 'sql' | 'command' | 'function';
  readonly name: string;
  /** The id of the one that it runs for; null for `beforeAll` and `afterAll`. */
  readonly migration: string | null;
}

export interface StepName {
  readonly id: string;
  readonly name: string;
  readonly direction: Direction;
}

/** Something that did not stop the run and that the user should know. */
export interface Warning {
  /** Stable, snake_case. */
  readonly reason: string;
  readonly message: string;
  readonly file: string | null;
  readonly line: number | null;
  readonly column: number | null;
}

/** The session that holds a lock we wait for (pg_stat_activity). */
export interface LockHolder {
  readonly pid: number;
  readonly user: string | null;
  readonly application: string | null;
  readonly address: string | null;
  /** ISO 8601; when its current state began. */
  readonly since: string | null;
  /** As in `idle`, and for how long it has been; null where our role may not see it. */
  readonly state: string | null;
  readonly stateMs: number | null;
  readonly query: string | null;
}

/** Why a statement waits for a lock, as a second connection sees it. */
export interface Blockage {
  /** Who is in the way, also through others who wait; the one to act on first. */
  readonly blockers: readonly Blocker[];
  /** How many sessions wait behind us, also through others. */
  readonly queued: number;
  readonly waitedMs: number;
  /** The statement was cancelled, so that they could pass. */
  readonly isLetGo: boolean;
}

/** Of pg_stat_activity; what is null may also be hidden from our role. */
export interface Blocker {
  /** 0: a prepared transaction. */
  readonly pid: number;
  /** Of a background process, what it is. */
  readonly user: string | null;
  readonly application: string | null;
  readonly address: string | null;
  readonly state: string | null;
  /** For another of them. */
  readonly isWaiting: boolean;
  readonly transactionMs: number | null;
  readonly stateMs: number | null;
  /** On one line, and without its literals. */
  readonly query: string | null;
}

export type Emit = (event: Event) => void;

/** Of a file as a whole, or of none. */
export const warning = (reason: string, message: string, file: string | null = null): Warning => ({
  reason,
  message,
  file,
  line: null,
  column: null,
});

export const warn = (emit: Emit, reason: string, message: string, file: string | null = null): void =>
  emit({ kind: 'warning', warning: warning(reason, message, file) });
