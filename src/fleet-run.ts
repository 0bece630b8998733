/** The same goal for many targets: canaries one by one, then several at once, until too many have failed. */

import type { Target } from './config/target.ts';
import { aimed } from './config/target-command.ts';
import { migrate } from './engine.ts';
import { MigrateError } from './errors.ts';
import type { Emit } from './event.ts';
import type { FleetEvent, TargetReport, TargetState } from './fleet-report.ts';
import type { Door, Job } from './job.ts';
import type { Goal } from './migration.ts';
import type { Outcome } from './report.ts';
import { identifier } from './sql/quote.ts';
import { inPlace, Turns } from './turns.ts';

export interface Fleet {
  readonly goal: Goal;
  readonly targets: readonly Target[];
  /** Run before all others. */
  readonly canaries: ReadonlySet<Target>;
  /** Done by an earlier run. */
  readonly done: ReadonlySet<Target>;
  readonly concurrency: number;
  readonly maxFailures: number;
  readonly jobFor: (target: Target, emit: Emit) => Job;
  /** To connections that targets of its group may share; null where it is to have its own. */
  readonly sharedDoor: (target: Target, emit: Emit) => Pick<Door, 'open'> | null;
  readonly emit: (event: FleetEvent) => void;
  readonly signal: AbortSignal | undefined;
  /** Milliseconds on any steady clock. */
  readonly now: () => number;
}

/**
 * What went wrong is in the reports, which are in the order of the targets. Rejects with what a function of the caller's has
 * thrown, once all that was begun has ended.
 */
export async function runFleet(fleet: Fleet): Promise<readonly TargetReport[]> {
  const { targets, canaries, done, concurrency, maxFailures } = fleet;
  const reports = new Map<Target, TargetReport>();
  const pooled = new Set<string>();
  const wanted = targets.filter((t) => !done.has(t));
  let failures = 0;
  const thrown: unknown[] = [];

  const runOne = async (target: Target, turns: Turns): Promise<void> => {
    try {
      const report = await runTarget(fleet, target, turns);
      reports.set(target, report);
      if (report.state === 'failed') failures++;
      fleet.emit({ kind: 'ended', target: report, ended: reports.size, of: wanted.length });
    } catch (e) {
      thrown.push(e);
    }
  };
  const isStopped = (most: number): boolean =>
    failures >= most || thrown.length > 0 || fleet.signal?.aborted === true;

  const first = new Turns(pooled);
  for (const target of wanted.filter((t) => canaries.has(t))) {
    if (!isStopped(1)) await runOne(target, first);
  }
  const queue = failures > 0 ? [] : wanted.filter((t) => !canaries.has(t));
  const work = async (turns: Turns): Promise<void> => {
    while (!isStopped(maxFailures)) {
      const target = nextFor(turns, queue);
      if (target === null) break;
      await runOne(target, turns);
    }
    await turns.close();
  };
  const others = Array.from({ length: Math.min(concurrency, queue.length) - 1 }, () => new Turns(pooled));
  await Promise.all([first, ...others].map(work));
  if (thrown.length > 0) throw thrown[0];
  return targets.map((t) => reports.get(t) ?? unrun(t, canaries.has(t), done.has(t)));
}

/** One that can go on with the connection that there is, before one that needs another. */
function nextFor({ group }: Turns, queue: Target[]): Target | null {
  const same = group === null ? 0 : queue.findIndex((t) => t.group === group);
  return queue.splice(Math.max(same, 0), 1)[0] ?? null;
}

const named = ({ name, id }: Target) => ({ name, id });

const unrun = (target: Target, isCanary: boolean, isDone: boolean): TargetReport => ({
  ...named(target),
  isCanary,
  state: isDone ? 'done-before' : 'not-begun',
  report: null,
  error: null,
  executionTimeMs: null,
});

async function runTarget(fleet: Fleet, target: Target, turns: Turns): Promise<TargetReport> {
  const { goal, now, emit } = fleet;
  const begun = now();
  emit({ kind: 'begun', target: named(target) });
  const job = fleet.jobFor(target, (event) => emit({ kind: 'event', target: named(target), event }));
  const door = doorOf(target, job.door, fleet.sharedDoor(target, job.emit), turns);
  const outcome = await migrate(goal, { ...job, door });
  const state = stateOf(outcome);
  if (state === 'up-to-date' || state === 'pending') turns.looked();
  return {
    ...named(target),
    isCanary: fleet.canaries.has(target),
    state,
    report: outcome.report,
    error: outcome.error === null ? null : reported(said(outcome.error, target), outcome),
    executionTimeMs: Math.round(now() - begun),
  };
}

function doorOf({ group, path }: Target, own: Door, shared: Pick<Door, 'open'> | null, turns: Turns): Door {
  const open: Door['open'] = async (layout) => {
    if (shared === null || group === null || path === null) {
      // No more connections at once than there are who work.
      await turns.close();
      return inPlace(await own.open(layout), path);
    }
    const openShared = () => shared.open(layout);
    return turns.open({ group, path, openShared, openOwn: () => own.open(layout) });
  };
  return { ...own, open };
}

function stateOf({ report, error }: Outcome): TargetState {
  if (error !== null) return 'failed';
  if (report.applied.length === 0) return 'up-to-date';
  return report.dryRun ? 'pending' : 'migrated';
}

/** As `up` would throw it. */
function reported(error: MigrateError, { report }: Outcome): MigrateError {
  error.report = report;
  return error;
}

/** In the words of a fleet. golang-migrate makes no schema either: one that is not there may be a typing error. */
function said(error: MigrateError, target: Target): MigrateError {
  const { schema } = target;
  const isMissing = error.reason === 'no_schema' && schema !== null;
  const name = identifier(schema ?? '-');
  const hint = isMissing
    ? `\`create schema ${name}\`, or \`grant usage on schema ${name}\` to the role, and run \`task migrate:fleet\` again`
    : aimed(error.hint.replaceAll(/\btask migrate(?=`| -- --a)/g, 'task migrate:fleet'), target);
  if (hint === error.hint) return error;
  const { operation, sqlstate, location, excerpt, details } = error;
  const message = isMissing ? `there is no schema ${name}, or no right to use it` : error.message;
  const common = { operation, message, sqlstate, location, excerpt, details, hint, cause: error };
  return new MigrateError(error.code, error.reason, common);
}
