/**
 * A text in portions that the grammar can take: of 4 MB at once it holds 200 MB and gives nothing back, and at 64 MB it
 * fails. The lexer cuts between statements; of the INSERTs that a large text mostly is, there is nothing to know.
 */

import { isFault, type Node, type Parsed, parse, type SyntaxFault, trimmed } from './grammar.ts';
import { LARGE } from './large-limit.ts';
import { Lexer } from './lexer.ts';

/** In UTF-16 units. */
const PORTION = 64 << 10;
const INTO = /insert[ \t\n\r\f\v]+into\b/iy;

/** What stands for each INSERT that is not read: one for all, as there may be a million. */
export const INSERT: Node = { InsertStmt: {} };

/** What is between two semicolons, or behind the last. `node` null: it is for the grammar. */
type Range = Omit<Parsed, 'node'> & { readonly node: Node | null };

/**
 * The statements as `parse` has them, but for a large text's INSERTs, whose syntax the server judges when they are run. A
 * fault is the last to come. `large`: for tests.
 */
export async function* parsedIn(
  text: string,
  large = LARGE,
): AsyncGenerator<readonly Parsed[] | SyntaxFault> {
  if (text.length <= Math.min(PORTION, large)) {
    yield await parse(text);
    return;
  }
  for (const portion of portionsOf(text, text.length > large)) {
    if (isKnown(portion)) {
      yield portion;
      continue;
    }
    const [first, last] = [portion[0] as Range, portion.at(-1) as Range];
    // With the semicolon, at which an error may be.
    const parsed = await parse(text.slice(first.start, last.end + 1));
    if (isFault(parsed)) {
      const isAll = first.start === 0 && last.end + 1 >= text.length;
      const fault = { ...parsed, offset: first.start + parsed.offset };
      yield isAll || text.length > large ? fault : await wholeFrom(text, first.start);
      return;
    }
    const [by, lines] = [first.start, first.line - 1];
    yield parsed.map((st) => {
      return { start: by + st.start, end: by + st.end, line: lines + st.line, node: st.node };
    });
  }
}

/** What the grammar makes of it uncut, from there on: it sees the end of a statement where the lexer does not. */
async function wholeFrom(text: string, start: number): Promise<readonly Parsed[] | SyntaxFault> {
  const whole = await parse(text);
  return isFault(whole) ? whole : whole.filter((st) => st.start >= start);
}

const isKnown = (portion: readonly Range[]): portion is readonly Parsed[] => portion[0]?.node !== null;

/** Statements that follow each other, all of them for the grammar or none; a longer one by itself. */
function* portionsOf(text: string, isLarge: boolean): Generator<readonly Range[]> {
  let portion: Range[] = [];
  for (const range of rangesOf(text, isLarge)) {
    const [first] = portion;
    const fits = first === undefined || (range.node === first.node && range.end - first.start <= PORTION);
    if (!fits) {
      yield portion;
      portion = [];
    }
    portion.push(range);
  }
  if (portion.length > 0) yield portion;
}

function* rangesOf(text: string, isLarge: boolean): Generator<Range> {
  const lexer = new Lexer();
  const lineOf = lineCounter(text);
  const range = (start: number, end: number, isWhole = true): Range => {
    const isPassed = isLarge && isWhole && isInsert(text, start);
    const node = isPassed ? INSERT : null;
    return { start, end: isPassed ? trimmed(text, end) : end, line: lineOf(start), node };
  };
  let behind = 0;
  // What is psql's has been taken out, so it may be several lines at once.
  for (let from = 0; from < text.length; ) {
    const lf = text.indexOf('\n', from + PORTION);
    const to = lf < 0 ? text.length : lf + 1;
    for (const found of lexer.read(text.slice(from, to), from)) {
      // What the lexer knows to be no SQL is for the grammar to complain of, as is what ends inside of something.
      if (found.kind === 'command') return yield range(behind, text.length, false);
      yield range(found.start, found.at);
      behind = found.at + 1;
    }
    from = to;
  }
  if (lexer.inside !== null) yield range(behind, text.length, false);
  else if (lexer.open !== null) yield range(lexer.open.start, text.length);
}

function isInsert(text: string, start: number): boolean {
  INTO.lastIndex = start;
  return INTO.test(text);
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
