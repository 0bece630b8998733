/** What a lock kept from being done is tried again, where nothing of it was committed. */

import { MigrateError } from './errors.ts';
import { commandFor, operationOf } from './failure.ts';
import { pauseAfter } from './patience.ts';
import { pause } from './pg/pause.ts';
import { duration } from './report/amounts.ts';
import type { Running } from './send.ts';

/**
 * `once` is one transaction. It fails with a MigrateError only behind a ROLLBACK and by the server's own word, so what
 * the grammar has read, and what therefore has no COMMIT in it, has left nothing.
 */
export async function untilUnblocked(r: Running, once: (r: Running) => Promise<void>): Promise<void> {
  const { worker, step, analysis } = r;
  const { now, patience } = worker;
  if (analysis?.parsed === false) return once(r);
  const first = now();
  for (let attempt = 1; ; attempt++) {
    const begun = now();
    try {
      return await once({ ...r, canLetGo: true });
    } catch (e) {
      const reason = e instanceof MigrateError ? blockedBy(e) : null;
      if (reason === null) throw e;
      if (attempt >= patience.attempts) throw inVain(e as MigrateError, attempt, now() - first);
      const retryInMs = pauseAfter(attempt, patience);
      const { id, name } = step.migration;
      const { attempts } = patience;
      const what = { reason, afterMs: Math.round(now() - begun), attempt, attempts, retryInMs };
      worker.emit({ kind: 'let-go', id, name, direction: step.direction, ...what });
      await pause(retryInMs, worker.signal);
      if (worker.signal?.aborted === true) throw cancelled(r, e as MigrateError);
    }
  }
}

export const isBlocked = ({ worker, analysis }: Running, e: MigrateError): boolean =>
  worker.patience.attempts > 1 && analysis?.parsed !== false && blockedBy(e) !== null;

function blockedBy({ reason, sqlstate }: MigrateError): 'lock_timeout' | 'queue' | 'deadlock' | null {
  if (reason === 'deadlock') return reason;
  if (reason !== 'lock_timeout') return null;
  return sqlstate === '57014' ? 'queue' : reason;
}

function inVain(e: MigrateError, attempts: number, ms: number): MigrateError {
  if (attempts === 1) return e;
  const details = [...e.details, `${attempts} attempts in ${duration(ms)}`];
  return new MigrateError(e.code, e.reason, { ...e, message: e.message, details, cause: e.cause });
}

const cancelled = ({ worker, step }: Running, cause: MigrateError): MigrateError =>
  new MigrateError(worker.code, 'cancelled', {
    operation: operationOf(step),
    message: `cancelled before it was tried again; it was rolled back (${cause.message})`,
    hint: `run ${commandFor(step)} to go on`,
    cause,
  });
