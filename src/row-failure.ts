/** The row of a COPY that the server refused, and where it is in the file. */

import type { Cut, Location, MigrationFile } from './migration.ts';
import type { ServerError } from './sql/server-error.ts';

export interface Place {
  readonly location: Location;
  readonly excerpt: string | null;
  /** Into the file's text; null where only the file is known. */
  readonly offset: number | null;
}

/** `text` null: it could not be read again. */
export interface FailedRow {
  readonly block: Cut;
  readonly line: number;
  readonly text: string | null;
  readonly value: string | null;
}

/** What stands at the end of the context of an error in a COPY: `COPY t, line 3, column id: "x"`. */
export function copyLine({ where = '' }: ServerError): { line: number; value: string | null } | null {
  // In the server's language: after the table's name comes a word, and then the number.
  const found = [...where.matchAll(/^COPY .*?, \D*(\d+)(?:, .*?: "(.*)")?/gm)].at(-1);
  return found === undefined ? null : { line: Number(found[1]), value: found[2] ?? null };
}

/** More of a row than this is no help. */
const LONGEST = 1000;

/** The server names a column of the table; which one of the row that is shows where only one has the value. */
export function placeOfRow(file: MigrationFile, { block, line, text, value }: FailedRow): Place {
  const fields = (text ?? '').split('\t');
  const index = fields.indexOf(value ?? '');
  const isOne = value !== null && index >= 0 && fields.lastIndexOf(value) === index;
  const before = isOne ? [...fields.slice(0, index).join('\t')].length + (index > 0 ? 1 : 0) : 0;
  return {
    location: { file: file.path, line: block.line + line - 1, column: before + 1 },
    excerpt: text === null || before > LONGEST ? null : text.slice(0, LONGEST),
    offset: block.copy,
  };
}
