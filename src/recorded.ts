/** The nouns of what the database remembers. */

import type { Direction, Mode } from './migration.ts';

/** A row as the server wrote it: text or null, whatever type parsers the caller's client has. */
export type Row = Readonly<Record<string, string | null>>;

/** golang-migrate's one row. `version` null: no row, or -1; always null for the other layouts. */
export interface Head {
  readonly version: bigint | null;
  readonly dirty: boolean;
}

/** What a journal row records. */
export type JournalKind =
  /** We ran it. */
  | 'run'
  /** The ledger had moved without us (golang-migrate): taken as applied or reverted. */
  | 'assumed'
  /** `force` moved the ledger past it. */
  | 'forced'
  /** `--accept-changed`: the edited file's checksum counts from here on. */
  | 'accepted'
  /** Taken over with what another tool had recorded (`adopt`), or because it is all there (`baseline`). */
  | 'adopted';

/**
 * What was true just before a concurrent index statement: whatever INVALID index its table has beyond `before`
 * (and under `name`, if it gave one), the statement left behind.
 */
export interface IndexStatement {
  readonly verb: 'create' | 'reindex';
  /** Bare, as in pg_class; null if unnamed. */
  readonly name: string | null;
  /** Oids, in decimal. */
  readonly table: string;
  readonly before: readonly string[];
  /** SHA-256 of the statement. */
  readonly checksum: string;
}

/** One row of the journal, oldest first. */
export interface JournalRow {
  readonly id: bigint;
  readonly version: bigint | null;
  readonly name: string;
  readonly direction: Direction;
  readonly kind: JournalKind;
  readonly mode: Mode | null;
  /** `started`: a resumable or plain file that has not reached its end. `failed`: it left nothing behind (named only). */
  readonly state: 'started' | 'done' | 'failed';
  /** The ledger's version once the row is done; null for none. */
  readonly head: bigint | null;
  readonly checksum: string | null;
  /** Of a repeatable: that of its file's analysis; null where the grammar could not read it. */
  readonly meaning: string | null;
  /** SHA-256 of each statement that is done, in order (resumable only). */
  readonly doneStatements: readonly string[];
  /** Set from just before a concurrent index statement until it is recorded as done. */
  readonly indexStatement: IndexStatement | null;
  /** Of a `started` row: the transaction that wrote it and the ledger's dirty row together. */
  readonly ledgerXid: string | null;
  /** The server's words, of a failed one. */
  readonly error: string | null;
  readonly appliedAt: string | null;
  readonly executionTimeMs: number | null;
  readonly appliedBy: string | null;
  readonly tool: string | null;
  readonly run: string | null;
}

/** How a repeatable was run last. */
export interface Repetition
  extends Pick<JournalRow, 'id' | 'checksum' | 'meaning' | 'appliedAt' | 'executionTimeMs' | 'appliedBy'> {
  /** Something was reverted since, which may have taken along what it had made. */
  readonly isOutlived: boolean;
}

/** Where the ledger is, and beside it the journal. */
export interface Place {
  readonly schema: string;
  readonly table: string;
  readonly journal: string;
  /** The table that says of a script that it has run. `schema` null: wherever the search_path finds it. */
  readonly sentinel: { readonly schema: string | null; readonly name: string };
}

/** One row of a named ledger, oldest first. */
export interface LedgerRecord {
  /** The file's name. */
  readonly name: string;
  readonly appliedAt: string | null;
  readonly executionTimeMs: number | null;
  /** FluxStudio's: of the file as it was, in 16 hex digits. */
  readonly checksum: string | null;
  readonly appliedBy: string | null;
}

/** What the database remembers: the ledger's row and the journal beside it. */
export interface Recorded {
  readonly ledgerExists: boolean;
  readonly journalExists: boolean;
  readonly head: Head;
  /** The transaction that wrote the ledger's row (xmin); null where there is no row. */
  readonly ledgerXid: string | null;
  readonly journal: readonly JournalRow[];
  /** Empty for pairs. */
  readonly records: readonly LedgerRecord[];
}
