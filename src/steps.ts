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
import type { Step } from './migration.ts';
import { noteFailure } from './note-failure.ts';
import { acquire, release } from './pg/lock.ts';
import { findOut } from './recover.ts';
import { refused } from './refused.ts';
import { SessionLost, stopIfAborted, type Worker } from './send.ts';
import { LOCKED } from './sql/advisory.ts';

/** Another run has the locks, or has been there meanwhile; where each message takes them for itself, that is no failure. */
const isOvertaken = ({ envelope }: Worker, e: unknown): boolean =>
  envelope.perMessage !== null &&
  e instanceof MigrateError &&
  (e.sqlstate === LOCKED || e.sqlstate === RACED);

/**
 * Runs each step, and after a failure finds out where that has left the database. `overtaken`: what is left has to be
 * planned anew.
 */
export async function runSteps(run: Run): Promise<'done' | 'overtaken'> {
  const { worker, job, log, steps, analysed, hooks } = run;
  if (steps.length > 0) await runAll(run, 'beforeAll');
  for (const [i, step] of steps.entries()) {
    const { analysis, mode } = chosenFor(analysed, step, job.plainOnly);
    stopIfAborted(worker, step);
    await runCalls(run, 'beforeEach', step);
    log.started(step, mode);
    let done: Done;
    try {
      done = await apply({ worker, step, analysis, mode, onOpened: () => log.opened(step) });
    } catch (e) {
      if (e instanceof SessionLost) {
        await tellLoss(worker, job, log, step, steps.slice(0, i), e);
        await runCalls(run, 'afterEach', step);
        if (step !== steps.at(-1)) throw lost(worker, step, e, 'the others were not begun');
        if (hooks.afterAll.length > 0)
          throw lost(worker, step, e, 'it was committed; the afterAll hooks were not run');
        return 'done';
      }
      if (isOvertaken(worker, e)) return 'overtaken';
      // What a plain file or a hook has set, its role for one, is not to be in the way of the look.
      const { session, envelope } = worker;
      if (envelope.perMessage === null) await session.send(envelope.cleanUp.join('; ')).catch(() => {});
      // Not guessed from the mode: read, with a fresh look, as the tables may be of this run.
      const after = await look(worker.session, job.door.table, worker.envelope.ledger.layout)
        .then((sight) => readRecorded(worker.session, sight))
        .catch(() => null);
      if (after === null) log.unread(step);
      else log.landed(after);
      await noteFailure(worker.session, worker.envelope, step, mode, e);
      throw e;
    }
    log.finished(step, done);
    // It stays applied, and what follows it is due, whatever has become of the lock.
    const unlocked = await lockAgain(worker, job, log, step, done).catch((e: MigrateError) => e);
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
