/** The steps of a run, one after the other or several in a message, under the lock. */

import { chosenFor } from './analysed.ts';
import { apply, type Done } from './apply.ts';
import { ALL, applyBatch, batchOf, type Listener, type Next } from './batch.ts';
import type { MigrateError } from './errors.ts';
import type { Hooks } from './hook.ts';
import { type Run, runAll, runCalls } from './hooks.ts';
import type { Job } from './job.ts';
import { look, readRecorded } from './look.ts';
import { lost, tellLoss } from './loss.ts';
import type { Layout, Step } from './migration.ts';
import { noteFailure } from './note-failure.ts';
import { isOvertaken, withItsDoing } from './overtaken.ts';
import { acquire, release } from './pg/lock.ts';
import type { Session } from './pg/session.ts';
import type { Recorded } from './recorded.ts';
import { refused } from './refused.ts';
import { afresh, type Running, SessionLost, stopIfAborted } from './send.ts';

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
  const { worker, job, log, steps, analysed, hooks } = run;
  if (steps.length > 0) await runAll(run, 'beforeAll');
  const all = steps.map(
    (step): Running => ({
      worker,
      step,
      ...chosenFor(analysed, step, job.plainOnly),
      onOpened: () => log.opened(step),
    }),
  );
  const longest = hasCalls(hooks) || worker.session.isTimed ? 1 : job.batchSize;
  let how = ALL;
  for (let next = 0; next < all.length; ) {
    const { most, alone } = how;
    const sent = alone === undefined ? batchOf(all.slice(next, next + most), longest) : [alone];
    const [{ step }] = sent as [Running];
    stopIfAborted(worker, step);
    await runCalls(run, 'beforeEach', step);
    const end = await runTogether(run, sent);
    if (end.kind !== 'on') return end.kind;
    next += end.done;
    how = end.how;
  }
  if (steps.length > 0) await runAll(run, 'afterAll');
  return 'done';
}

/** A function around each migration is called between them, so none can share a message. */
const hasCalls = ({ beforeEach, afterEach }: Hooks): boolean =>
  [...beforeEach, ...afterEach].some((hook) => hook.kind !== 'sql');

type End =
  | { readonly kind: 'on'; readonly done: number; readonly how: Next }
  | { readonly kind: 'done' | 'overtaken' };

async function runTogether(run: Run, sent: readonly Running[]): Promise<End> {
  const { log, done } = run;
  const before = done.length;
  let last: Done | null = null;
  const listener: Listener = {
    started: ({ step, mode }) => log.started(step, mode),
    withdrawn: () => log.withdrawn(),
    finished: ({ step }, end) => {
      last = end;
      done.push(step);
      log.finished(step, end);
    },
  };
  let how: Next;
  try {
    how = await runSent(sent, listener);
  } catch (e) {
    const left = sent.slice(done.length - before);
    // What a listener has thrown at the last of them.
    if (left.length === 0) throw e;
    return { kind: await afterFailure(run, left, e) };
  }
  const step = done.at(-1);
  if (last !== null && step !== undefined) {
    // It stays applied, and what follows it is due, whatever has become of the lock.
    const unlocked = await lockAgain(run, step, last).catch((e: MigrateError) => e);
    await runCalls(run, 'afterEach', step);
    if (unlocked !== null) throw unlocked;
  }
  return { kind: 'on', done: done.length - before, how };
}

async function runSent(sent: readonly Running[], listener: Listener): Promise<Next> {
  const [first, second] = sent as [Running, ...Running[]];
  if (second !== undefined) return applyBatch(sent, listener);
  listener.started(first);
  listener.finished(first, await apply(first));
  // What a plain file leaves set says also how the server reads the message behind it, to its end.
  return first.mode === 'plain' ? { most: 1 } : ALL;
}

/** `left`: of those that were sent, what is not known to be committed; the first of them has failed. */
async function afterFailure(run: Run, left: readonly Running[], e: unknown): Promise<'done' | 'overtaken'> {
  const { worker, job, log, hooks, steps, done } = run;
  const { session, envelope } = worker;
  const [{ step, mode }] = left as [Running];
  if (e instanceof SessionLost) {
    await tellLoss(
      run,
      left.map((r) => r.step),
      done,
      e,
    );
    const last = (left.at(-1) as Running).step;
    await runCalls(run, 'afterEach', last);
    if (last !== steps.at(-1)) throw lost(worker, last, e, 'the others were not begun');
    if (hooks.afterAll.length > 0)
      throw lost(worker, last, e, 'it was committed; the afterAll hooks were not run');
    return 'done';
  }
  if (await isOvertaken(worker, step, e)) {
    log.overtaken();
    return 'overtaken';
  }
  // What a plain file or a hook has set, its role for one, is not to be in the way of the look.
  await afresh(worker);
  // Not guessed from the mode.
  const after = await readAfter(session, job, envelope.ledger.layout);
  if (after === null) log.unread(step);
  else log.landed(after);
  await noteFailure(session, envelope, step, mode, e);
  throw await withItsDoing(worker, step, e);
}

/** A file that calls pg_advisory_unlock_all has let others in; before the next step we want to be alone again. */
async function lockAgain({ worker, job, log }: Run, { file }: Step, { locks }: Done): Promise<null> {
  const { lockIds: ids } = worker.envelope;
  if ((locks ?? 0) >= ids.length) return null;
  const message = 'this migration released the migration lock; it has been taken again';
  if (locks !== null) log.warn('locks_dropped', message, file?.path ?? null);
  const { lockStrategy, lockTimeoutMs: timeoutMs } = job;
  // Of no interest: "you don't own a lock of type ExclusiveLock".
  worker.session.onNotice = () => {};
  const taken = release(worker.session, ids, job).then(() =>
    acquire(worker.session, ids, { ...worker, lockStrategy, timeoutMs }),
  );
  await refused(taken, worker.code, 'take the migration lock again');
  return null;
}
