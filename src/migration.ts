/** The nouns of the domain. Everything else in `src/` is a function from some of these to others. */

export type Direction = 'up' | 'down';

/**
 * How a folder's names are read, and with it what the database remembers:
 * - `pairs`: `NNNNNN_name.up.sql` and `.down.sql`; golang-migrate's one number.
 * - `named`: `NNN_name.sql`, whose numbers may repeat; FluxStudio's one row for each name.
 * - `script`: one file with the whole schema, which is run where one table of it, the sentinel, is not there; Muse's.
 */
export type Layout = 'pairs' | 'named' | 'script';

/**
 * How a file is run (docs/writing-migrations.md):
 * - `atomic`: file, ledger and journal in one transaction, sent as one message; the default.
 * - `resumable`: statement by statement with recorded progress, for what cannot run in a transaction.
 * - `plain`: golang-migrate's own three steps (dirty, file, clean), for files with their own BEGIN/COMMIT.
 */
export type Mode = 'atomic' | 'resumable' | 'plain';

/** A place in a file: line and column count from 1, columns in code points, as editors and psql do. */
export interface Location {
  readonly file: string;
  /** Null where only the file is known. */
  readonly line: number | null;
  readonly column: number | null;
}

/** CREATE INDEX CONCURRENTLY and its relatives: what may be left INVALID behind a failure. */
export interface ConcurrentIndex {
  readonly verb: 'create' | 'reindex';
  /** The index's own name as SQL (quoted where needed, with its schema if it has one); null if unnamed. */
  readonly index: string | null;
  /** The table's name as SQL; null where the statement names only the index. */
  readonly table: string | null;
}

/** One top-level statement of a file. Offsets are UTF-16 indices into the file's text. */
export interface Statement {
  readonly start: number;
  readonly end: number;
  /** 1-based line of `start`. */
  readonly line: number;
  /**
   * `transaction`: may run inside a transaction block. `alone`: must have a message of its own, because
   * PostgreSQL refuses it in a transaction (VACUUM, ... CONCURRENTLY) or because it may end one (DO, CALL).
   */
  readonly run: 'transaction' | 'alone';
  /** Sets session state (SET, set_config): run again before a resumed file goes on in a new session. */
  readonly session: boolean;
  readonly concurrentIndex: ConcurrentIndex | null;
}

/** What a CREATE EXTENSION asks of the server. */
export interface NeededExtension {
  readonly name: string;
  /** As in `version '1.6'`; null where the server chooses. */
  readonly version: string | null;
  /** UTF-16 index of the statement. */
  readonly start: number;
}

/** What the grammar says of a file. Plain data, so that a build can store it. */
export interface Analysis {
  readonly mode: Mode;
  /** Why the mode is not `atomic`: the comment, or the first statement that asked for it. */
  readonly why: string | null;
  /** The whole file as one, where `parsed` is false. */
  readonly statements: readonly Statement[];
  /** The file’s own BEGIN and COMMIT around all of it, which an atomic run leaves out; no statements here. */
  readonly wrapper: readonly Pick<Statement, 'start' | 'end'>[];
  readonly extensions: readonly NeededExtension[];
  /** False: the grammar of another major version could not read it, and the server has the last word. */
  readonly parsed: boolean;
}

/** A file the grammar could not read, or that breaks a rule; found before anything ran. */
export interface Problem {
  readonly reason:
    | 'syntax'
    | 'encoding'
    | 'directive'
    | 'duplicate'
    | 'name'
    | 'unreadable'
    | 'edited_bundle'
    | 'no_parser';
  readonly message: string;
  readonly file: string;
  /** UTF-16 index into the file's text; null where the problem is the file as a whole. */
  readonly offset: number | null;
}

/** One direction of a migration, as it is on disk. */
export interface MigrationFile {
  /** The path as the user knows it: relative to where the command was typed. */
  readonly path: string;
  /** The text without byte order mark, otherwise byte for byte. */
  readonly text: string;
  /** SHA-256 of the text with CRLF and CR read as LF, in lower-case hex. */
  readonly checksum: string;
  /** What dbmate’s or goose’s marker asks for, or the layout; a leading comment has the last word. */
  readonly asked?: Mode;
  /** What a build found out; null where the file was just read from a folder. */
  readonly analysis: Analysis | null;
}

export interface Migration {
  /** What the ledger and every report call it: for pairs, the version in decimal; else the file's name. */
  readonly id: string;
  /** For named, the number, which may repeat; the highest there is for a file without one, which comes last. For a script, 1. */
  readonly version: bigint;
  /** Empty for named and for a script, whose id says it all. */
  readonly name: string;
  /** Null where the file is missing. */
  readonly up: MigrationFile | null;
  readonly down: MigrationFile | null;
  /**
   * Of the whole file, as FluxStudio stores it; first as it is, then as it would be with other line ends or a byte order
   * mark. Empty for pairs.
   */
  readonly ledgerChecksums: readonly string[];
}

/** What a folder (or a bundle) holds, in the order in which it is applied. */
export interface Migrations {
  readonly layout: Layout;
  /** Where they came from, for messages. */
  readonly origin: string;
  readonly migrations: readonly Migration[];
  /** Files that look like migrations and are not run, with the reason. */
  readonly ignored: readonly { readonly path: string; readonly why: string }[];
}

/** golang-migrate's one row. `version` null: no row, or -1; always null for the other layouts. */
export interface Head {
  readonly version: bigint | null;
  readonly dirty: boolean;
}

/**
 * What a journal row records:
 * - `run`: we ran it.
 * - `assumed`: the ledger had moved without us (golang-migrate): taken as applied or reverted.
 * - `forced`: `force` moved the ledger past it.
 * - `accepted`: with `--accept-changed`, the edited file's checksum counts from here on.
 * - `adopted`: taken over with what another tool had recorded (`adopt`), or because it is all there (`baseline`).
 */
export type JournalKind = 'run' | 'assumed' | 'forced' | 'accepted' | 'adopted';

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

/** One migration in one direction, with the ledger's version before and after it. */
export interface Step {
  readonly migration: Migration;
  readonly direction: Direction;
  /** Null: nothing to run, only the version moves (golang-migrate's "<empty>"). */
  readonly file: MigrationFile | null;
  readonly from: Head;
  readonly to: bigint | null;
  /** Set when an unfinished resumable run is continued. */
  readonly resume: JournalRow | null;
}

/** What the user asked for. */
export type Goal =
  /** `steps` null: no limit; `to` null: the latest. */
  | { readonly kind: 'up'; readonly steps: number | null; readonly to: bigint | null }
  /** `steps` null: all. */
  | { readonly kind: 'down'; readonly steps: number | null }
  | { readonly kind: 'goto'; readonly to: bigint }
  | { readonly kind: 'redo' };

/** The answer to a plan. `unasked`: it may still change under the lock; `yes`: it may not. */
export type Confirmed = 'unasked' | 'yes' | 'no';
