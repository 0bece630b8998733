/** Runs several atomic migrations as one message. Each is told of as soon as it is committed. */

import { hasOtherWays } from './apply.ts';
import { batched, type Reached, reached } from './batch-message.ts';
import { MigrateError } from './errors.ts';
import type { Failed } from './failure.ts';
import { operationOf } from './failure.ts';
import type { FileMessage } from './file-message.ts';
import { DROPPED, readMarker } from './marker.ts';
import { type Running, sendAs, settle, told } from './send.ts';
import { withoutSecrets } from './sql/filled.ts';

export interface Listener {
  readonly started: (r: Running) => void;
  /** The one that was said to have started has not. */
  readonly notBegun: () => void;
  /** Committed. `locks`: how many of ours the session still holds. */
  readonly finished: (r: Running, done: { readonly executionTimeMs: number; readonly locks: number }) => void;
}

/** What we put around each file, about. */
const AROUND = 2000;

/**
 * The next migrations that go into one message, which is to be no longer than `longest`, in UTF-16 units: at least one.
 * Alone goes what is not atomic or not read.
 */
export function together(all: readonly Running[], longest: number): readonly Running[] {
  if (longest <= 1) return all.slice(0, 1);
  let length = 0;
  const end = all.findIndex((r) => {
    length += (r.step.file?.text.length ?? 0) + AROUND;
    return !fits(r) || length > longest;
  });
  return all.slice(0, Math.max(end < 0 ? all.length : end, 1));
}

/** COPY's rows are sent when the server asks for them; and what another version's grammar could not read may hold anything. */
const fits = ({ step, analysis, mode }: Running): boolean =>
  mode === 'atomic' &&
  step.resume === null &&
  analysis?.parsed !== false &&
  !step.file?.psql?.cuts.some(({ copy }) => copy !== null);

/**
 * Where not all of them are said to have finished, the next is to be run by itself. Throws the failure of the next one, or
 * SessionLost.
 */
export async function applyBatch(runs: readonly Running[], listener: Listener): Promise<void> {
  const [first] = runs;
  if (first === undefined) return;
  const { worker } = first;
  const parts = batched(worker.envelope, runs);
  const message = { ...(parts[0] as FileMessage), hooks: parts.flatMap((p) => p.hooks ?? []) };
  let done = 0;
  let elapsedMs = 0;
  const finish = (untilMs: number, locks: number): void => {
    const r = runs[done++] as Running;
    listener.finished(r, { executionTimeMs: untilMs - elapsedMs, locks });
    elapsedMs = untilMs;
    const next = runs[done];
    if (next !== undefined) listener.started(next);
  };
  worker.session.onNotice = ({ severity, message: said }) => {
    const mark = readMarker(worker.envelope, said);
    if (mark !== null) return finish(mark.elapsedMs, mark.locks);
    const { step } = runs[Math.min(done, runs.length - 1)] as Running;
    worker.emit({
      kind: 'notice',
      severity,
      message: withoutSecrets(step.file, said),
      id: step.migration.id,
    });
  };
  const begun = worker.now();
  listener.started(first);
  const current = () => {
    const { step } = runs[Math.min(done, runs.length - 1)] as Running;
    return { id: step.migration.id, name: step.migration.name, direction: step.direction };
  };
  try {
    const { tags } = await sendAs(worker, current, message);
    const { committed } = reached(tags);
    if (committed === runs.length && done === runs.length) return;
    throw unended(runs[done] ?? first);
  } catch (e) {
    if (e instanceof MigrateError) throw e;
    const failed = await settle(worker, e, message);
    const at = reached(failed.completed);
    // Committed, and it was the marker that failed: nothing is known of its time but ours.
    while (done < at.committed) {
      const locks = failed.server.code === DROPPED ? 0 : worker.envelope.lockIds.length;
      finish(Math.max(elapsedMs, Math.round(worker.now() - begun)), locks);
    }
    const error = failureOf(runs, parts, failed, at);
    if (error !== null) throw error;
    if (done < runs.length) listener.notBegun();
  }
}

/** Null where the next one is to be run by itself. */
function failureOf(
  runs: readonly Running[],
  parts: readonly FileMessage[],
  failed: Failed,
  { committed, tags }: Reached,
): MigrateError | null {
  const [r, part] = [runs[committed], parts[committed]];
  // What failed was a marker, and nothing of what is behind it was run. Or the message as a whole, of which the server
  // reads all before it runs any: whose fault that is shows when each is sent by itself.
  if (r === undefined || part === undefined || tags === null || failed.completed.length === 0) return null;
  const error = told(r, { ...failed, completed: tags }, part);
  return hasOtherWays(r, error) ? null : error;
}

const unended = ({ worker, step }: Running): MigrateError =>
  new MigrateError(worker.code, 'internal', {
    operation: operationOf(step),
    message: 'the message has ended without the marker of each migration',
  });
