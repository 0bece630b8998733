/**
 * What a file says of the transaction that it is in. BEGIN … COMMIT around all of it, the commonest style there is, is
 * exactly the transaction that the file is given anyway: without the two words it is atomic like any other, and a failure
 * leaves nothing dirty. SET TRANSACTION is for the front of it.
 */

import type { Statement } from '../migration.ts';
import type { Node, Parsed } from './grammar.ts';
import type { Statements } from './statements.ts';

export type Range = Pick<Statement, 'start' | 'end'>;

const range = ({ start, end }: Parsed): Range => ({ start, end });

/** Where the two are; null where there is more to it: options, a chain, statements around, another COMMIT. */
export function wrapperOf({ all, telling }: Statements): readonly [Range, Range] | null {
  const [first, last] = [telling[0], telling.at(-1)];
  if (first === undefined || last === undefined || first === last) return null;
  if (first.start !== all[0]?.start || last.start !== all.at(-1)?.start) return null;
  if (!isPlainBegin(first.node) || !isPlainCommit(last.node)) return null;
  const isControl = ({ node }: Parsed) => 'TransactionStmt' in node && !isSavepoint(node);
  if (telling.slice(1, -1).some(isControl)) return null;
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

/** SET TRANSACTION among the SETs that the statements begin with: those are no queries. */
export function firstOf({ all, telling }: Statements): readonly Range[] {
  const isSet = (st: Parsed, i: number) => st.start === all[i]?.start && 'VariableSetStmt' in st.node;
  const end = telling.findIndex((st, i) => !isSet(st, i));
  const sets = end < 0 ? telling : telling.slice(0, end);
  return sets.filter(isSetTransaction).map(range);
}

const isSetTransaction = ({ node }: Parsed): boolean =>
  'VariableSetStmt' in node &&
  /^transaction( snapshot|_isolation|_read_only|_deferrable)?$/i.test(node.VariableSetStmt.name ?? '');

/** The text with spaces where the ranges are: everything else stays at its place. */
export function blanked(text: string, ranges: readonly Range[]): string {
  let result = '';
  let from = 0;
  for (const { start, end } of ranges.toSorted((a, b) => a.start - b.start)) {
    result += text.slice(from, start) + ' '.repeat(end - start);
    from = end;
  }
  return result + text.slice(from);
}
