/** Every file of a plan, read by the grammar before the first one runs. */

import { type ErrorCode, MigrateError } from './errors.ts';
import type { Emit } from './event.ts';
import type { Analysis, MigrationFile, Mode, Problem, Step } from './migration.ts';
import { problemsError } from './problems.ts';
import { analyseFile } from './sql/analysis.ts';
import { statementChecksum } from './sql/checksum.ts';
import { GRAMMAR_MAJOR } from './sql/grammar.ts';
import { at } from './sql/position.ts';

/** How a file is to be run. `analysis` null: the grammar of another version could not read it. */
export interface Chosen {
  readonly analysis: Analysis | null;
  readonly mode: Mode;
}

export type Analysed = ReadonlyMap<MigrationFile, Chosen>;

/** A step without a file moves the version and nothing else. */
const EMPTY: Chosen = { analysis: null, mode: 'atomic' };

export const chosenFor = (analysed: Analysed, step: Step): Chosen => {
  const chosen = step.file === null ? EMPTY : (analysed.get(step.file) ?? EMPTY);
  // What began statement by statement ends so, also when the file was fixed meanwhile.
  return step.resume === null ? chosen : { ...chosen, mode: 'resumable' };
};

export interface Setting {
  readonly serverVersion: number;
  readonly plainOnly: boolean;
  readonly code: ErrorCode;
  readonly emit: Emit;
}

/** Throws MIGRATION_SOURCE_FAILED with all problems of all files. `known` spares a second plan's files. */
export async function analyse(steps: readonly Step[], known: Analysed, setting: Setting): Promise<Analysed> {
  const analysed = new Map(known);
  const problems: Problem[] = [];
  const texts = new Map<string, string>();
  const sameGrammar = Math.floor(setting.serverVersion / 10000) === GRAMMAR_MAJOR;
  for (const { file } of steps) {
    if (file === null || analysed.has(file)) continue;
    const found = await analyseFile(file);
    const blocking = found.problems.filter((p) => p.reason !== 'syntax' || sameGrammar);
    for (const p of found.problems.filter((p) => !blocking.includes(p))) warnOf(p, file, setting);
    if (blocking.length > 0) texts.set(file.path, file.text);
    problems.push(...blocking);
    const mode = setting.plainOnly ? 'plain' : (found.analysis?.mode ?? found.asked ?? 'atomic');
    analysed.set(file, { analysis: found.analysis, mode });
  }
  if (problems.length > 0) throw problemsError(problems, texts);
  for (const step of steps) refuseEditedResume(step, chosenFor(analysed, step), setting.code);
  return analysed;
}

/** Another major version's server may accept what this grammar does not; it has the last word. */
function warnOf(p: Problem, file: MigrationFile, { emit, serverVersion }: Setting): void {
  const place = p.offset === null ? null : at(file.text, p.offset);
  const server = Math.floor(serverVersion / 10000);
  emit({
    kind: 'warning',
    warning: {
      reason: 'other_grammar',
      message: `PostgreSQL ${GRAMMAR_MAJOR}’s grammar refuses this file (${p.message}); the server is ${server} and decides`,
      file: file.path,
      line: place?.line ?? null,
      column: place?.column ?? null,
    },
  });
}

/** A half-done file may be fixed from the failed statement on, not before it. */
function refuseEditedResume({ resume, file, migration }: Step, { analysis }: Chosen, code: ErrorCode): void {
  if (resume === null || file === null) return;
  const statements = analysis?.statements ?? [];
  for (const [i, sum] of resume.doneStatements.entries()) {
    const st = statements[i];
    if (st !== undefined && statementChecksum(file.text.slice(st.start, st.end)) === sum) continue;
    const place = st === undefined ? null : at(file.text, st.start);
    throw new MigrateError(code, 'resume_changed', {
      operation: `continue migration ${migration.id}`,
      message: `statement ${i + 1} of ${file.path} was already run, and is not the text that was run`,
      location: { file: file.path, line: place?.line ?? null, column: place?.column ?? null },
      excerpt: place?.excerpt ?? null,
    });
  }
}
