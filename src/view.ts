/** What a command sees of the database, before the lock or under it, and what follows from it. */

import { type Analysed, analyse, chosenFor } from './analysed.ts';
import { stateOf } from './applied.ts';
import { refuseUnavailable } from './extensions.ts';
import type { Hooks } from './hook.ts';
import type { Job } from './job.ts';
import type { Log } from './log.ts';
import { look, readRecorded, type Sight } from './look.ts';
import type { Goal, Migrations, Step } from './migration.ts';
import type { Session } from './pg/session.ts';
import { hookFiles } from './plan/hooks.ts';
import { plan } from './plan/plan.ts';
import { codeOf, type Plan } from './plan/situation.ts';
import { refuseLong } from './prepare.ts';
import type { Recorded } from './recorded.ts';
import { refused } from './refused.ts';
import { withoutReworded } from './repeatable.ts';
import type { State } from './state.ts';

/** What stays the same for a whole command. */
export interface Command {
  readonly goal: Goal;
  readonly job: Job;
  readonly source: Migrations;
  readonly hooks: Hooks;
  readonly log: Log;
  /** As the journal calls it, and what it has done so far. */
  readonly id: string;
  readonly done: Step[];
}

/** What was read, before the lock or under it, and what follows from it. */
export interface View {
  readonly sight: Sight;
  readonly recorded: Recorded;
  readonly state: State;
  readonly plan: Plan;
  readonly analysed: Analysed;
}

export const isNothing = (p: Plan): boolean => p.steps.length === 0 && p.accepted.length === 0;

/** Looks, plans, and lets the grammar read what is planned. `before` spares what cannot have changed since. */
export async function view(command: Command, session: Session, before: View | null): Promise<View> {
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
