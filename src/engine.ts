/**
 * The straight line from a goal to an outcome: read files, connect, look, plan; nothing to do: close. Work to do:
 * analyse, lock, look again, plan again, run, unlock, report.
 */

import { type Analysed, analyse, chosenFor } from './analysed.ts';
import { stateOf } from './applied.ts';
import { lockIds } from './config/lock-id.ts';
import { MigrateError } from './errors.ts';
import { refuseUnavailable } from './extensions.ts';
import type { Hooks } from './hook.ts';
import type { Job } from './job.ts';
import { type Log, startLog } from './log.ts';
import { look, readRecorded, type Sight } from './look.ts';
import type { Goal, Migrations } from './migration.ts';
import { noteUnread } from './note-failure.ts';
import { acquire, release } from './pg/lock.ts';
import type { Session } from './pg/session.ts';
import { hookFiles, stepHooks } from './plan/hooks.ts';
import { plan, refuseMoves } from './plan/plan.ts';
import { codeOf, commandOf, isSamePlan, type Plan } from './plan/situation.ts';
import { lockingOf, prepare, refuseLong, stateBefore } from './prepare.ts';
import type { Recorded } from './recorded.ts';
import { asMigrateError, refused } from './refused.ts';
import { withoutReworded } from './repeatable.ts';
import type { Outcome } from './report.ts';
import type { Worker } from './send.ts';
import { restore } from './session-state.ts';
import type { State } from './state.ts';
import { runSteps } from './steps.ts';

/** What stays the same for a whole command. */
interface Command {
  readonly goal: Goal;
  readonly job: Job;
  readonly source: Migrations;
  readonly hooks: Hooks;
  readonly log: Log;
}

/** What was read, before the lock or under it, and what follows from it. */
interface View {
  readonly sight: Sight;
  readonly recorded: Recorded;
  readonly state: State;
  readonly plan: Plan;
  readonly analysed: Analysed;
}

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
    await run({ goal, job, source, hooks, log }, session);
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

const isNothing = (p: Plan): boolean => p.steps.length === 0 && p.accepted.length === 0;

/** Looks, plans, and lets the grammar read what is planned. `before` spares what cannot have changed since. */
async function view(command: Command, session: Session, before: View | null): Promise<View> {
  const { job, log, source, goal, hooks } = command;
  // Where both tables were there, only their rows can have changed.
  const complete = before?.recorded.ledgerExists === true && before.recorded.journalExists;
  const sight = complete
    ? before.sight
    : await refused(
        look(session, job.door.table, source.layout),
        'MIGRATION_INIT_FAILED',
        'identify the database',
      );
  const recorded = await refused(
    readRecorded(session, sight),
    'MIGRATION_VERSION_FAILED',
    'read the version',
  );
  log.seen(recorded.head);
  const state = stateOf(recorded, source);
  const planned = plan(source, recorded.head, state, goal, job.allow);
  const setting = {
    serverVersion: sight.identity.serverVersion,
    isConforming: sight.identity.isConforming,
    code: codeOf(goal, recorded.head),
    multiStatement: job.door.multiStatement,
    emit: log.emit,
  };
  const analysed = await analyse(planned.steps, before?.analysed ?? new Map(), setting, hookFiles(hooks));
  const made = await withoutReworded(planned, analysed, state);
  if (job.lockStrategy === 'transaction')
    refuseLong(made.steps, hooks, analysed, setting.code, job.plainOnly);
  if (before === null) await refuseUnavailable(session, made.steps, analysed, setting);
  log.planned(recorded.head, made, (step) => chosenFor(analysed, step, job.plainOnly).mode);
  return { sight, recorded, state, plan: made, analysed };
}

async function underLock(command: Command, session: Session, first: View, asked: boolean): Promise<void> {
  // Where the locks are taken anew for each message, other runs come in between.
  while ((await runLocked(command, session, first, asked)) === 'overtaken') {
    if (asked) throw stop(command, first, 'raced', 'another run has gone on from here meanwhile');
  }
}

async function runLocked(
  command: Command,
  session: Session,
  first: View,
  asked: boolean,
): Promise<'done' | 'overtaken'> {
  const { job, log, goal, hooks } = command;
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
  if ((await acquire(session, ids, asked ? wait : { ...wait, settled })) === 'settled') return 'done';
  let isDone = false;
  try {
    const now = await view(command, session, first);
    if (asked && !isSamePlan(first.plan, now.plan)) {
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
        author: { tool: job.tool, run: job.newId() },
        nonce: job.newId(),
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
      analysed: now.analysed,
      identity,
    });
    isDone = true;
    return end;
  } finally {
    session.onNotice = () => {};
    // Closing an own connection would do; a lent one lives on. A lost one has nothing left to release.
    await release(session, ids, job).catch((e: Error) => {
      if (isDone) closeFailed(log, e);
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
