/**
 * What stands before a file in its message, and holds the locks there: with `lockStrategy: transaction` each message
 * takes them for itself.
 */

import type { Ledger } from './ledger/ledger.ts';
import type { Step } from './migration.ts';
import type { Place } from './recorded.ts';
import { FORGET, remember, WATCH_HERE } from './session-state.ts';
import { onlyIn, takeAll } from './sql/advisory.ts';

export interface Locking {
  /** Those that the session holds. */
  readonly lockIds: readonly bigint[];
  /** Those that each message takes until its commit; null where the session holds them. */
  readonly perMessage: readonly bigint[] | null;
  /** Whether the server can look for a dead client while it works. */
  readonly watch: boolean;
  /** Through a pooler, the server process in which the session holds them. */
  readonly holder: number | null;
}

interface Setting extends Locking {
  readonly place: Place;
  readonly ledger: Ledger;
}

/** What comes `before` the file, and of what comes behind it, what does so `first` and, before the record, `last`. */
export interface Enclosing {
  readonly before: readonly string[];
  readonly first: readonly string[];
  readonly last: readonly string[];
}

/** This is the process that has the locks, or the transaction ends. */
export const held = ({ holder }: Locking): readonly string[] => (holder === null ? [] : [onlyIn(holder)]);

/** The locks, what they are for, and then the file: it has not begun where another run has them or has been there. */
export function enclosing(e: Setting, step: Step): Enclosing {
  if (e.perMessage === null) return { before: ['begin'], first: held(e), last: [] };
  const locked = ['begin', takeAll(e.perMessage), e.ledger.unmoved(e.place, step)];
  return { before: [...locked, remember('transaction'), ...watched(e)], first: [], last: [] };
}

const watched = ({ watch }: Locking): readonly string[] => (watch ? [WATCH_HERE] : []);

/**
 * For a file with SET TRANSACTION, which is refused (25001) once a query has run: the locks are taken only behind it,
 * and where somebody has them, or has moved the version, all of it is rolled back.
 */
export const enclosingLate = (e: Setting): Enclosing => ({
  before: ['begin', remember('session'), 'commit', 'begin', ...watched(e)],
  first: [takeAll(e.perMessage ?? [])],
  last: [FORGET],
});

/** Asked when a file has failed that ran without the locks: whether that may be another run's doing. */
export const stillUnmoved = (e: Setting, step: Step): string =>
  `begin; ${takeAll(e.perMessage ?? [])}; ${e.ledger.unmoved(e.place, step)}; rollback`;
