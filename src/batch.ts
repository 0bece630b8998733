/** Runs several atomic migrations as one message. Each is told of as soon as it is committed. */

import { blockedBy } from './again.ts';
import { type Done, hasAnotherWay } from './apply.ts';
import { batched, reached } from './batch-message.ts';
import { MigrateError } from './errors.ts';
import { type Failed, operationOf } from './failure.ts';
import type { FileMessage } from './file-message.ts';
import { DROPPED, readMarker } from './marker.ts';
import { MessageFailed } from './pg/message.ts';
import { isLarge } from './pieces.ts';
import { afresh, filesOf, nameOf, type Running, sendAs, settle, told } from './send.ts';
import { withoutSecrets } from './sql/filled.ts';
import { serverOffset } from './sql/position.ts';

export interface Listener {
  readonly started: (r: Running) => void;
  /** The one that was said to have started is not on its way. */
  readonly withdrawn: () => void;
  /** Committed. */
  readonly finished: (r: Running, done: Done) => void;
}

/** What is around each file: hooks, and of ours about so much. */
function aroundEach(r: Running | undefined): number {
  if (r === undefined) return 0;
  const ours = r.worker.envelope.perMessage === null ? 2400 : 4700;
  return hooksOf(r).reduce((sum, { file }) => sum + file.text.length, ours);
}

/**
 * The next migrations that go into one message, which is to be no longer than `longest`, in UTF-16 units: at least one.
 * Alone goes what is not atomic or not read.
 */
export function batchOf(all: readonly Running[], longest: number): readonly Running[] {
  if (longest <= 1) return all.slice(0, 1);
  let length = 0;
  const around = aroundEach(all[0]);
  const end = all.findIndex((r) => {
    length += (r.step.file?.text.length ?? 0) + around;
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

/** How to go on, with what is behind them and what of them was not said to have finished. */
export interface Next {
  /** So many may go together: fewer after a message that the server could not read. */
  readonly most: number;
  /** The first of them, which is to be run by itself. */
  readonly alone?: Running;
}

export const ALL: Next = { most: Number.POSITIVE_INFINITY };

/** Throws the failure of the first that has not finished, or SessionLost. */
export async function applyBatch(runs: readonly Running[], listener: Listener): Promise<Next> {
  const [{ worker }] = runs as [Running];
  const parts = batched(worker.envelope, runs);
  // The text is that of all.
  const [message] = parts as [FileMessage];
  const progress = new Progress(runs, listener);
  worker.session.onNotice = ({ severity, message: said }) => {
    const mark = readMarker(worker.envelope, said);
    if (mark !== null) return progress.marked(mark);
    const { step } = progress.current;
    const about = withoutSecrets(filesOf(progress.current), said);
    progress.tell(() => worker.emit({ kind: 'notice', severity, message: about, id: step.migration.id }));
  };
  progress.start();
  let failed: Failed;
  try {
    const { tags } = await sendAs(worker, () => nameOf(progress.current.step), message, false, true);
    if (reached(tags).committed !== runs.length) throw unended(progress.current);
    progress.finishUpTo(runs.length, null);
    return ALL;
  } catch (e) {
    // What a message that is given up may still say is of no interest.
    worker.session.onNotice = () => {};
    if (!(e instanceof MessageFailed)) throw e;
    failed = await settle(worker, e, message, runs.flatMap(filesOf));
  }
  const at = reached(failed.completed);
  progress.finishUpTo(at.committed, failed.server.code === DROPPED ? 0 : null);
  const [next, part] = [runs[at.committed], parts[at.committed]];
  if (next === undefined || part === undefined) return ALL;
  if (isUnread(failed)) {
    listener.withdrawn();
    return { most: readable(failed, message, parts, worker.encoding) };
  }
  // Nothing of what is behind the marker was run.
  if (at.isInMarker) {
    listener.withdrawn();
    return ALL;
  }
  const error = told(next, { ...failed, completed: at.tags }, part);
  const isBlocked = blockedBy(error) !== null;
  if (!isBlocked && !hasAnotherWay(next, error)) throw error;
  if (!isBlocked) await afresh(worker);
  listener.withdrawn();
  const { begun } = progress;
  return { most: 1, alone: isBlocked ? { ...next, first: { error, begun } } : next };
}

/** Tells of each as the markers come in, in the middle of the connection's own work, where nothing may be thrown. */
class Progress {
  readonly #runs: readonly Running[];
  readonly #listener: Listener;
  readonly #sent: number;
  #done = 0;
  #elapsedMs = 0;
  /** The last one is told of when the message has ended: until then it may be lost. */
  #last: { readonly elapsedMs: number; readonly locks: number } | null = null;
  #thrown: { readonly error: unknown } | null = null;
  /** When the current one did, by the worker's clock. */
  begun: number;

  constructor(runs: readonly Running[], listener: Listener) {
    this.#runs = runs;
    this.#listener = listener;
    this.#sent = this.begun = this.#now();
  }

  get current(): Running {
    return (this.#runs[this.#done] ?? this.#runs.at(-1)) as Running;
  }

  start(): void {
    this.#listener.started(this.current);
  }

  marked(mark: { readonly elapsedMs: number; readonly locks: number }): void {
    if (this.#done === this.#runs.length - 1) this.#last = mark;
    else this.#finish(mark);
  }

  /** What has been committed, and not been told of. Throws what a listener has thrown. */
  finishUpTo(committed: number, locks: number | null): void {
    while (this.#done < committed) {
      // Where it was the marker that failed, nothing is known of its time but ours.
      const elapsedMs = Math.max(this.#elapsedMs, Math.round(this.#now() - this.#sent));
      this.#finish(this.#last ?? { elapsedMs, locks });
    }
    if (this.#thrown !== null) throw this.#thrown.error;
  }

  tell(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#thrown ??= { error };
    }
  }

  #finish({ elapsedMs, locks }: { readonly elapsedMs: number; readonly locks: number | null }): void {
    const r = this.current;
    const executionTimeMs = elapsedMs - this.#elapsedMs;
    this.#elapsedMs = elapsedMs;
    this.#done++;
    this.begun = this.#now();
    this.tell(() => this.#listener.finished(r, { mode: 'atomic', executionTimeMs, locks }));
    // Without our locks the marker lets no other begin.
    const isNext = this.#done < this.#runs.length && (locks ?? -1) >= r.worker.envelope.lockIds.length;
    if (isNext) this.tell(() => this.#listener.started(this.current));
  }

  #now(): number {
    return this.current.worker.now();
  }
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
