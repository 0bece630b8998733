/** Between a file as it is on disk and what of it is for the server. */

import type { Cut, MigrationFile, Statement } from '../migration.ts';
import { inWritten, linesFilledIn } from './filled.ts';
import { at, type Spot } from './position.ts';

type Text = Pick<MigrationFile, 'text' | 'psql' | 'filled'>;

/** The place in the file of an index into its text. What was cut out is whole lines, or a line's end: columns stay. */
export function spotIn(file: Text, offset: number): Spot {
  const { filled } = file;
  if (filled !== undefined) return spotIn(filled.written, inWritten(filled.fillings, offset));
  const spot = at(file.text, offset);
  return { ...spot, line: spot.line + linesBefore(file, offset) };
}

/** How many more lines of the file are before an index than of its text: what was cut out, without what was filled in. */
export function linesBefore(file: Text, offset: number): number {
  let lines = -linesFilledIn(file, offset);
  for (const cut of file.psql?.cuts ?? []) if (cut.at <= offset) lines += cut.lines;
  return lines;
}

/** As it is on disk. Only for a file that is in memory. */
export function wholeText({ text, psql, filled }: Text): string {
  if (filled !== undefined) return wholeText(filled.written);
  const parts: string[] = [];
  let from = 0;
  for (const { at, content } of psql?.cuts ?? []) {
    parts.push(text.slice(from, at), typeof content === 'string' ? content : '');
    from = at;
  }
  return parts.join('') + text.slice(from);
}

/** The blocks of data in their order: of the whole file, or of one statement. */
export function dataOf(file: Pick<MigrationFile, 'psql'> | null, statement?: Statement): readonly Cut[] {
  const cuts = file?.psql?.cuts ?? [];
  return cuts.filter(({ copy }) => (statement === undefined ? copy !== null : copy === statement.start));
}

/** The rows of a block, without the line that ends it. */
export const rowsIn = (content: string): string => content.replace(/\\\.\r?\n?$/, '');
