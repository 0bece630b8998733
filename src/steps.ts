/** The steps of a run, one after the other, under the lock. */

import { chosenFor } from './analysed.ts';
import { apply } from './apply.ts';
import { applyBatch, type Listener, together } from './batch.ts';
import { MigrateError } from './errors.ts';
import type { Hooks } from './hook.ts';
import { type Run, runAll, runCalls } from './hooks.ts';
import type { Job } from './job.ts';
import { RACED } from './ledger/journal.ts';
import type { Log } from './log.ts';
import { look, readRecorded } from './look.ts';
import { lost, tellLoss } from './loss.ts';
import type { Step } from './migration.ts';
import { noteFailure } from './note-failure.ts';
import { acquire, release } from './pg/lock.ts';
import { type Running, SessionLost, stopIfAborted, type Worker } from './send.ts';
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
  const { worker, job, steps, analysed, hooks } = run;
  if (steps.length > 0) await runAll(run, 'beforeAll');
  const all = steps.map((step): Running => ({ worker, step, ...chosenFor(analysed, step, job.plainOnly) }));
  // What a batch could not do with a migration is done with it alone.
  let isAlone = hasCalls(hooks);
  for (let next = 0; next < all.length; ) {
    const [first] = all.slice(next, next + 1) as [Running];
    stopIfAborted(worker, first.step);
    const sent = together(all.slice(next), isAlone ? 0 : job.batchSize);
    await runCalls(run, 'beforeEach', first.step);
    const end = await runTogether(run, sent, steps.slice(0, next));
    if (end.kind !== 'on') return end.kind;
    next += end.done;
    isAlone = hasCalls(hooks) || end.done < sent.length;
    if (end.done > 0) await runCalls(run, 'afterEach', (all[next - 1] as Running).step);
  }
  if (steps.length > 0) await runAll(run, 'afterAll');
  return 'done';
}

/** A function around each migration is called between them, so none can share a message. */
const hasCalls = ({ beforeEach, afterEach }: Hooks): boolean =>
  [...beforeEach, ...afterEach].some((hook) => hook.kind !== 'sql');

type End = { readonly kind: 'on'; readonly done: number } | { readonly kind: 'done' | 'overtaken' };

async function runTogether(run: Run, sent: readonly Running[], before: readonly Step[]): Promise<End> {
  const { worker, job, log, hooks, steps } = run;
  const committed: Step[] = [];
  let locks = worker.envelope.lockIds.length;
  const listener: Listener = {
    started: ({ step, mode }) => log.started(step, mode),
    notBegun: () => log.notBegun(),
    finished: ({ step, mode }, done) => {
      committed.push(step);
      locks = done.locks;
      log.finished(step, { mode, ...done });
    },
  };
  const current = () => sent[committed.length] as Running;
  try {
    await runSent(sent, listener);
  } catch (e) {
    const { step, mode } = current();
    if (e instanceof SessionLost) {
      const left = sent.slice(committed.length).map((r) => r.step);
      await tellLoss(run, left, [...before, ...committed], e);
      const last = left.at(-1) as Step;
      await runCalls(run, 'afterEach', last);
      if (last !== steps.at(-1)) throw lost(worker, last, e, 'the others were not begun');
      if (hooks.afterAll.length > 0)
        throw lost(worker, last, e, 'it was committed; the afterAll hooks were not run');
      return { kind: 'done' };
    }
    if (isOvertaken(worker, e)) return { kind: 'overtaken' };
    // Not guessed from the mode: read, with a fresh look, as the tables may be of this run.
    const after = await look(worker.session, job.door.table, worker.envelope.ledger.layout)
      .then((sight) => readRecorded(worker.session, sight))
      .catch(() => null);
    if (after !== null) log.landed(after);
    await noteFailure(worker.session, worker.envelope, step, mode, e);
    throw e;
  }
  const last = committed.at(-1);
  if (last !== undefined && locks < worker.envelope.lockIds.length) await lockAgain(worker, job, log, last);
  return { kind: 'on', done: committed.length };
}

async function runSent(sent: readonly Running[], listener: Listener): Promise<void> {
  const [first, second] = sent;
  if (first === undefined) return;
  if (second !== undefined) return applyBatch(sent, listener);
  listener.started(first);
  const done = await apply(first);
  listener.finished({ ...first, mode: done.mode }, done);
}

/** A file that calls pg_advisory_unlock_all has let others in; before the next step we want to be alone again. */
async function lockAgain(worker: Worker, job: Job, log: Log, step: Step): Promise<void> {
  const file = step.file?.path ?? null;
  log.warn('locks_dropped', 'this migration released the migration lock; it has been taken again', file);
  const { lockIds: ids } = worker.envelope;
  await release(worker.session, ids, job);
  const { lockStrategy, lockTimeoutMs: timeoutMs } = job;
  await acquire(worker.session, ids, { ...worker, lockStrategy, timeoutMs });
}
