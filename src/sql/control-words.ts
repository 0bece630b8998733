/** Transaction control in a text that the grammar, of another version than the server, could not read. */

import { Lexer } from './lexer.ts';

/** As gram.y has TransactionStmt, but for what stays inside a transaction: savepoints, and ROLLBACK TO. */
const CONTROL =
  /(?:begin|start\s+transaction|commit|end|abort|prepare\s+transaction|rollback(?!\s+(?:(?:work|transaction)\s+)?to\b))\b/iy;

/** Whether a statement begins so. Comments between its words are not seen through. */
export function hasControl(text: string): boolean {
  const lexer = new Lexer();
  const starts = lexer.read(text, 0).flatMap((found) => (found.kind === 'end' ? [found.start] : []));
  if (lexer.open !== null) starts.push(lexer.open.start);
  return starts.some((start) => {
    CONTROL.lastIndex = start;
    return CONTROL.test(text);
  });
}
