/** A hook that failed, told as its file sees it: where, for which migration, and what is now. */

import { CURES } from './cures.ts';
import { type ErrorCode, MigrateError } from './errors.ts';
import { blockedBy, blockerOf, commandFor, type Failed, letGoText, reasonOf, TELLING } from './failure.ts';
import type { HookName } from './hook.ts';
import type { HookPlace } from './hook-text.ts';
import type { Mode, Step } from './migration.ts';
import type { Reason } from './reasons.ts';
import { cureFor } from './report/blocked.ts';
import { withoutSecrets } from './sql/filled.ts';
import { rightHint } from './sql/rights.ts';
import { discreet, furtherWords } from './sql/server-error.ts';

/** As in "run the afterEach hook of migration 7". */
export const hookOperation = (hook: HookName, step: Pick<Step, 'migration'> | null): string =>
  `run the ${hook} hook${step === null ? '' : ` of migration ${step.migration.id}`}`;

/** `again`: what to type, of a hook of the whole run. */
export function hookFailure(
  code: ErrorCode,
  heard: Failed,
  place: HookPlace,
  at: { readonly step: Step; readonly mode: Mode } | { readonly again: string },
): MigrateError {
  const { hook, file } = place.hook;
  const server = discreet(heard.server, heard.files, { file, offset: place.offset });
  const failed = { ...heard, server };
  const step = 'step' in at ? at.step : null;
  const letGo = letGoText(failed);
  const reason: Reason = letGo === null ? reasonOf(server) : 'lock_timeout';
  if (TELLING.includes(reason))
    return new MigrateError(code, reason, {
      operation: hookOperation(hook, step),
      message: server.message,
      sqlstate: server.code,
      cause: server,
    });
  const cure = cureOf(failed, place);
  return new MigrateError(code, reason === 'sql' ? 'hook' : reason, {
    operation: hookOperation(hook, step),
    message: letGo ?? server.message,
    sqlstate: server.code,
    details: [...blockedBy(failed), ...furtherWords(server)],
    location: place.location,
    excerpt: place.excerpt,
    hint: 'step' in at ? nextOf(at.step, at.mode, hook, cure) : `${cure}, and ${nextOfAll(hook, at.again)}`,
    cause: server,
  });
}

/** Those of a migration's file that advise another mode are no use to a hook. */
const OF_FILES = ['55P04', '2D000', '25001'];

function cureOf(failed: Failed, { hook, offset }: HookPlace): string {
  const { server, files, who } = failed;
  const blocker = blockerOf(failed);
  if (blocker !== null) return cureFor(blocker);
  const { file, analysis } = hook;
  const st = analysis.statements.find((s) => offset !== null && s.start <= offset && offset <= s.end);
  const statement = st === undefined ? file.text : file.text.slice(st.start, st.end);
  if (server.code === '42501') return withoutSecrets(files, rightHint(server, statement, who));
  return (OF_FILES.includes(server.code) ? undefined : CURES[server.code]) ?? 'fix the hook';
}

function nextOf(step: Step, mode: Mode, hook: HookName, cure: string): string {
  const again = `run ${commandFor(step)} again`;
  // The transaction that it was in was the whole of it, or came before all else.
  if (mode === 'atomic' || hook === 'beforeEach') return `${cure}, and ${again}`;
  if (mode === 'resumable') return `${cure}, and ${again}: the file is done, and it goes on with the hook`;
  const { id, version } = step.migration;
  const done =
    id === String(version)
      ? `\`task migrate:force -- ${step.to ?? 0}\``
      : 'undo it by hand, `rungs rollback`';
  return `the file itself has run: ${done}; ${cure}, and run it by hand`;
}

/** Of `beforeAll` and `afterAll`, behind "fix the hook, and". */
export const nextOfAll = (hook: HookName, again: string): string =>
  hook === 'beforeAll'
    ? `run \`${again}\` again: no migration was run`
    : 'run it by hand: all migrations of this run are committed and kept, and a run with nothing to do runs no hooks';
