/** Runs the hooks that are in no migration's transaction: those of the whole run, and functions around each one. */

import { tryAgain } from './again.ts';
import { type Analysed, chosenFor } from './analysed.ts';
import { type ErrorDetails, MigrateError } from './errors.ts';
import { commandFor } from './failure.ts';
import type { FileMessage } from './file-message.ts';
import type { Hook, HookName, HookPlan, Hooks, SqlHook } from './hook.ts';
import { hookFailure, hookOperation, nextOfAll } from './hook-failure.ts';
import { hookAt, placeIn } from './hook-text.ts';
import type { Job } from './job.ts';
import type { Log } from './log.ts';
import * as messages from './messages.ts';
import type { Direction, Goal, MigrationFile, Step } from './migration.ts';
import { hookedStep, hookReport } from './plan/hooks.ts';
import { commandOf } from './plan/situation.ts';
import { SessionLost, sendAs, settle, unlessCancelled, type Worker } from './send.ts';
import { withoutSecrets } from './sql/filled.ts';

/** A run under the lock, and what its hooks are told of it. */
export interface Run {
  readonly worker: Worker;
  readonly job: Job;
  readonly log: Log;
  readonly goal: Goal;
  readonly hooks: Hooks;
  readonly steps: readonly Step[];
  /** What the command has done so far, also of plans that another run has overtaken; grows. */
  readonly done: Step[];
  readonly analysed: Analysed;
  readonly identity: { readonly database: string };
}

/** In the order in which they are listed, each SQL in a transaction of its own. */
export async function runAll(r: Run, name: 'beforeAll' | 'afterAll'): Promise<void> {
  for (const hook of r.hooks[name]) {
    await timed(r, name, hook, null, () =>
      hook.kind === 'sql' ? runSql(r, name, hook.file) : call(r, name, hook, null),
    );
  }
}

/** The functions alone: SQL is in the migration's own message. */
export async function runCalls(r: Run, name: 'beforeEach' | 'afterEach', step: Step): Promise<void> {
  for (const hook of r.hooks[name]) {
    if (hook.kind !== 'sql') await timed(r, name, hook, step, () => call(r, name, hook, step));
  }
}

async function timed(
  r: Run,
  hook: HookName,
  what: Hook,
  step: Step | null,
  work: () => Promise<void>,
): Promise<void> {
  const { worker, log } = r;
  if (worker.signal?.aborted === true)
    throw failed(r, hook, step, 'cancelled', 'cancelled before it was run');
  const told = { hook, runs: what.kind, name: what.name, migration: step?.migration.id ?? null };
  log.emit({ kind: 'hook', ...told });
  const begun = worker.now();
  await work();
  const executionTimeMs = Math.round(worker.now() - begun);
  log.hooked(hookReport(hook, what, step, executionTimeMs));
  log.emit({ kind: 'hook-finished', ...told, executionTimeMs });
}

async function call(
  r: Run,
  name: HookName,
  hook: Exclude<Hook, { kind: 'sql' }>,
  step: Step | null,
): Promise<void> {
  const { signal } = r.worker;
  try {
    await hook.run(planFor(r, name, step), signal);
  } catch (e) {
    const reason = signal?.aborted === true ? 'cancelled' : 'hook';
    const said = e instanceof Error ? e.message : String(e);
    const called = hook.kind === 'command' ? `\`${hook.name}\`` : hook.name;
    const { location } = hook;
    throw failed(r, name, step, reason, `${called}: ${said}`, { cause: e, location });
  }
}

async function runSql(r: Run, name: HookName, file: MigrationFile): Promise<void> {
  const { worker } = r;
  const analysis = r.analysed.get(file);
  if (analysis === undefined) throw new Error(`the hook ${file.path} was not read`);
  const hook: SqlHook = { hook: name, file, analysis };
  const files = [...r.analysed.keys()];
  const message = messages.alongside(worker.envelope, [hook]);
  worker.session.onNotice = ({ severity, message }) =>
    worker.emit({ kind: 'notice', severity, message: withoutSecrets(files, message), id: null });
  const called = { id: name, name: file.path, direction: directionOf(r) };
  const operation = hookOperation(name, null);
  const tried = { worker, called, operation, isRead: analysis.parsed, next: nextOf(r, name, null) };
  const { tags } = await tryAgain(tried, async (canLetGo) => {
    try {
      return await sendAs(worker, () => called, message, false, canLetGo);
    } catch (e) {
      throw await sqlFailed(r, hook, message, e);
    }
  });
  if (tags.at(-1) !== 'COMMIT')
    throw failed(r, name, null, 'hook', `the transaction of ${file.path} did not end with COMMIT`);
}

const directionOf = ({ steps }: Run): Direction => steps[0]?.direction ?? 'up';

async function sqlFailed(r: Run, hook: SqlHook, message: FileMessage, e: unknown): Promise<MigrateError> {
  const { worker, goal, analysed } = r;
  try {
    const refused = await settle(worker, e, message, [...analysed.keys()]);
    const place = hookAt(refused, message, worker.encoding) ?? placeIn(hook, null);
    const error = hookFailure(worker.code, refused, place, { again: commandOf(goal) });
    return unlessCancelled(worker, error, nextOf(r, hook.hook, null));
  } catch (lost) {
    if (!(lost instanceof SessionLost)) throw lost;
    const said = `${lost.message}; it is not known whether the hook was committed`;
    return failed(r, hook.hook, null, 'connection_lost', said, { cause: lost });
  }
}

function failed(
  r: Run,
  hook: HookName,
  step: Step | null,
  reason: 'hook' | 'cancelled' | 'connection_lost',
  message: string,
  more: Pick<ErrorDetails, 'cause' | 'location'> = {},
): MigrateError {
  const operation = hookOperation(hook, step);
  const next = nextOf(r, hook, step);
  return new MigrateError(r.worker.code, reason, {
    operation,
    message,
    hint: reason === 'hook' ? `correct it, and ${next}` : next,
    ...more,
  });
}

function nextOf({ goal }: Run, hook: HookName, step: Step | null): string {
  if (step === null) return nextOfAll(hook, commandOf(goal));
  const { id } = step.migration;
  if (hook === 'beforeEach') return `run ${commandFor(step)} again: migration ${id} was not begun`;
  const done = step.direction === 'up' ? 'applied' : 'reverted';
  return `run it by hand: migration ${id} is ${done}, and stays so; ${commandFor(step)} goes on with the next`;
}

function planFor(
  { goal, identity, job, steps, analysed, worker }: Run,
  hook: HookName,
  step: Step | null,
): HookPlan {
  const told = (s: Step) => hookedStep(s, chosenFor(analysed, s, job.plainOnly).mode);
  return {
    hook,
    command: goal.kind,
    database: identity.database,
    layout: worker.envelope.ledger.layout,
    from: steps[0]?.from.version ?? null,
    to: steps.at(-1)?.to ?? null,
    migration: step === null ? null : told(step),
    migrations: steps.map(told),
  };
}
