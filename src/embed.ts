/** What a build does to a set of migrations: both directions of every file are read by the grammar, for good. */

import { blocks, otherGrammar } from './analysed.ts';
import type { Migration, MigrationFile, Migrations, Problem } from './migration.ts';
import { analyseFile } from './sql/analysis.ts';
import { unfitForHook } from './sql/hook.ts';

/** Something to tell the builder; `file` and `offset` as in Problem. */
export interface Finding {
  readonly reason: string;
  readonly message: string;
  readonly file: string;
  readonly offset: number | null;
}

export interface Embedded {
  /** With every file's analysis. */
  readonly migrations: Migrations;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Finding[];
}

/** The same for a file that is a hook. */
export async function analyseHook(file: MigrationFile, serverMajor: number) {
  const { analysis, problems } = await analyseFile(file, false, true);
  const judged = judge([...problems, ...unfitForHook(file, analysis)], serverMajor);
  return { file: { ...file, analysis }, ...judged };
}

function judge(found: readonly Problem[], serverMajor: number) {
  const problems = found.filter((p) => blocks(p, serverMajor));
  const warnings: readonly Finding[] = found
    .filter((p) => !problems.includes(p))
    .map((p) => ({ ...p, reason: 'other_grammar', message: otherGrammar(p.message, serverMajor) }));
  return { problems, warnings };
}

/** `serverMajor`: of the servers that it will run on, since only their own grammar's refusal is final. */
export async function analyseAll(migrations: Migrations, serverMajor: number): Promise<Embedded> {
  const problems: Problem[] = [];
  const warnings: Finding[] = migrations.ignored.map(({ path, why }) => ({
    reason: 'ignored_file',
    message: `not run: ${why}`,
    file: path,
    offset: null,
  }));
  const read = async (file: MigrationFile | null): Promise<MigrationFile | null> => {
    if (file === null) return null;
    const found = await analyseFile(file);
    const judged = judge(found.problems, serverMajor);
    problems.push(...judged.problems);
    warnings.push(...judged.warnings);
    return { ...file, analysis: found.analysis };
  };
  const all: Migration[] = [];
  for (const m of migrations.migrations) {
    const { id, down } = m;
    if (m.up === null && down !== null) {
      const message = `migration ${id} has no up file: only the version moves`;
      warnings.push({ reason: 'missing_up', message, file: down.path, offset: null });
    }
    all.push({ ...m, up: await read(m.up), down: await read(down) });
  }
  return { migrations: { ...migrations, migrations: all }, problems, warnings };
}
