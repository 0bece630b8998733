/** What stands beside the journal, whichever table it is. SQL text and decoded rows; never connects. */

import type { Layout, Migration, Step } from '../migration.ts';
import type { Head, JournalRow, LedgerRecord, Place, Row } from '../recorded.ts';

export interface Ledger {
  readonly layout: Layout;
  /** As in "golang-migrate’s version table". */
  readonly what: string;
  readonly create: (p: Place) => string;
  readonly read: (p: Place) => string;
  /** On the table, to be read and moved on; `counter`: its column that takes the next number of a sequence. */
  readonly needs: { readonly rights: readonly string[]; readonly counter: string | null };
  /** `rows` is null where the table does not exist. */
  readonly decode: (
    rows: readonly Row[] | null,
    place: Place,
    journal: readonly JournalRow[],
  ) => { readonly head: Head; readonly ledgerXid: string | null; readonly records: readonly LedgerRecord[] };
  /** Why a table of the name is not this one; null if it is. `columns` as ledger/identify.ts asks for them. */
  readonly strangeShape: (kind: string, columns: string) => string | null;
  /** What was planned from is so still: asked before the file runs. Raises RACED. */
  readonly unmoved: (p: Place, step: Step) => string;
  /** The step is done, in the transaction of its file. `elapsed`: milliseconds, as SQL. Raises RACED. */
  readonly record: (p: Place, step: Step, elapsed: string) => string;
  /** Inside a DO block: it is where it was, and stays there until the transaction ends. Raises RACED. */
  readonly hold: (p: Place, head: Head) => string;
  /** It is half-way: what follows is not one transaction. Raises RACED. */
  readonly begin: (p: Place, step: Step) => string;
  /** It was half-way, and is done. Raises RACED. */
  readonly end: (p: Place, step: Step, elapsed: string) => string;
  /** An edited file counts as it is now; empty where the journal alone says so. */
  readonly accept: (p: Place, migration: Migration) => string;
  /** What the journal calls a migration. */
  readonly key: (migration: Pick<Migration, 'id' | 'version' | 'name'>) => {
    readonly version: bigint | null;
    readonly name: string;
  };
}
