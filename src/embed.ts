/** What a build does to a set of migrations: both directions of every file are read by the grammar, for good. */

import { blocks, otherGrammar } from './analysed.ts';
import type { Migration, MigrationFile, Migrations, Problem } from './migration.ts';
import { type AnalysedFile, analyseFile } from './sql/analysis.ts';
import { inWritten, undecided, unsettled, writtenAnalysis } from './sql/filled.ts';
import { fillIn, type Placeholders } from './sql/placeholders.ts';

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

/**
 * `serverMajor`: of the servers that it will run on, since only their own grammar's refusal is final. `placeholders`: values
 * to read the files with. They are not kept: each run gives its own.
 */
export async function analyseAll(
  migrations: Migrations,
  serverMajor: number,
  placeholders: Placeholders | null,
): Promise<Embedded> {
  const problems: Problem[] = [];
  const warnings: Finding[] = migrations.ignored.map(({ path, why }) => ({
    reason: 'ignored_file',
    message: `not run: ${why}`,
    file: path,
    offset: null,
  }));
  const read = async (file: MigrationFile | null): Promise<MigrationFile | null> => {
    if (file === null) return null;
    const filled = fillIn(file, placeholders);
    const found = await analyseFile(filled);
    for (const p of [...found.problems, ...unkept(found, filled)]) {
      const offset = p.offset === null ? null : inWritten(filled.filled?.fillings ?? [], p.offset);
      if (blocks(p, serverMajor)) problems.push({ ...p, offset });
      else {
        const message = otherGrammar(p.message, serverMajor);
        warnings.push({ ...p, offset, reason: 'other_grammar', message });
      }
    }
    if (filled.filled === undefined) return { ...file, analysis: found.analysis };
    return { ...file, analysis: writtenAnalysis(found.analysis, filled), hasPlaceholders: true };
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
  const repeatable: Migration[] = [];
  for (const m of migrations.repeatable) repeatable.push({ ...m, up: await read(m.up) });
  return { migrations: { ...migrations, migrations: all, repeatable }, problems, warnings };
}

/** What could not be said of the file with other values. */
function unkept({ analysis, problems }: AnalysedFile, file: MigrationFile): readonly Problem[] {
  if (problems.length > 0 || file.filled === undefined) return [];
  return [...undecided(analysis, file), ...unsettled(analysis, file)];
}
