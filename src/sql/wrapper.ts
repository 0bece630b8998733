/**
 * BEGIN … COMMIT around a whole file, the commonest style there is: exactly the transaction that the file is given
 * anyway. Without the two words it is atomic like any other, and a failure leaves nothing dirty.
 */

import type { Statement } from '../migration.ts';
import type { Node, Parsed } from './grammar.ts';

export type Range = Pick<Statement, 'start' | 'end'>;

/** Where the two are; null where there is more to it: options, a chain, statements around, another COMMIT. */
export function wrapperOf(statements: readonly Parsed[]): readonly [Range, Range] | null {
  const [first, last] = [statements[0], statements.at(-1)];
  if (first === undefined || last === undefined || first === last) return null;
  if (!isPlainBegin(first.node) || !isPlainCommit(last.node)) return null;
  const isControl = ({ node }: Parsed) => 'TransactionStmt' in node && !isSavepoint(node);
  if (statements.slice(1, -1).some(isControl)) return null;
  const range = ({ start, end }: Parsed): Range => ({ start, end });
  return [range(first), range(last)];
}

function isPlainBegin(node: Node): boolean {
  if (!('TransactionStmt' in node)) return false;
  const { kind, options } = node.TransactionStmt;
  return (kind === 'TRANS_STMT_BEGIN' || kind === 'TRANS_STMT_START') && options === undefined;
}

function isPlainCommit(node: Node): boolean {
  if (!('TransactionStmt' in node)) return false;
  const { kind, chain } = node.TransactionStmt;
  return kind === 'TRANS_STMT_COMMIT' && chain !== true;
}

const isSavepoint = (node: Node): boolean =>
  'TransactionStmt' in node &&
  ['TRANS_STMT_SAVEPOINT', 'TRANS_STMT_RELEASE', 'TRANS_STMT_ROLLBACK_TO'].includes(
    node.TransactionStmt.kind ?? '',
  );

/** The text with spaces where the ranges are: everything else stays at its place. */
export function blanked(text: string, ranges: readonly Range[]): string {
  let result = '';
  let from = 0;
  for (const { start, end } of ranges) {
    result += text.slice(from, start) + ' '.repeat(end - start);
    from = end;
  }
  return result + text.slice(from);
}
