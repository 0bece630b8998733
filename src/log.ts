/** Keeps what happened while it happens, and tells whoever listens. */

import { stateOf } from './applied.ts';
import type { Done } from './apply.ts';
import type { MigrateError } from './errors.ts';
import { type Emit, type Warning, warn } from './event.ts';
import { type Hooks, NO_HOOKS } from './hook.ts';
import { inOrder } from './layout/named.ts';
import type { Layout, Migration, Migrations, Mode, Step } from './migration.ts';
import { afterStep, beforeStep, plannedHooks } from './plan/hooks.ts';
import type { Plan } from './plan/situation.ts';
import type { Head, Recorded } from './recorded.ts';
import {
  emptyReport,
  type HookReport,
  type MigrationRef,
  type Outcome,
  type Report,
  refOf,
  type StepReport,
} from './report.ts';
import type { State } from './state.ts';

export interface Log {
  readonly emit: Emit;
  readonly warn: (reason: string, message: string, file: string | null) => void;
  /** The plan made last is the one that counts. */
  readonly planned: (head: Head, plan: Plan, mode: (step: Step) => Mode) => void;
  /** The ledger as it was found, whatever the plan will be. */
  readonly seen: (head: Head) => void;
  readonly read: (source: Migrations, hooks: Hooks) => void;
  readonly started: (step: Step, mode: Mode) => void;
  /** What was said to have started is not on its way: it will start again, which is no news. */
  readonly withdrawn: () => void;
  /** The first of its transactions is committed, with what beforeEach did in it. */
  readonly opened: (step: Step) => void;
  readonly finished: (step: Step, done: Pick<Done, 'mode' | 'executionTimeMs'>) => void;
  /** One that is in no step of its own. */
  readonly hooked: (hook: HookReport) => void;
  /** Another run came first: what was started was not run, and its hooks were called for nothing. */
  readonly overtaken: () => void;
  /** Sent, and its outcome cannot be found out. */
  readonly unknown: (step: Step) => void;
  /** The ledger and the journal as they were read after a failure, and which steps have gone since they were finished. */
  readonly landed: (recorded: Recorded, gone?: readonly Step[]) => void;
  /** A failure, behind which neither could be read. */
  readonly unread: (step: Step) => void;
  readonly outcome: (error: MigrateError | null) => Outcome;
}

const named = ({ migration, direction, file }: Step) => ({
  ...refOf(migration),
  direction,
  file: file?.path ?? null,
});

