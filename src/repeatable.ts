/** Which repeatables say something else than when they were run last: the grammar is asked only where the text differs. */

import { type Analysed, read } from './analysed.ts';
import { isRepeatable, type Migration } from './migration.ts';
import { isReworded, reverts } from './plan/repeatable.ts';
import type { Plan } from './plan/situation.ts';
import type { Repetition } from './recorded.ts';
import type { State } from './state.ts';

/** Where either could not be read by the grammar, the texts decide. */
const isSame = (last: Repetition | null | undefined, meaning: string | null | undefined): boolean =>
  last?.meaning != null && last.meaning === meaning && !last.isOutlived;

/** Those to run again, or for the first time. */
export async function changedOf(
  repeatable: readonly Migration[],
  state: State,
): Promise<readonly Migration[]> {
  const changed: Migration[] = [];
  for (const m of repeatable.filter((r) => isReworded(r, state))) {
    const last = state.repeated.get(m.id);
    // What runs whatever it says needs no reading.
    const isSure = last === undefined || last.isOutlived || m.up === null;
    if (isSure || !isSame(last, (await read(m.up)).analysis.meaning)) changed.push(m);
  }
  return changed;
}

/** The plan without those of which only comments or white space changed; the others with what they say. */
export async function withoutReworded(plan: Plan, analysed: Analysed, state: State): Promise<Plan> {
  const all = plan.steps.map((step) =>
    step.last === undefined || step.file === null
      ? step
      : { ...step, meaning: analysed.get(step.file)?.meaning ?? null },
  );
  if (reverts(plan)) return { ...plan, steps: all };
  const once = plan.remaining.filter((m) => !isRepeatable(m.id));
  const again = plan.remaining.filter((m) => isRepeatable(m.id));
  return {
    ...plan,
    steps: all.filter((step) => !isSame(step.last, step.meaning)),
    remaining: [...once, ...(await changedOf(again, state))],
  };
}
