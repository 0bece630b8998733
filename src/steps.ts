/** The steps of a run, one after the other, under the lock. */

import { chosenFor } from './analysed.ts';
import { apply } from './apply.ts';
import { MigrateError } from './errors.ts';
import { commandFor, operationOf } from './failure.ts';
import { type Run, runAll, runCalls } from './hooks.ts';
import type { Job } from './job.ts';
import type { Log } from './log.ts';
import { look, readRecorded } from './look.ts';
import type { Step } from './migration.ts';
import { noteFailure } from './note-failure.ts';
import { acquire, release } from './pg/lock.ts';
import { findOut } from './recover.ts';
import { SessionLost, stopIfAborted, type Worker } from './send.ts';

/** Runs each step, and after a failure finds out where that has left the database. */
export async function runSteps(run: Run): Promise<void> {
  const { worker, job, log, steps, analysed, hooks } = run;
  if (steps.length > 0) await runAll(run, 'beforeAll');
  for (const step of steps) {
    const { analysis, mode } = chosenFor(analysed, step, job.plainOnly);
    stopIfAborted(worker, step);
    await runCalls(run, 'beforeEach', step);
    log.started(step, mode);
    try {
      const done = await apply({ worker, step, analysis, mode });
      log.finished(step, done);
      if (done.locks < worker.envelope.lockIds.length) await lockAgain(worker, job, log, step);
    } catch (e) {
      if (e instanceof SessionLost) {
        await tellLoss(worker, job, log, step, e);
        await runCalls(run, 'afterEach', step);
        if (step !== steps.at(-1)) throw lost(worker, step, e, 'the others were not begun');
        if (hooks.afterAll.length > 0)
          throw lost(worker, step, e, 'it was committed; the afterAll hooks were not run');
        return;
      }
      // Not guessed from the mode: read, with a fresh look, as the tables may be of this run.
      const after = await look(worker.session, job.door.table, worker.envelope.ledger.layout)
        .then((sight) => readRecorded(worker.session, sight))
        .catch(() => null);
      if (after !== null) log.landed(after.head);
      await noteFailure(worker.session, worker.envelope, step, mode, e);
      throw e;
    }
    await runCalls(run, 'afterEach', step);
  }
  if (steps.length > 0) await runAll(run, 'afterAll');
}

/** A file that calls pg_advisory_unlock_all has let others in; before the next step we want to be alone again. */
async function lockAgain(worker: Worker, job: Job, log: Log, step: Step): Promise<void> {
  const file = step.file?.path ?? null;
  log.warn('locks_dropped', 'this migration released the migration lock; it has been taken again', file);
  const { lockIds: ids } = worker.envelope;
  await release(worker.session, ids);
  await acquire(worker.session, ids, { ...worker, timeoutMs: job.lockTimeoutMs });
}

/** Returns where the step turned out to be committed. */
async function tellLoss(worker: Worker, job: Job, log: Log, step: Step, e: SessionLost): Promise<void> {
  const fate = await findOut(worker, job, step);
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
    log.landed(fate.head);
    throw lost(worker, step, e, fate.head.dirty ? 'it is half done' : 'it was not committed');
  }
  log.finished(step, { mode: fate.row.mode ?? 'atomic', executionTimeMs: fate.row.executionTimeMs ?? 0 });
  log.warn(
    'connection_lost',
    `the connection was lost; migration ${step.migration.id} had been committed`,
    null,
  );
}

const lost = (worker: Worker, step: Step, e: SessionLost, what: string): MigrateError =>
  new MigrateError(worker.code, 'connection_lost', {
    operation: operationOf(step),
    message: `${e.message}; looked up: ${what}`,
    hint: `run ${commandFor(step)} to go on`,
    cause: e,
  });
