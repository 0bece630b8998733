/** COPY ... FROM STDIN as the grammar sees it, beside the data that was found for it. */

import type { MigrationFile } from '../migration.ts';
import { dataOf } from './cuts.ts';
import type { Node, Parsed } from './grammar.ts';
import { textOption } from './option.ts';

interface Fault {
  readonly message: string;
  /** UTF-16 index. */
  readonly offset: number;
}

/** What is wrong with a file's data before any of it is sent. */
export function copyFaults(file: MigrationFile, statements: readonly Parsed[]): readonly Fault[] {
  const faults: Fault[] = [];
  const blocks = new Set(dataOf(file).map(({ copy }) => copy));
  for (const { node, start, line } of statements) {
    if (isCopyFromStdin(node)) {
      const isBinary = 'CopyStmt' in node && textOption(node.CopyStmt.options, 'format') === 'binary';
      if (!blocks.delete(start))
        faults.push({ message: `COPY ... FROM STDIN at line ${line} has no data behind it`, offset: start });
      else if (isBinary) faults.push({ message: BINARY, offset: start });
    } else if (blocks.size + dataOf(file).length > 0 && setsAnotherEncoding(node)) {
      faults.push({ message: ENCODING, offset: start });
    }
  }
  // The lexer took something for a COPY that is none: what it cut out of the file would be lost.
  for (const offset of blocks)
    faults.push({ message: 'data stands behind what is no COPY ... FROM STDIN', offset: offset ?? 0 });
  return faults;
}

const BINARY = 'COPY ... FROM stdin in binary format cannot be in a text file: use the text or CSV format';
const ENCODING =
  'a file with COPY data is UTF-8, its data too: take the line out, or dump with `--encoding=UTF8`';

const isCopyFromStdin = (node: Node): boolean =>
  'CopyStmt' in node && node.CopyStmt.is_from === true && node.CopyStmt.filename === undefined;

/** Then psql's server would take the data for something else than what it is. */
function setsAnotherEncoding(node: Node): boolean {
  if (!('VariableSetStmt' in node) || node.VariableSetStmt.name !== 'client_encoding') return false;
  const [value] = node.VariableSetStmt.args ?? [];
  const text = value !== undefined && 'A_Const' in value ? value.A_Const.sval?.sval : undefined;
  return text !== undefined && !/^(utf-?8|unicode)$/i.test(text);
}
