/** What is applied, as values. src/applied.ts makes them. */

import type { JournalKind, JournalRow, Repetition } from './recorded.ts';

/** One applied migration, as far as it is known. */
export interface Applied {
  readonly id: string;
  readonly version: bigint;
  readonly name: string;
  readonly kind: JournalKind;
  readonly checksum: string | null;
  readonly appliedAt: string | null;
  readonly executionTimeMs: number | null;
  readonly appliedBy: string | null;
}

/** A move of the ledger that the journal does not have: golang-migrate's, or a hand's. */
export interface Unseen {
  readonly migration: { readonly version: bigint; readonly name: string; readonly checksum: string | null };
  readonly direction: 'up' | 'down';
}

export interface State {
  /** By id. */
  readonly applied: ReadonlyMap<string, Applied>;
  /** By id: repeatables. */
  readonly repeated: ReadonlyMap<string, Repetition>;
  /** To be written into the journal before the next run adds to it. */
  readonly unseen: readonly Unseen[];
  /** The row of a run that has not reached its end, if the ledger is still as that run left it. */
  readonly unfinished: JournalRow | null;
}
