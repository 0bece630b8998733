/** What a lock kept from being done is tried again, where nothing of it was committed. */

import { MigrateError } from './errors.ts';
import type { StepName } from './event.ts';
import { commandFor, operationOf } from './failure.ts';
import { pauseAfter } from './patience.ts';
import { pause } from './pg/pause.ts';
import { duration } from './report/amounts.ts';
import { type Attempt, afresh, nameOf, type Running, type Worker } from './send.ts';

/** What is tried, and how it is told of. */
export interface Tried {
  readonly worker: Worker;
  readonly called: StepName;
  readonly operation: string;
  /** The grammar has read all of it, so there is no COMMIT in it. */
  readonly isRead: boolean;
  /** What to do where it is cancelled between two attempts. */
  readonly next: string;
  /** Where the first attempt was made elsewhere. */
  readonly first?: Attempt;
}

/**
 * `once` is one transaction. It fails with a MigrateError only behind a ROLLBACK and by the server's own word, so what
 * the grammar has read has left nothing.
 */
export async function tryAgain<T>(t: Tried, once: (canLetGo: boolean) => Promise<T>): Promise<T> {
  const { worker, called } = t;
  const { now, patience } = worker;
  if (!t.isRead) return once(false);
  const first = t.first?.begun ?? now();
  for (let attempt = 1; ; attempt++) {
    const made = attempt === 1 ? t.first : undefined;
    const begun = made?.begun ?? now();
    try {
      if (made !== undefined) throw made.error;
      return await once(true);
    } catch (e) {
      const reason = e instanceof MigrateError ? blockedBy(e) : null;
      if (reason === null) throw e;
      if (attempt >= patience.attempts) throw inVain(e as MigrateError, attempt, now() - first);
      const retryInMs = pauseAfter(attempt, patience);
      const { attempts } = patience;
      const what = { reason, afterMs: Math.round(now() - begun), attempt, attempts, retryInMs };
      worker.emit({ kind: 'let-go', ...called, ...what });
      await pause(retryInMs, worker.signal);
      if (worker.signal?.aborted === true) throw cancelled(t, e as MigrateError);
      await afresh(worker);
    }
  }
}

/** The same with a message of a step. */
export function untilUnblocked<T>(r: Running, once: (r: Running) => Promise<T>): Promise<T> {
  const { worker, step, analysis } = r;
  const { before, after } = worker.envelope.hooks;
  const tried: Tried = {
    worker,
    called: nameOf(step),
    operation: operationOf(step),
    isRead: analysis?.parsed !== false && [...before, ...after].every((hook) => hook.analysis.parsed),
    next: `run ${commandFor(step)} to go on`,
    ...(r.first === undefined ? {} : { first: r.first }),
  };
  return tryAgain(tried, (canLetGo) => once({ ...r, canLetGo }));
}

export function blockedBy({ reason, sqlstate }: MigrateError): 'lock_timeout' | 'queue' | 'deadlock' | null {
  if (reason === 'deadlock') return reason;
  if (reason !== 'lock_timeout') return null;
  return sqlstate === '57014' ? 'queue' : reason;
}

function inVain(e: MigrateError, attempts: number, ms: number): MigrateError {
  if (attempts === 1) return e;
  const details = [...e.details, `${attempts} attempts in ${duration(ms)}`];
  return new MigrateError(e.code, e.reason, { ...e, message: e.message, details, cause: e.cause });
}

const cancelled = ({ worker, operation, next }: Tried, cause: MigrateError): MigrateError =>
  new MigrateError(worker.code, 'cancelled', {
    operation,
    message: `cancelled before it was tried again; it was rolled back (${cause.message})`,
    hint: next,
    cause,
  });
