/** The nouns of the domain. Everything else in `src/` is a function from some of these to others. */

import type { Head, JournalRow, Repetition } from './recorded.ts';

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
  /** Ends a `lock_timeout` of ours: sets it, or resets it, for the session. */
  readonly limits: boolean;
  readonly concurrentIndex: ConcurrentIndex | null;
  /** While it waits for a lock, nobody who reads or writes rows waits behind it (... CONCURRENTLY, VACUUM). */
  readonly patient: boolean;
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
  /** The whole file as one, where `parsed` is false. */
  readonly statements: readonly Statement[];
  /** The file’s own BEGIN and COMMIT around all of it, which an atomic run leaves out; no statements here. */
  readonly wrapper: readonly Pick<Statement, 'start' | 'end'>[];
  /**
   * SET TRANSACTION at an atomic file’s head: no query may come before it in its transaction, and some of ours do before the
   * file, so an atomic run takes it out of there and to the front; no statements here. Absent for none.
   */
  readonly first?: readonly Pick<Statement, 'start' | 'end'>[];
  readonly extensions: readonly NeededExtension[];
  /** False: the grammar of another major version could not read it, and the server has the last word. */
  readonly parsed: boolean;
  /** Of a repeatable that could be read: SHA-256 of what it says, whatever its layout and comments. */
  readonly meaning?: string;
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
    | 'no_parser'
    | 'placeholder'
    | 'psql'
    | 'repeatable';
  readonly message: string;
  readonly file: string;
  /** UTF-16 index into the file's text; null where the problem is the file as a whole. */
  readonly offset: number | null;
  /** What to do, where the reason's own advice is not it. */
  readonly next?: string;
}

/** A stretch of a file that is too large to be held in memory. Offsets are bytes. */
export interface Stretch {
  /** As it can be opened. */
  readonly path: string;
  readonly start: number;
  readonly end: number;
  /** Which file it was, how large, and when it was last written: it must still be that one when it is sent. */
  readonly stamp: string;
}

/** What stands in a file for psql and not for the server: the data of a COPY, or a meta-command. */
export interface Cut {
  /** UTF-16 index in the file's text at which it stood. */
  readonly at: number;
  /** 1-based line of the file on which it begins. */
  readonly line: number;
  /** How many of the file's lines went with it: none with a meta-command, whose line break stays. */
  readonly lines: number;
  /** Of data: where in the text its COPY begins. Of a meta-command: null. */
  readonly copy: number | null;
  /** As it stood there. Of data in a large file: where it is, without the `\.` that ends it. */
  readonly content: string | Stretch;
}

/** What a file says in psql's own language. */
export interface PsqlParts {
  readonly cuts: readonly Cut[];
  /** What has no meaning without psql; still in the text. `offset` is a UTF-16 index. */
  readonly refused: readonly { readonly message: string; readonly offset: number }[];
}

/** A placeholder, and what stands in the text for it. All are UTF-16 indices. */
export interface Filling {
  /** Null: it is `${:`, for which `${` stands. */
  readonly name: string | null;
  /** In the file as it is written. */
  readonly from: number;
  readonly to: number;
  /** In the text for the server. */
  readonly start: number;
  readonly end: number;
  /** Its value is not to be seen. */
  readonly isSecret: boolean;
}

/** What became of a file whose placeholders were filled in (sql/placeholders.ts). */
export interface Filled {
  readonly written: MigrationFile;
  /** In their order; none where there is a problem, and the text is the written one then. */
  readonly fillings: readonly Filling[];
  /** Those whose values have line breaks. */
  readonly tall: readonly Filling[];
  readonly problems: readonly Problem[];
}

/** One direction of a migration, as it is on disk. */
export interface MigrationFile {
  /** The path as the user knows it: relative to where the command was typed. */
  readonly path: string;
  /** What is for the server: without byte order mark and without psql's parts, with placeholders filled in, otherwise byte for byte. */
  readonly text: string;
  /** Null: the whole file is for the server. */
  readonly psql: PsqlParts | null;
  /** SHA-256 of the whole file's text with CRLF and CR read as LF, in lower-case hex. */
  readonly checksum: string;
  /** What dbmate’s or goose’s marker asks for, or the layout; a leading comment has the last word. */
  readonly asked?: Mode;
  /** It runs again and again, each time in one transaction. */
  readonly repeatable?: true;
  /** What a build found out; null where the file was just read from a folder. */
  readonly analysis: Analysis | null;
  /** In a build: it was read with values for its placeholders, which a run has to give too. */
  readonly hasPlaceholders?: boolean;
  /** Set where `text` has values in place of placeholders. Whatever is said of the file is said of it as it is written. */
  readonly filled?: Filled;
}

export interface Migration {
  /** What the ledger and every report call it: for pairs, the version in decimal; else the file's name. */
  readonly id: string;
  /**
   * For named, the number, which may repeat; the highest there is for a file without one, which comes last. For a script, 1.
   * For a repeatable, which has none and comes last of all, one more than a version can be.
   */
  readonly version: bigint;
  /** Empty for named, a script and a repeatable, whose id says it all. */
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

/** `R__name.sql`: run after the others whenever it says something else than when it was run last. Told by its id. */
export const isRepeatable = (id: string): boolean => /^R__.+\.[Ss][Qq][Ll]$/s.test(id);

/** What a folder (or a bundle) holds, in the order in which it is applied. */
export interface Migrations {
  readonly layout: Layout;
  /** Where they came from, for messages. */
  readonly origin: string;
  readonly migrations: readonly Migration[];
  /** Each with an up file only. */
  readonly repeatable: readonly Migration[];
  /** Files that look like migrations and are not run, with the reason. */
  readonly ignored: readonly { readonly path: string; readonly why: string }[];
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
  /** Of a repeatable: how it was run last, which no other run may have changed meanwhile; null for never. */
  readonly last?: Repetition | null;
  /** Of a repeatable: that of its analysis. */
  readonly meaning?: string | null;
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
