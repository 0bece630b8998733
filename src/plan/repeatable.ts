/** Repeatables in a plan: behind the last versioned file, once nothing versioned is left to do. */

import type { Migration, Step } from '../migration.ts';
import type { Head } from '../recorded.ts';
import { wordingOf } from '../sql/wording.ts';
import type { State } from '../state.ts';
import type { Plan, Situation } from './situation.ts';

/** By the text alone: whether it also says something else is for the grammar to tell. */
export function isReworded({ up, id }: Migration, { repeated }: Pick<State, 'repeated'>): boolean {
  const last = repeated.get(id);
  return last === undefined || last.isOutlived || up === null || last.checksum !== wordingOf(up);
}

/** Reverting can take along what a repeatable has made; so all are run after it. */
export const reverts = ({ steps }: Pick<Plan, 'steps'>): boolean => steps.some((s) => s.direction === 'down');

/** A view may need what only the last versioned file makes, so that a run which stops before it runs none. */
export function withRepeatables(s: Situation, plan: Plan): Plan {
  const { goal, source, state } = s;
  const todo = source.repeatable.filter((m) => reverts(plan) || isReworded(m, state));
  const isNone = goal.kind === 'down' || (goal.kind === 'up' && goal.steps === 0);
  if (isNone || plan.remaining.length > 0) return { ...plan, remaining: [...plan.remaining, ...todo] };
  const moved = plan.steps.at(-1);
  const head: Head = moved === undefined ? s.head : { version: moved.to, dirty: false };
  const steps = todo.map((migration): Step => {
    const last = state.repeated.get(migration.id) ?? null;
    const way = { direction: 'up', from: head, to: head.version } as const;
    return { migration, ...way, file: migration.up, resume: null, last };
  });
  return { ...plan, steps: [...plan.steps, ...steps] };
}
