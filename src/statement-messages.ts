/** The messages of a file whose statements go one by one: each is a message, or a part of one with our own writes. */

import type { FileMessage } from './file-message.ts';
import * as journal from './ledger/journal.ts';
import type { Envelope } from './messages.ts';
import type { MigrationFile, Statement } from './migration.ts';
import type { IndexStatement } from './recorded.ts';
import { dataOf } from './sql/cuts.ts';
import { blanked, type Range } from './sql/wrapper.ts';

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

/** Several that follow each other, in a transaction that has been begun; `taken`: what is not to be said among them. */
export function several(
  file: MigrationFile,
  statements: readonly Statement[],
  taken: readonly Range[] = [],
): FileMessage {
  const [first, last] = [statements[0]?.start ?? 0, statements.at(-1)?.end ?? 0];
  const data = statements.flatMap((st) => dataOf(file, st));
  const inside = taken.filter(({ start }) => start > first && start < last);
  return {
    text: blanked(
      file.text.slice(first, last),
      inside.map(({ start, end }) => ({ start: start - first, end: end - first })),
    ),
    ...{ before: 0, offset: first, tagsBefore: 0, statements: statements.length, data },
  };
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

export const progress = (e: Envelope, row: bigint, done: number, sum: string): string =>
  `begin read write; ${aside(journal.advance(e.place, row, done, sum))}; commit`;

export const noteIndexes = (e: Envelope, row: bigint, statement: IndexStatement): string =>
  `begin read write; ${aside(journal.noteIndexes(e.place, row, statement))}; commit`;
