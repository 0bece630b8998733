/**
 * PostgreSQL's own parser, compiled to WebAssembly: the only door to `libpg-query`. Loaded when there is something
 * to analyse and not before, because that costs 50 ms and an up-to-date run has nothing.
 */

import type { Node } from 'libpg-query';
import { byteWalk, fromCodePoints } from './position.ts';
import { unoptimised } from './unoptimised.ts';

export type { DefElem, FuncCall, Node, RangeVar, SelectStmt } from 'libpg-query';

/** One top-level statement, from its first token to before its semicolon. Offsets are UTF-16 indices. */
export interface Parsed {
  readonly start: number;
  readonly end: number;
  /** 1-based line of `start`. */
  readonly line: number;
  readonly node: Node;
}

/** The first thing that the grammar refuses. */
export interface SyntaxFault {
  /** In the grammar's words. */
  readonly message: string;
  /** UTF-16 index. */
  readonly offset: number;
}

const OUT_OF_MEMORY = 'out of memory';
let isSpent = false;

/** The text's statements in order. Empty ones (`;;`, comments) are none. */
export async function parse(text: string): Promise<readonly Parsed[] | SyntaxFault> {
  // libpg-query refuses '' and, worse, reads up to a NUL only: what follows would run without having been looked at.
  if (text === '') return [];
  const nul = text.indexOf('\0');
  if (nul >= 0) return { message: 'NUL character', offset: nul };
  const { loadModule, parseSync, hasSqlDetails } = await import('libpg-query');
  await loadModule();
  let raws: readonly Raw[];
  try {
    raws = unoptimised(() => parseSync(text)).stmts ?? [];
  } catch (e) {
    if (hasSqlDetails(e) && e.message !== OUT_OF_MEMORY) {
      return { message: e.message, offset: fromCodePoints(text, e.sqlDetails?.cursorPosition ?? 0) };
    }
    // Out of stack (9,000 terms; the server's max_stack_depth ends before 20,000) or of memory (64 MB of INSERTs).
    const message = isSpent
      ? 'the parser has no memory left, after a text that was too large for it: fix that one, and run again'
      : 'too large, or nested too deeply, for the parser';
    // Its memory does not shrink, nor is given back after that; a stack that has ended is as good as before.
    isSpent ||= !(e instanceof RangeError);
    return { message, offset: 0 };
  }
  return statements(text, raws);
}

export const isFault = (parsed: readonly Parsed[] | SyntaxFault): parsed is SyntaxFault =>
  'message' in parsed;

interface Raw {
  readonly stmt?: Node;
  /** UTF-8 bytes; absent for 0. */
  readonly stmt_location?: number;
  /** UTF-8 bytes; absent for "up to the end". */
  readonly stmt_len?: number;
}

/** The grammar's bytes as indices: they ascend, so one walk does for thousands of statements. */
function statements(text: string, raws: readonly Raw[]): readonly Parsed[] {
  const walk = byteWalk(text);
  const all: Parsed[] = [];
  for (const { stmt, stmt_location = 0, stmt_len = 0 } of raws) {
    const { offset: start, line } = walk(stmt_location);
    const stop = stmt_len === 0 ? text.length : walk(stmt_location + stmt_len).offset;
    if (stmt !== undefined) all.push({ start, end: trimmed(text, stop), line, node: stmt });
  }
  return all;
}

/** Space before the semicolon is not the statement's. PostgreSQL's space: to it, U+00A0 is a letter. */
export function trimmed(text: string, end: number): number {
  let i = end;
  while (i > 0 && ' \t\n\r\f\v'.includes(text.charAt(i - 1))) i--;
  return i;
}
