/**
 * Steps to literal messages: what is returned here is what the server hears. Each part has its reason, and a test
 * in test/db/wire*.test.ts that shows it.
 */

import * as journal from './ledger/journal.ts';
import type { Ledger } from './ledger/ledger.ts';
import { record } from './ledger/ledgers.ts';
import { forget as forgetLast } from './ledger/named-rows.ts';
import { overwrite } from './ledger/version-row.ts';
import type { Cut, Direction, Migration, MigrationFile, Mode, Statement, Step } from './migration.ts';
import type { IndexStatement, Place } from './recorded.ts';
import { dataOf } from './sql/cuts.ts';
import { dollar, literal } from './sql/quote.ts';
import { wordingOf } from './sql/wording.ts';
import { blanked, type Range } from './sql/wrapper.ts';

/** Who writes what was done, and where: enough for what runs no file. */
export interface Writer {
  readonly place: Place;
  readonly ledger: Ledger;
  readonly author: journal.Author;
}

/** What is the same for every message of a run. */
export interface Envelope extends Writer {
  /** Unguessable, so that no file can fake a marker. */
  readonly nonce: string;
  /** What makes the session as it was (session-state.ts); sent after each file, before the ledger write. */
  readonly cleanUp: string;
  readonly lockIds: readonly bigint[];
  /** How long a statement waits for somebody else's lock; 0: as the session has it. */
  readonly statementLockMs: number;
}

/** A message with the file, or a part of it, inside. */
export interface FileMessage {
  readonly text: string;
  /** UTF-16 length of what stands before the file's text. */
  readonly before: number;
  /** Where the text begins in the file (a statement of a resumable file), else 0. */
  readonly offset: number;
  /** How many tags come before the file's first statement. */
  readonly tagsBefore: number;
  /** The rows of its COPYs, in their order. */
  readonly data: readonly Cut[];
}

const checksumOf = ({ migration: { up }, last }: Step): string | null =>
  up === null ? null : last === undefined ? up.checksum : wordingOf(up);

const entry = ({ ledger }: Writer, step: Step, mode: Mode): journal.Entry => ({
  ...ledger.key(step.migration),
  direction: step.direction,
  kind: 'run',
  mode,
  head: step.to,
  checksum: checksumOf(step),
});

/**
 * After the commit: RAISE INFO makes the server flush, so that progress is live, and tells how long the step took
 * and how many of our locks are left (a file can drop them with pg_advisory_unlock_all).
 */
function marker(e: Envelope): string {
  const ids = e.lockIds.map((id) => `(${id >> 32n}, ${id & 0xffffffffn})`).join(', ');
  const held =
    e.lockIds.length === 0
      ? '0'
      : `(select count(*) from pg_catalog.pg_locks where locktype = 'advisory' and granted and objsubid = 1
    and pid = pg_backend_pid() and (classid::bigint, objid::bigint) in (${ids}))`;
  const elapsed = 'round(extract(epoch from clock_timestamp() - statement_timestamp()) * 1000)';
  return `do ${dollar(` begin raise info '%', concat_ws(' ', ${literal(e.nonce)}, ${elapsed}, ${held}); end `)}`;
}

/** Reads a marker back; null where the notice is the file's own. */
export function readMarker(
  e: Envelope,
  message: string,
): { readonly elapsedMs: number; readonly locks: number } | null {
  const [nonce, elapsed, locks] = message.split(' ');
  return nonce === e.nonce ? { elapsedMs: Number(elapsed), locks: Number(locks) } : null;
}

/** Milliseconds since the message arrived, which began the transaction. */
const ELAPSED = 'round(extract(epoch from clock_timestamp() - now()) * 1000)';

/** As much as the setting takes. */
const LONGEST_MS = 2147483647;

/** A file that sets its own comes later, and wins. */
const limit = ({ statementLockMs }: Envelope, scope: 'local' | 'session'): readonly string[] =>
  statementLockMs === 0
    ? []
    : [`set ${scope} lock_timeout = ${Math.min(Math.ceil(statementLockMs), LONGEST_MS)}`];

/** The same for the rest of a resumable file, and its end before a statement that may wait as long as it must. */
export const limited = (e: Envelope): string => limit(e, 'session').join();
export const UNLIMITED = 'set lock_timeout = 0';

/** What stands before a file in its transaction. */
export const opening = (e: Envelope): readonly string[] => ['begin', ...limit(e, 'local')];

/**
 * Behind the file: the session as it was, ledger and journal, and the end of the transaction. While the ledger's lock is
 * waited for, the file's are held.
 */
export const closing = (e: Envelope, step: Step, meaning: string | null = null): string =>
  `${[e.cleanUp, ...limit(e, 'local')].join('; ')}; ${record(e, step, ELAPSED)};
${journal.insert(e.place, { ...entry(e, step, 'atomic'), meaning }, e.author, 'done')}; commit; ${marker(e)}`;

/** File, ledger and journal in one transaction and one message. */
export function atomic(
  e: Envelope,
  step: Step,
  wrapper: readonly Range[] = [],
  meaning: string | null = null,
): FileMessage {
  const head = opening(e);
  const before = `${head.join('; ')}; `;
  const text = `${before}${blanked(step.file?.text ?? '', wrapper)}\n; ${closing(e, step, meaning)}`;
  return { text, before: before.length, offset: 0, tagsBefore: head.length, data: dataOf(step.file) };
}

