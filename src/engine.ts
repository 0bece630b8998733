import { lockIds } from './config/lock-id.ts';
import { MigrateError } from './errors.ts';
import type { Job } from './job.ts';
import { type Log, startLog } from './log.ts';
import { look } from './look.ts';
import type { Goal } from './migration.ts';
import { noteUnread } from './note-failure.ts';
import { acquire, release } from './pg/lock.ts';
import type { Session } from './pg/session.ts';
import { stepHooks } from './plan/hooks.ts';
import { refuseMoves } from './plan/plan.ts';
import { codeOf, commandOf, counts, goesBack, isSamePlan, type Plan, partly } from './plan/situation.ts';
import { lockingOf, prepare, stateBefore } from './prepare.ts';
import { asMigrateError } from './refused.ts';
import type { Outcome } from './report.ts';
import type { Worker } from './send.ts';
import { restore } from './session-state.ts';
import { readAfter, runSteps } from './steps.ts';
import { type Command, isNothing, type View, view } from './view.ts';

/** Moves the database to the goal. Never rejects: what went wrong is in the outcome. */
export async function migrate(goal: Goal, job: Job): Promise<Outcome> {
  const log = startLog(job);
  let session: Session | null = null;
  let error: MigrateError | null = null;
  try {
    const source = await job.source();
    refuseMoves(goal, source);
    const hooks = await job.hooks();
    log.read(source, hooks);
    for (const { path, why } of source.ignored) log.warn('ignored_file', `not run: ${why}`, path);
    session = await job.door.open(source.layout);
    await run({ goal, job, source, hooks, log, id: job.newId(), done: [] }, session);
  } catch (e) {
    error = asMigrateError(e, 'MIGRATION_INIT_FAILED', 'get ready to migrate');
    if (session !== null && error.reason === 'syntax') await noteUnread(session, job, error);
  }
  await close(session, log, error);
  return log.outcome(error);
}

async function run(command: Command, session: Session): Promise<void> {
  const { job } = command;
  const first = await firstView(command, session);
  if (job.dryRun || isNothing(first.plan)) return;
  const confirmed = await job.confirm(first.plan.steps, first.sight.identity.database);
  if (job.signal?.aborted)
    throw stop(command, first, 'cancelled', 'ended at the question; nothing was changed');
  if (confirmed === 'no') throw stop(command, first, 'declined', 'the answer was no; nothing was changed');
  await underLock(command, session, first, confirmed === 'yes');
}

/** Dirty is also how another run’s version looks while that run is half-way: it is judged once nobody holds the lock. */
async function firstView(command: Command, session: Session): Promise<View> {
  const { job, log } = command;
  try {
    return await view(command, session, null);
  } catch (e) {
    if (job.dryRun || !(e instanceof MigrateError) || e.reason !== 'dirty') throw e;
    const { identity, place } = await look(session, job.door.table, command.source.layout);
    const ids = lockIds({ ...place, database: identity.database, urlPath: job.door.urlPath });
    const { lockStrategy, lockTimeoutMs: timeoutMs, now, signal } = job;
    await acquire(session, ids, { lockStrategy, code: e.code, timeoutMs, now, emit: log.emit, signal });
    try {
      return await view(command, session, null);
    } finally {
      await release(session, ids, job).catch(() => {});
    }
  }
}

async function underLock(command: Command, session: Session, first: View, asked: boolean): Promise<void> {
  const { goal, job, log, source, done } = command;
  let expected = asked ? first.plan : null;
  for (;;) {
    const overtaken = await runLocked(command, session, first, expected);
    if (overtaken === null) return;
    // Where the locks are taken anew for each message, other runs come in between. Who counts, or has agreed to a list,
    // has not asked for what there would be to do from here.
    if (done.length > 0 && (asked || counts(goal))) {
      const recorded = await readAfter(session, job, source.layout);
      if (recorded !== null) log.landed(recorded);
      throw partly({ goal, head: overtaken.recorded.head }, done.length, overtaken.plan.steps.length);
    }
    // Nobody has seen what else would be reverted.
    expected = asked || goesBack(goal) ? overtaken.plan : null;
  }
}

/** `expected`: no other plan is run. Returns what another run has overtaken; null where all is done. */
async function runLocked(
  command: Command,
  session: Session,
  first: View,
  expected: Plan | null,
): Promise<View | null> {
  const { job, log, goal, hooks, done } = command;
  const { identity, place, ledger } = first.sight;
  const code = codeOf(goal, first.recorded.head);
  const ids = lockIds({ ...place, database: identity.database, urlPath: job.door.urlPath });
  const sessionState = await stateBefore(session, job, identity.canWatch);
  // While another run is half-way, a look can find it dirty; that is not ours to judge yet.
  const settled = () =>
    view(command, session, first).then(
      (v) => isNothing(v.plan),
      () => false,
    );
  const wait = { ...job, code, timeoutMs: job.lockTimeoutMs, emit: log.emit };
  if ((await acquire(session, ids, expected === null ? { ...wait, settled } : wait)) === 'settled')
    return null;
  let isDone = false;
  try {
    const now = await view(command, session, first);
    if (expected !== null && !isSamePlan(expected, now.plan)) {
      throw stop(command, now, 'raced', 'the database changed before the run could begin; nothing was run');
    }
    const worker: Worker = {
      skipDuplicates: job.skipDuplicates,
      session,
      code,
      encoding: identity.encoding,
      emit: log.emit,
      now: job.now,
      signal: job.signal,
      patience: job.patience,
      beside: job.door.beside,
      multiStatement: job.door.multiStatement,
      envelope: {
        place,
        ledger,
        author: { tool: job.tool, run: command.id },
        nonce: job.newId(),
        application: identity.application,
        ...(await lockingOf(session, ids, sessionState, identity.canWatch)),
        hooks: stepHooks(hooks, now.analysed),
        statementLockMs: identity.hasLockTimeout ? 0 : job.patience.timeoutMs,
      },
    };
    if (!isNothing(now.plan)) await prepare(worker, now);
    if (job.lockStrategy === 'transaction') await release(session, ids, job);
    const end = await runSteps({
      worker,
      job,
      log,
      goal,
      hooks,
      ...now.plan,
      done,
      analysed: now.analysed,
      identity,
    });
    isDone = true;
    return end === 'done' ? null : now;
  } finally {
    session.onNotice = () => {};
    // Closing an own connection would do; a lent one lives on. A lost one has nothing left to release.
    await release(session, ids, job).catch((e: Error) => {
      if (isDone && !session.isLossTold) closeFailed(log, e);
    });
    if (sessionState?.lent) await session.send(restore(sessionState)).catch(() => {});
  }
}

function stop(
  { goal }: Command,
  { recorded }: View,
  reason: 'cancelled' | 'declined' | 'raced',
  message: string,
): MigrateError {
  const hint = reason === 'declined' ? {} : { hint: `run \`${commandOf(goal)}\` again` };
  return new MigrateError(codeOf(goal, recorded.head), reason, {
    operation: 'confirm the run',
    message,
    ...hint,
  });
}

/** All work is done by then: a failure to close is worth a warning, no more. */
async function close(session: Session | null, log: Log, error: MigrateError | null): Promise<void> {
  try {
    await session?.close();
  } catch (e) {
    if (error === null) closeFailed(log, e as Error);
  }
}

const closeFailed = (log: Log, e: Error): void =>
  log.warn('close_failed', `MIGRATION_CLOSE_FAILED: ${e.message}`, null);
