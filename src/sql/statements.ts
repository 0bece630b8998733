/** A file's statements as they are run, and the trees of those that say something of the file as a whole. */

import type { MigrationFile, Statement } from '../migration.ts';
import { type Classified, classify } from './classify.ts';
import { linesBefore } from './cuts.ts';
import { isFault, type Node, type Parsed, type SyntaxFault } from './grammar.ts';
import { LARGE } from './large-limit.ts';
import { INSERT, parsedIn } from './large-text.ts';
import { ManyStatements } from './many-statements.ts';

export type Telling = Parsed & Classified;

export interface Statements {
  readonly all: readonly Statement[];
  /** Some of them; of a repeatable, whose meaning is in its trees, all. */
  readonly telling: readonly Telling[];
}

const TELLING = ['TransactionStmt', 'VariableSetStmt', 'CopyStmt', 'CreateExtensionStmt'] as const;
const ALIKE = classify(INSERT);

export async function statementsOf(file: MigrationFile): Promise<Statements | SyntaxFault> {
  const many = file.text.length > LARGE ? new ManyStatements() : null;
  const few: Statement[] = [];
  const telling: Telling[] = [];
  for await (const portion of parsedIn(file.text)) {
    if (isFault(portion)) return portion;
    for (const st of portion) {
      const how = st.node === INSERT ? ALIKE : classify(st.node);
      const line = st.line + linesBefore(file, st.start);
      (many ?? few).push(statement(st, line, how));
      if (file.repeatable === true || tells(st.node, how)) telling.push({ ...st, line, ...how });
    }
  }
  return { all: many?.array() ?? few, telling };
}

const tells = (node: Node, { control, alone }: Classified): boolean =>
  control !== null || alone !== null || TELLING.some((kind) => kind in node);

/** Without what only the analysis needs: the rest is stored in builds. */
function statement({ start, end }: Parsed, line: number, how: Classified): Statement {
  const { run, session, limits, concurrentIndex, patient } = how;
  return { start, end, line, run, session, limits, concurrentIndex, patient };
}
