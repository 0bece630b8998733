/** Whether a step has failed of what another run did, where each message takes the locks for itself. */

import { MigrateError } from './errors.ts';
import { commandFor } from './failure.ts';
import { RACED } from './ledger/journal.ts';
import type { Step } from './migration.ts';
import { MessageFailed } from './pg/message.ts';
import type { Worker } from './send.ts';
import { LOCKED } from './sql/advisory.ts';

/** Another run has the locks, or has been there meanwhile: that is no failure. */
export async function isOvertaken(worker: Worker, step: Step, e: unknown): Promise<boolean> {
  if (worker.envelope.perMessage === null || !(e instanceof MigrateError)) return false;
  if (e.sqlstate === LOCKED) return true;
  // Of a repeatable read the snapshot can be older than the locks: then whatever it fails with may be the other's doing.
  return e.sqlstate !== null && e.reason !== 'cancelled' && (await hasMoved(worker, step));
}

/** Whether another run has gone on from where the step was to begin. */
async function hasMoved({ session, envelope }: Worker, step: Step): Promise<boolean> {
  try {
    await session.send(envelope.ledger.unmoved(envelope.place, step));
    return false;
  } catch (e) {
    return e instanceof MessageFailed && e.server?.code === RACED;
  }
}

/** Rolled back, and the version is where it was: then it was the file that had moved it. */
export async function withItsDoing(worker: Worker, step: Step, e: unknown): Promise<unknown> {
  if (!(e instanceof MigrateError) || e.sqlstate !== RACED || step.file === null) return e;
  if (await hasMoved(worker, step)) return e;
  const hint = `${step.file.path} writes the version table itself: take that out of it, and run ${commandFor(step)} again`;
  return new MigrateError(e.code, e.reason, { ...e, message: e.message, hint, cause: e.cause });
}
