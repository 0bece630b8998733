/** What a build does to a set of migrations: both directions of every file are read by the grammar, for good. */

import { blocks, otherGrammar } from './analysed.ts';
import type { Migration, MigrationFile, Migrations, Problem } from './migration.ts';
import { type AnalysedFile, analyseFile } from './sql/analysis.ts';
import { inWritten, undecided, unsettled, writtenAnalysis } from './sql/filled.ts';
import { problemsOfHook } from './sql/hook.ts';
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

export interface Setting {
  /** Of the servers that it will run on, since only their own grammar's refusal is final. */
  readonly serverMajor: number;
  /** Values to read the files with. They are not kept: each run gives its own. */
  readonly placeholders: Placeholders | null;
}

/** A file, as a migration's or as a hook. */
export async function embed(
  file: MigrationFile,
  { serverMajor, placeholders }: Setting,
  isHook = false,
): Promise<{ readonly file: MigrationFile } & Pick<Embedded, 'problems' | 'warnings'>> {
  const filled = fillIn(file, placeholders);
  const found = await analyseFile(filled, false, isHook);
  const ofFile = isHook ? problemsOfHook(filled, found.problems, found.analysis) : found.problems;
  const problems: Problem[] = [];
  const warnings: Finding[] = [];
  for (const p of [...ofFile, ...unkept(found, filled)]) {
    const offset = p.offset === null ? null : inWritten(filled.filled?.fillings ?? [], p.offset);
    if (blocks(p, serverMajor)) problems.push({ ...p, offset });
    else {
      const message = otherGrammar(p.message, serverMajor);
      warnings.push({ ...p, offset, reason: 'other_grammar', message });
    }
  }
  if (filled.filled === undefined) return { file: { ...file, analysis: found.analysis }, problems, warnings };
  const analysis = writtenAnalysis(found.analysis, filled);
  return { file: { ...file, analysis, hasPlaceholders: true }, problems, warnings };
}

export async function analyseAll(migrations: Migrations, setting: Setting): Promise<Embedded> {
  const problems: Problem[] = [];
  const warnings: Finding[] = migrations.ignored.map(({ path, why }) => ({
    reason: 'ignored_file',
    message: `not run: ${why}`,
    file: path,
    offset: null,
  }));
  const read = async (file: MigrationFile | null): Promise<MigrationFile | null> => {
    if (file === null) return null;
    const found = await embed(file, setting);
    problems.push(...found.problems);
    warnings.push(...found.warnings);
    return found.file;
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