export function startLog(job: { readonly emit: Emit; readonly dryRun: boolean }): Log {
  let layout: Layout = 'pairs';
  let hooks: Hooks = NO_HOOKS;
  const ran: HookReport[] = [];
  /** How many of them at the end are of a migration that has not been run yet. */
  let early = 0;
  const warnings: Warning[] = [];
  let applied: StepReport[] = [];
  const unknown: Step[] = [];
  let from: Head = { version: null, dirty: false };
  let now: Head = from;
  let steps: readonly Step[] = [];
  let remaining: readonly Migration[] = [];
  let modes: (step: Step) => Mode = () => 'atomic';
  let current: Step | null = null;
  let announced: Step | null = null;
  let isOpened = false;
  let isRead = true;
  /** How many were applied before the plan was made. */
  let before = 0;
  /** By id, what was applied when the database was last read: another run may have gone on where this one was cut short. */
  let standing: State['applied'] | null = null;

  const emit: Emit = (event) => {
    if (event.kind === 'warning') {
      // A plan is made twice; what it warns of is told once.
      if (warnings.some((w) => w.message === event.warning.message && w.file === event.warning.file)) return;
      warnings.push(event.warning);
    }
    job.emit(event);
  };

  const opened = (step: Step): void => {
    if (!isOpened) ran.push(...beforeStep(hooks, step));
    isOpened = true;
  };

  return {
    emit,
    warn: (reason, message, file) => warn(emit, reason, message, file),
    planned: (head, plan, mode) => {
      // A plan after the first steps: another run came in between.
      if (applied.length === 0) from = head;
      now = head;
      current = null;
      before = applied.length;
      standing = null;
      steps = plan.steps;
      remaining = plan.remaining;
      modes = mode;
      for (const warning of plan.warnings) emit({ kind: 'warning', warning });
    },
    read: (source, found) => {
      layout = source.layout;
      hooks = found;
      if (layout === 'script') emit({ kind: 'initializing' });
    },
    seen: (head) => {
      if (applied.length === 0) from = head;
      now = head;
    },
    started: (step, mode) => {
      current = step;
      isOpened = false;
      if (announced === step) return;
      announced = step;
      const { id, name } = step.migration;
      const resumedAt = step.resume === null ? null : step.resume.doneStatements.length + 1;
      emit({ kind: 'started', id, name, direction: step.direction, mode, resumedAt });
    },
    opened,
    finished: (step, { mode, executionTimeMs }) => {
      current = null;
      now = { version: step.to, dirty: false };
      applied.push({ ...named(step), mode, executionTimeMs });
      early = 0;
      opened(step);
      ran.push(...afterStep(hooks, step));
      const { id, name } = step.migration;
      emit({ kind: 'finished', id, name, direction: step.direction, mode, executionTimeMs });
    },
    hooked: (hook) => {
      if (hook.hook === 'beforeEach') early++;
      ran.push(hook);
    },
    withdrawn: () => {
      current = null;
    },
    overtaken: () => {
      current = null;
      ran.splice(ran.length - early);
      early = 0;
    },
    unknown: (step) => {
      current = null;
      unknown.push(step);
    },
    landed: (recorded, gone = []) => {
      now = recorded.head;
      const ids = new Set(gone.map((s) => s.migration.id));
      applied = applied.filter((s) => !ids.has(s.id));
      const migrations = [...steps.map((s) => s.migration), ...remaining];
      standing = stateOf(recorded, { layout, migrations }).applied;
    },
    unread: ({ migration, file }) => {
      isRead = false;
      const message = `the version could not be read after migration ${migration.id} had failed: whether anything of it was committed is not known`;
      warn(emit, 'not_looked_up', message, file?.path ?? null);
    },
    outcome: (error) => {
      const isThere = layout === 'script' && steps.length === 0 && remaining.length === 0;
      if (isThere && error === null) emit({ kind: 'initialized' });
      return { report: job.dryRun ? dryReport() : report(), error };
    },
  };

  function dryReport(): Report {
    const to = steps.at(-1);
    const planned = steps.map((s) => ({
      ...named(s),
      mode: modes(s),
      executionTimeMs: null,
    }));
    const after = to === undefined ? from : { version: to.to, dirty: false };
    const pending = pendingAfter([], remaining);
    return { ...common(after), dryRun: true, applied: planned, hooks: plannedHooks(hooks, steps), pending };
  }

  function report(): Report {
    const done = applied.length - before;
    const undone = steps.slice(done);
    const failed = current;
    const unapplied =
      standing === null
        ? pendingAfter(undone, remaining)
        : notIn(standing, [...steps.map((s) => s.migration), ...remaining]);
    return {
      ...common(now),
      applied,
      hooks: ran,
      failed:
        failed === null
          ? null
          : { ...refOf(failed.migration), direction: failed.direction, rolledBack: isRead && !now.dirty },
      notReached: undone.filter((s) => s !== failed && !unknown.includes(s)).map((s) => refOf(s.migration)),
      unknown: unknown.map((s) => refOf(s.migration)),
      // What may have been committed is not to be called unapplied, nor what may have been reverted.
      pending: unapplied.filter((m) => !unknown.some((s) => s.migration.id === m.id)),
    };
  }

  function common(after: Head): Report {
    return { ...emptyReport, layout, from: from.version, to: after.version, dirty: after.dirty, warnings };
  }
}

/** What is unapplied, as it was read. */
function notIn(standing: State['applied'], all: readonly Migration[]): readonly MigrationRef[] {
  const unapplied = new Map(all.filter((m) => !standing.has(m.id)).map((m) => [m.id, m]));
  return [...unapplied.values()].sort(inOrder).map(refOf);
}

/** What is unapplied: what the plan left, and the planned ups that were not done. */
function pendingAfter(undone: readonly Step[], remaining: readonly Migration[]): readonly MigrationRef[] {
  const all = new Map(remaining.map((m) => [m.id, m]));
  for (const s of undone) {
    if (s.direction === 'up') all.set(s.migration.id, s.migration);
    else all.delete(s.migration.id);
  }
  return [...all.values()].sort(inOrder).map(refOf);
}
