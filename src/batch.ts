/** Runs several atomic migrations as one message. Each is told of as soon as it is committed. */

import { blockedBy } from './again.ts';
import { type Done, hasAnotherWay } from './apply.ts';
import { batched, reached } from './batch-message.ts';
import { MigrateError } from './errors.ts';
import { type Failed, operationOf } from './failure.ts';
import type { FileMessage } from './file-message.ts';
import { DROPPED, readMarker } from './marker.ts';
import { isLarge } from './pieces.ts';
import { type Attempt, afresh, filesOf, nameOf, type Running, sendAs, settle, told } from './send.ts';
import { withoutSecrets } from './sql/filled.ts';
import { serverOffset } from './sql/position.ts';

export interface Listener {
  readonly started: (r: Running) => void;
  /** The one that was said to have started has not. */
  readonly notBegun: () => void;
  /** Committed. */
  readonly finished: (r: Running, done: Done) => void;
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

/** What another version's grammar could not read may hold anything; COPY's rows are sent when the server asks for them. */
const fits = (r: Running): boolean =>
  r.mode === 'atomic' &&
  r.step.resume === null &&
  r.analysis?.parsed !== false &&
  hooksOf(r).every(({ analysis }) => analysis.parsed) &&
  !isLarge(r) &&
  !r.step.file?.psql?.cuts.some(({ copy }) => copy !== null);

const hooksOf = ({ worker: { envelope } }: Running) => [...envelope.hooks.before, ...envelope.hooks.after];

/** How to go on behind a message, where not all that were in it are said to have finished. */
export interface Next {
  /** So many may go together. */
  readonly most: number;
  /** Of the first of them, to be tried again by itself. */
  readonly first?: Attempt;
}

export const UNLIMITED: Next = { most: Number.POSITIVE_INFINITY };
const BY_ITSELF: Next = { most: 1 };

/** Throws the failure of the first that has not finished, or SessionLost. */
export async function applyBatch(runs: readonly Running[], listener: Listener): Promise<Next> {
  const [first] = runs as [Running];
  const { worker } = first;
  const parts = batched(worker.envelope, runs);
  const message = { ...(parts[0] as FileMessage), hooks: parts.flatMap((p) => p.hooks ?? []) };
  let done = 0;
  let elapsedMs = 0;
  let begun = worker.now();
  const current = () => (runs[done] ?? runs[runs.length - 1]) as Running;
  const finish = (untilMs: number, locks: number | null): void => {
    listener.finished(current(), { mode: 'atomic', executionTimeMs: untilMs - elapsedMs, locks });
    elapsedMs = untilMs;
    done++;
    begun = worker.now();
    if (done < runs.length) listener.started(current());
  };
  worker.session.onNotice = ({ severity, message: said }) => {
    const mark = readMarker(worker.envelope, said);
    if (mark !== null) return finish(mark.elapsedMs, mark.locks);
    const { id } = current().step.migration;
    const about = withoutSecrets(filesOf(current()), said);
    worker.emit({ kind: 'notice', severity, message: about, id });
  };
  const sent = worker.now();
  listener.started(first);
  const called = () => nameOf(current().step);
  let failed: Failed;
  try {
    const { tags } = await sendAs(worker, called, message, false, true);
    if (reached(tags).committed === runs.length && done === runs.length) return UNLIMITED;
    throw unended(current());
  } catch (e) {
    if (e instanceof MigrateError) throw e;
    failed = await settle(worker, e, message, runs.flatMap(filesOf));
  }
  const at = reached(failed.completed);
  // Committed, and it was the marker that failed: nothing is known of its time but ours.
  while (done < at.committed) {
    const locks = failed.server.code === DROPPED ? 0 : null;
    finish(Math.max(elapsedMs, Math.round(worker.now() - sent)), locks);
  }
  const [next, part] = [runs[done], parts[done]];
  if (next === undefined || part === undefined) return UNLIMITED;
  if (isUnread(failed)) {
    listener.notBegun();
    return { most: readable(failed, message, parts, worker.encoding) };
  }
  // Else it was a marker that failed, and nothing of what is behind it was run.
  if (at.tags === null) {
    listener.notBegun();
    return BY_ITSELF;
  }
  const error = told(next, { ...failed, completed: at.tags }, part);
  const isBlocked = blockedBy(error) !== null;
  if (!isBlocked && !hasAnotherWay(next, error)) throw error;
  if (!isBlocked) await afresh(worker);
  listener.notBegun();
  return isBlocked ? { ...BY_ITSELF, first: { error, begun } } : BY_ITSELF;
}

/** The server reads all of a message before it runs any. Whose fault it is shows when each is sent by itself. */
const isUnread = ({ completed }: Failed): boolean => completed.length === 0;

/** How many come before the one that the server could not read; where it does not say which that is, half of them. */
function readable(
  { server }: Failed,
  message: FileMessage,
  parts: readonly FileMessage[],
  encoding: string,
): number {
  const offset = serverOffset(server.position, message.text, encoding);
  const before = offset === null ? parts.length >> 1 : parts.findLastIndex((p) => p.before <= offset);
  return Math.max(before, 1);
}

const unended = ({ worker, step }: Running): MigrateError =>
  new MigrateError(worker.code, 'internal', {
    operation: operationOf(step),
    message: 'the message has ended without the marker of each migration',
  });
