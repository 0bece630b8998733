/** Every file of a plan, read by the grammar before the first one runs. */

import { type ErrorCode, MigrateError } from './errors.ts';
import type { Emit } from './event.ts';
import type { Analysis, MigrationFile, Mode, Problem, Statement, Step } from './migration.ts';
import { editedSince, problemsError } from './problems.ts';
import { sumOf } from './rows.ts';
import { UNCONFORMING, unconforming } from './sql/conforming.ts';
import { spotIn } from './sql/cuts.ts';
import { filledAnalysis, unsettled } from './sql/filled.ts';
import { GRAMMAR_MAJOR } from './sql/grammar-major.ts';
import { problemsOfHook } from './sql/hook.ts';

export type Analysed = ReadonlyMap<MigrationFile, Analysis>;

/** How a step is run. `analysis` null: there is no file, and only the version moves. */
export interface Chosen {
  readonly analysis: Analysis | null;
  readonly mode: Mode;
}

export function chosenFor(analysed: Analysed, step: Step, plainOnly: boolean): Chosen {
  const analysis = step.file === null ? null : (analysed.get(step.file) ?? null);
  // What began statement by statement ends so, also when the file was fixed meanwhile.
  const isPlain = plainOnly && step.file?.repeatable !== true;
  const mode = step.resume !== null ? 'resumable' : isPlain ? 'plain' : (analysis?.mode ?? 'atomic');
  return { analysis, mode };
}

export interface Setting {
  readonly serverVersion: number;
  readonly isConforming: boolean;
  readonly code: ErrorCode;
  readonly multiStatement: boolean;
  readonly emit: Emit;
}

/**
 * Throws MIGRATION_SOURCE_FAILED with all problems of all files. `known` spares a second plan's files. `hooks`: the files
 * that run around the steps.
 */
export async function analyse(
  steps: readonly Step[],
  known: Analysed,
  setting: Setting,
  hooks: readonly MigrationFile[] = [],
): Promise<Analysed> {
  const analysed = new Map(known);
  const problems: Problem[] = [];
  const broken = new Map<string, MigrationFile>();
  // Hooks run around migrations: without any they are not looked at.
  const around = steps.length === 0 ? [] : hooks;
  for (const file of [...around, ...steps.map((s) => s.file)]) {
    if (file === null || analysed.has(file)) continue;
    const elsewhere = setting.isConforming ? null : unconforming(file.text);
    if (elsewhere !== null) {
      problems.push({ reason: 'syntax', message: UNCONFORMING, file: file.path, offset: elsewhere });
      broken.set(file.path, file);
      continue;
    }
    const found = await read(file, setting.multiStatement, hooks.includes(file));
    const blocking = found.problems.filter((p) => blocks(p, Math.floor(setting.serverVersion / 10000)));
    for (const p of found.problems.filter((p) => !blocking.includes(p))) warnOf(p, file, setting);
    if (blocking.length > 0) broken.set(file.path, file);
    problems.push(...blocking);
    analysed.set(file, found.analysis);
  }
  if (problems.length > 0) throw problemsError(problems, broken);
  for (const step of steps) await refuseEditedResume(step, analysed, setting.code);
  return analysed;
}

/** A build has read its files already. The grammar is loaded only where there is something to read. */
export async function read(file: MigrationFile, multiStatement = false, isHook = false) {
  const found = await readAs(file, multiStatement, isHook);
  return isHook ? { ...found, problems: problemsOfHook(file, found.problems, found.analysis) } : found;
}

async function readAs(file: MigrationFile, multiStatement: boolean, isHook: boolean) {
  if (file.analysis !== null) return built(file, file.analysis);
  const { analyseFile } = await import('./sql/analysis.ts');
  return analyseFile(file, multiStatement, isHook);
}

function built(file: MigrationFile, known: Analysis): { analysis: Analysis; problems: readonly Problem[] } {
  const edited = editedSince(file);
  if (file.filled === undefined) return { analysis: known, problems: edited };
  if (file.filled.problems.length > 0) return { analysis: known, problems: file.filled.problems };
  const analysis = filledAnalysis(known, file);
  return { analysis, problems: edited.length > 0 ? edited : unsettled(analysis, file) };
}

/** Another major version's server may accept what this grammar does not; it has the last word. */
export const blocks = (p: Problem, serverMajor: number): boolean =>
  p.reason !== 'syntax' || serverMajor === GRAMMAR_MAJOR || isUnterminated(p);

/** Every version's lexer agrees on where a string ends; one that does not would swallow what we send behind the file. */
const isUnterminated = (p: Problem): boolean => /^unterminated /.test(p.message);

export const otherGrammar = (message: string, server: number): string =>
  `PostgreSQL ${GRAMMAR_MAJOR}’s grammar refuses this file (${message}); the server is ${server} and decides`;

function warnOf(p: Problem, file: MigrationFile, { emit, serverVersion }: Setting): void {
  const place = p.offset === null ? null : spotIn(file, p.offset);
  const server = Math.floor(serverVersion / 10000);
  emit({
    kind: 'warning',
    warning: {
      reason: 'other_grammar',
      message: otherGrammar(p.message, server),
      file: file.path,
      line: place?.line ?? null,
      column: place?.column ?? null,
    },
  });
}

/** Which placeholders may be the reason, where the file itself was not touched. */
function valuesIn({ filled }: MigrationFile, { start, end }: Statement): string {
  const names = (filled?.fillings ?? []).flatMap((f) =>
    f.name !== null && f.start < end && f.end > start ? [`\${${f.name}}`] : [],
  );
  return names.length === 0 ? '' : `; it has ${[...new Set(names)].join(' and ')}: is that what it was then?`;
}

/** A half-done file may be fixed from the failed statement on, not before it. */
async function refuseEditedResume(
  { resume, file, migration }: Step,
  analysed: Analysed,
  code: ErrorCode,
): Promise<void> {
  if (resume === null || file === null) return;
  const statements = analysed.get(file)?.statements ?? [];
  for (const [i, sum] of resume.doneStatements.entries()) {
    const st = statements[i];
    if (st !== undefined && (await sumOf(file, st)) === sum) continue;
    const place = st === undefined ? null : spotIn(file, st.start);
    throw new MigrateError(code, 'resume_changed', {
      operation: `continue migration ${migration.id}`,
      message: `statement ${i + 1} of ${file.path} was already run, and is not the text that was run${st === undefined ? '' : valuesIn(file, st)}`,
      location: { file: file.path, line: place?.line ?? null, column: place?.column ?? null },
      excerpt: place?.excerpt ?? null,
    });
  }
}
