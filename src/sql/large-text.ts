/**
 * A text that is too large for the grammar at once, which takes 5 s and 1.2 GB for 21 MB and fails at 64. The lexer
 * cuts it into pieces that the grammar can take; of an INSERT, which most of such a file is, there is nothing to know.
 */

import { isFault, type Parsed, parse, type SyntaxFault, trimmed } from './grammar.ts';
import { Lexer } from './lexer.ts';

/** In UTF-16 units. */
export const LARGE = 4 << 20;
const PIECE = 256 << 10;
const INSERT = /insert[ \t\n\r\f\v]+into\b/iy;

interface Range {
  readonly start: number;
  readonly end: number;
}

/** The statements as `parse` has them, but for the INSERTs, whose syntax the server judges when they are run. */
export async function parseLarge(text: string): Promise<readonly Parsed[] | SyntaxFault> {
  const ranges = cut(text);
  // The rest of a statement that has no end is for the grammar to complain of.
  if (ranges === null) return parse(text);
  const all: Parsed[] = [];
  const lineOf = lineCounter(text);
  for (let i = 0; i < ranges.length; ) {
    const range = ranges[i] as Range;
    if (isInsert(text, range)) {
      all.push({
        ...range,
        end: trimmed(text, range.end),
        line: lineOf(range.start),
        node: { InsertStmt: {} },
      });
      i++;
      continue;
    }
    let next = i + 1;
    while (
      next < ranges.length &&
      fits(range, ranges[next] as Range) &&
      !isInsert(text, ranges[next] as Range)
    )
      next++;
    const piece = text.slice(range.start, ranges[next - 1]?.end);
    const parsed = await parse(piece);
    if (isFault(parsed)) return { ...parsed, offset: range.start + parsed.offset };
    for (const st of parsed) {
      const start = range.start + st.start;
      all.push({ ...st, start, end: range.start + st.end, line: lineOf(start) });
    }
    i = next;
  }
  return all;
}

const fits = (first: Range, last: Range): boolean => last.end - first.start <= PIECE;

function isInsert(text: string, { start }: Range): boolean {
  INSERT.lastIndex = start;
  return INSERT.test(text);
}

/** Where the statements are; null where the lexer finds something that is none. */
function cut(text: string): readonly Range[] | null {
  const lexer = new Lexer();
  const ranges: Range[] = [];
  // What is psql's has been taken out: there is no need to go by lines.
  for (const found of lexer.read(text, 0)) {
    if (found.kind === 'command') return null;
    ranges.push({ start: found.start, end: found.at });
  }
  if (lexer.open !== null) ranges.push({ start: lexer.open.start, end: text.length });
  return ranges;
}

/** Of ascending indices. */
function lineCounter(text: string): (index: number) => number {
  let line = 1;
  let lf = text.indexOf('\n');
  return (index) => {
    for (; lf >= 0 && lf < index; lf = text.indexOf('\n', lf + 1)) line++;
    return line;
  };
}
