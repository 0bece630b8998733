/**
 * What stands before a file in its message, and holds the locks there: with `lockStrategy: transaction` each message
 * takes them for itself.
 */

import type { Ledger } from './ledger/ledger.ts';
import type { Analysis, Step } from './migration.ts';
import type { Place } from './recorded.ts';
import { REMEMBER, WATCH_HERE } from './session-state.ts';
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

/** This is the process that has the locks, or the transaction ends. */
export const held = ({ holder }: Locking): readonly string[] => (holder === null ? [] : [onlyIn(holder)]);

/**
 * What the file says of its transaction, which no query may come before (25001); the locks, what they are for, and then the
 * file: it has not begun where another run has them or has been there.
 */
export function beforeFile(e: Setting, step: Step, analysis: Analysis | null): readonly string[] {
  const begun = ['begin', ...firstOf(step, analysis)];
  if (e.perMessage === null) return [...begun, ...held(e)];
  return [...begun, takeAll(e.perMessage), e.ledger.unmoved(e.place, step), REMEMBER, ...watched(e)];
}

/** Each may end in a line comment. */
const firstOf = ({ file }: Step, analysis: Analysis | null): readonly string[] =>
  (analysis?.first ?? []).map(({ start, end }) => `${file?.text.slice(start, end)}\n`);

const watched = ({ watch }: Locking): readonly string[] => (watch ? [WATCH_HERE] : []);