/** golang-migrate's first of three: the version it will be, dirty. Returns the journal row's id. */
export function start(e: Envelope, step: Step, mode: 'plain' | 'resumable'): string {
  const limits = mode === 'resumable' ? limit(e, 'session') : [];
  return [
    `begin; ${e.ledger.begin(e.place, step)}`,
    journal.insert(e.place, entry(e, step, mode), e.author, 'started'),
    ['commit', ...limits].join('; '),
  ].join(';\n');
}

/** The third: clean. In plain mode the session stays as the file left it, as with golang-migrate. */
export function finish(
  e: Envelope,
  step: Step,
  mode: 'plain' | 'resumable',
  row: bigint,
  elapsedMs: number,
): string {
  const cleanUp = mode === 'resumable' ? `${e.cleanUp}; ` : '';
  // A file may have made transactions read-only; the clean-up ends that for the next.
  return `begin${mode === 'resumable' ? ' read write' : ''}; ${cleanUp}${e.ledger.end(e.place, step, String(Math.round(elapsedMs)))};
${journal.finish(e.place, row, step.migration.up?.checksum ?? null, elapsedMs)}; commit; ${marker(e)}`;
}

/**
 * Our own writes between two statements of a resumable file: as ourselves, whatever role, timeout or read-only
 * default the file has set, and leaving all of that in force for its next statement.
 */
function aside(write: string): string {
  return `set local session_authorization to default; set local role to default; set local statement_timeout = 0; set local lock_timeout = 0; ${write}`;
}

/** A statement that may run in a transaction goes with its progress: exactly once. */
export function together(
  e: Envelope,
  file: MigrationFile,
  st: Statement,
  row: bigint,
  done: number,
  sum: string,
): FileMessage {
  const before = 'begin read write; ';
  const text = `${before}${file.text.slice(st.start, st.end)}
; set constraints all immediate; ${aside(journal.advance(e.place, row, done, sum))}; commit`;
  return { text, before: before.length, offset: st.start, tagsBefore: 1, data: dataOf(file, st) };
}

/** One that may fail without ending its transaction. */
export function behindSavepoint(file: MigrationFile, st: Statement): FileMessage {
  const before = 'savepoint rungs_statement; ';
  const text = `${before}${file.text.slice(st.start, st.end)}\n; release savepoint rungs_statement`;
  return { text, before: before.length, offset: st.start, tagsBefore: 1, data: dataOf(file, st) };
}

export const BACK_TO_SAVEPOINT = 'rollback to savepoint rungs_statement; release savepoint rungs_statement';

/** One that may not goes alone, and its progress after it: at least once. */
export function alone(file: MigrationFile, st: Statement): FileMessage {
  const text = file.text.slice(st.start, st.end);
  return { text, before: 0, offset: st.start, tagsBefore: 0, data: dataOf(file, st) };
}

/** As golang-migrate sends it: the file and nothing else. */
export const plain = ({ file }: Step): FileMessage => ({
  text: file?.text ?? '',
  before: 0,
  offset: 0,
  tagsBefore: 0,
  data: dataOf(file),
});

export const progress = (e: Envelope, row: bigint, done: number, sum: string): string =>
  `begin read write; ${aside(journal.advance(e.place, row, done, sum))}; commit`;

export const noteIndexes = (e: Envelope, row: bigint, statement: IndexStatement): string =>
  `begin read write; ${aside(journal.noteIndexes(e.place, row, statement))}; commit`;

/** What a run needs before its first step: the tables, and what happened without us. */
export function prepare(
  w: Writer,
  exists: { readonly ledger: boolean; readonly journal: boolean },
  rows: readonly journal.Entry[],
  accepted: readonly Migration[] = [],
): string | null {
  const parts = [
    ...(exists.ledger ? [] : [w.ledger.create(w.place)]),
    ...(exists.journal ? [] : [journal.create(w.place)]),
    ...rows.map((row) => journal.insert(w.place, row, w.author, 'done')),
    ...accepted.map((m) => w.ledger.accept(w.place, m)),
  ].filter((text) => text !== '');
  return parts.length === 0 ? null : `begin; ${parts.join(';\n')}; commit`;
}

/** A file that failed and left nothing behind: for `status`. */
export const noteFailure = (w: Writer, step: Step, mode: Mode, message: string): string =>
  journal.insert(w.place, { ...entry(w, step, mode), error: message }, w.author, 'failed');

/** `force`: the row is set whatever it was, and the journal says so. */
export function force(w: Writer, to: bigint | null, rows: readonly journal.Entry[]): string {
  const writes = rows.map((row) => journal.insert(w.place, row, w.author, 'done')).join(';\n');
  return `begin; ${overwrite(w.place, { version: to, dirty: false })};\n${writes}; commit`;
}

/** `rollback`: the last record goes; of a file that is half-way (`half`), only that it was begun. */
export function forget(w: Writer, name: string, half: Direction | null, journalExists: boolean): string {
  const direction = half === 'down' ? 'up' : 'down';
  const row = {
    version: null,
    name,
    direction,
    kind: 'forced',
    mode: null,
    head: null,
    checksum: null,
  } as const;
  return [
    'begin',
    ...(journalExists ? [] : [journal.create(w.place)]),
    ...(half === null ? [forgetLast(w.place, name)] : []),
    journal.insert(w.place, row, w.author, 'done'),
    'commit',
  ].join(';\n');
}
