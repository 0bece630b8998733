/** What a file may not have to be a hook: a hook runs in somebody else's transaction, and has no mode of its own. */

import type { Analysis, MigrationFile, Problem } from '../migration.ts';
import { directive } from './directive.ts';

/** `found`: what its reading has found. The reasons' own advice is for a migration, which may have a mode. */
export const problemsOfHook = (
  file: MigrationFile,
  found: readonly Problem[],
  analysis: Analysis,
): readonly Problem[] =>
  [...found, ...unfit(file, analysis)].map((p) =>
    p.next === undefined && (p.reason === 'directive' || p.reason === 'syntax') ? { ...p, next: CORRECT } : p,
  );

const CORRECT = 'correct the hook, and run the same command again';

function unfit(file: MigrationFile, { mode, wrapper }: Analysis): readonly Problem[] {
  const { offset } = directive(file.text);
  const copy = file.psql?.cuts.find((cut) => cut.copy !== null)?.copy;
  const [begin] = wrapper;
  const found: readonly (readonly [string, number | null | undefined])[] = [
    ['a hook runs in a transaction that is not its own, so it has no mode: take the comment away', offset],
    // Of a file that was read as a migration, when it was built in.
    [
      'a hook runs in a transaction that is not its own: take BEGIN and COMMIT out',
      begin?.start ?? (mode === 'atomic' || offset !== null ? null : 0),
    ],
    ['rows for a COPY belong into a migration, and not into a hook: write INSERT', copy],
  ];
  return found.flatMap(([message, at]) =>
    at == null ? [] : [{ reason: 'directive', message, file: file.path, offset: at }],
  );
}
