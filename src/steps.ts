/** The steps of a run, one after the other, under the lock. */

import { chosenFor } from './analysed.ts';
import { apply, type Done } from './apply.ts';
import { MigrateError } from './errors.ts';
import { commandFor, operationOf } from './failure.ts';
import { type Run, runAll, runCalls } from './hooks.ts';
import type { Job } from './job.ts';
import { RACED } from './ledger/journal.ts';
import type { Log } from './log.ts';
import { look, readRecorded } from './look.ts';
import type { Layout, Step } from './migration.ts';
import { noteFailure } from './note-failure.ts';
import { acquire, release } from './pg/lock.ts';
import { MessageFailed } from './pg/message.ts';
import type { Session } from './pg/session.ts';
import type { Recorded } from './recorded.ts';
import { findOut } from './recover.ts';
import { refused } from './refused.ts';
import { SessionLost, stopIfAborted, type Worker } from './send.ts';
import { LOCKED } from './sql/advisory.ts';

/** Another run has the locks, or has been there meanwhile; where each message takes them for itself, that is no failure. */
async function isOvertaken(worker: Worker, step: Step, e: unknown): Promise<boolean> {
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
async function withItsDoing(worker: Worker, step: Step, e: unknown): Promise<unknown> {
  if (!(e instanceof MigrateError) || e.sqlstate !== RACED || step.file === null) return e;
  if (await hasMoved(worker, step)) return e;
  const hint = `${step.file.path} writes the version table itself: take that out of it, and run ${commandFor(step)} again`;
  return new MigrateError(e.code, e.reason, { ...e, message: e.message, hint, cause: e.cause });
}

/** With a fresh look, as the tables may be of this run; null where that fails. */
export const readAfter = (
  session: Session,
  { door }: Pick<Job, 'door'>,
  layout: Layout,
): Promise<Recorded | null> =>
  look(session, door.table, layout)
    .then((sight) => readRecorded(session, sight))
    .catch(() => null);

/**
 * Runs each step, and after a failure finds out where that has left the database. `overtaken`: what is left has to be
 * planned anew.
 */
export async function runSteps(run: Run): Promise<'done' | 'overtaken'> {
  const { worker, job, log, steps, done, analysed, hooks } = run;
  if (steps.length > 0) await runAll(run, 'beforeAll');
  for (const step of steps) {
    const { analysis, mode } = chosenFor(analysed, step, job.plainOnly);
    stopIfAborted(worker, step);
    await runCalls(run, 'beforeEach', step);
    log.started(step, mode);
    let end: Done;
    try {
      end = await apply({ worker, step, analysis, mode, onOpened: () => log.opened(step) });
    } catch (e) {
      if (e instanceof SessionLost) {
        await tellLoss(worker, job, log, step, done, e);
        await runCalls(run, 'afterEach', step);
        if (step !== steps.at(-1)) throw lost(worker, step, e, 'the others were not begun');
        if (hooks.afterAll.length > 0)
          throw lost(worker, step, e, 'it was committed; the afterAll hooks were not run');
        return 'done';
      }
      if (await isOvertaken(worker, step, e)) {
        log.overtaken();
        return 'overtaken';
      }
      // What a plain file or a hook has set, its role for one, is not to be in the way of the look.
      const { session, envelope } = worker;
      if (envelope.perMessage === null) await session.send(envelope.cleanUp.join('; ')).catch(() => {});
      // Not guessed from the mode.
      const after = await readAfter(session, job, envelope.ledger.layout);
      if (after === null) log.unread(step);
      else log.landed(after);
      await noteFailure(worker.session, worker.envelope, step, mode, e);
      throw await withItsDoing(worker, step, e);
    }
    log.finished(step, end);
    done.push(step);
    // It stays applied, and what follows it is due, whatever has become of the lock.
    const unlocked = await lockAgain(worker, job, log, step, end).catch((e: MigrateError) => e);
    await runCalls(run, 'afterEach', step);
    if (unlocked !== null) throw unlocked;
  }
  if (steps.length > 0) await runAll(run, 'afterAll');
  return 'done';
}

/** A file that calls pg_advisory_unlock_all has let others in; before the next step we want to be alone again. */
async function lockAgain(worker: Worker, job: Job, log: Log, { file }: Step, { locks }: Done): Promise<null> {
  const { lockIds: ids } = worker.envelope;
  if ((locks ?? 0) >= ids.length) return null;
  const message = 'this migration released the migration lock; it has been taken again';
  if (locks !== null) log.warn('locks_dropped', message, file?.path ?? null);
  const { lockStrategy, lockTimeoutMs: timeoutMs } = job;
  const taken = release(worker.session, ids, job).then(() =>
    acquire(worker.session, ids, { ...worker, lockStrategy, timeoutMs }),
  );
  await refused(taken, worker.code, 'take the migration lock again');
  return null;
}

/** Returns where the step turned out to be committed. */
async function tellLoss(
  worker: Worker,
  job: Job,
  log: Log,
  step: Step,
  done: readonly Step[],
  e: SessionLost,
): Promise<void> {
  const fate = await findOut(worker, job, step, done);
  if (fate === null) {
    log.unknown(step);
    throw new MigrateError('MIGRATION_VERSION_CHECK_FAILED', 'connection_lost', {
      operation: operationOf(step),
      message: `${e.message}; the database could not be reached again to see whether it was committed`,
      hint: 'run `task migrate:status` when the database is back',
      cause: e,
    });
  }
  if (fate.row === null) {
    log.landed(fate.recorded, fate.gone);
    if (fate.recorded.head.dirty) log.opened(step);
    const what = fate.recorded.head.dirty ? 'it is half done' : 'it was not committed';
    throw lost(worker, step, e, `${what}${alsoGone(fate.gone)}`);
  }
  log.finished(step, { mode: fate.row.mode ?? 'atomic', executionTimeMs: fate.row.executionTimeMs ?? 0 });
  log.landed(fate.recorded, fate.gone);
  log.warn(
    'connection_lost',
    `the connection was lost; migration ${step.migration.id} had been committed`,
    null,
  );
}

/** Replication that does not wait may lose what was committed. */
function alsoGone(gone: readonly Step[]): string {
  if (gone.length === 0) return '';
  const ids = gone.map((step) => step.migration.id).join(', ');
  return `; what had been committed before it is not in the database that answers now either: ${ids} (a standby has taken over that did not have it)`;
}

const lost = (worker: Worker, step: Step, e: SessionLost, what: string): MigrateError =>
  new MigrateError(worker.code, 'connection_lost', {
    operation: operationOf(step),
    message: `${e.message}; looked up: ${what}`,
    hint: `run ${commandFor(step)} to go on`,
    cause: e,
  });
