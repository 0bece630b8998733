/** The check that every function of the API begins with: all that is wrong with its options in one error. */

import { ALLOWED, GOAL_KIND, GOALS } from './allowed.ts';
import { MigrateError } from './errors.ts';
import { cleanIn, faultsIn, isObject, type Kind, shown } from './kind.ts';
import type { GivenGoal } from './options.ts';

/** The options without what is undefined in them. Throws CONFIG_INVALID with all that is wrong; `more` is wrong already. */
export function checked<O>(called: keyof typeof ALLOWED, options: O, more: readonly string[] = []): O {
  const table: Readonly<Record<string, Kind>> = ALLOWED[called];
  const faults = [
    ...more,
    ...(isObject(options) ? faultsIn(options, table, '', 'option') : [notAnObject(options, table)]),
  ];
  if (faults.length > 0) throw refusal(called, faults);
  return cleanIn(options as object, table) as O;
}

function notAnObject(options: unknown, table: Readonly<Record<string, Kind>>): string {
  const needed = Object.keys(table).filter((key) => table[key]?.isNeeded);
  return `its options are ${shown(options)}: an object with ${needed.join(' and ')}`;
}

/** What is wrong with what `plan` is to look at. */
export function goalFaults(goal: GivenGoal): readonly string[] {
  if (!isObject(goal)) return [`its goal is ${shown(goal)}: an object, as { kind: 'up' }`];
  const { kind } = goal;
  return Object.hasOwn(GOALS, String(kind))
    ? faultsIn(goal, GOALS[kind], 'goal.', 'key')
    : faultsIn({ kind }, { kind: GOAL_KIND }, 'goal.', 'key');
}

function refusal(called: string, faults: readonly string[]): MigrateError {
  const [only = ''] = faults;
  const operation = `read the options of ${called}`;
  // As often as not it comes from the environment.
  if (faults.length === 1 && only.startsWith('database is missing'))
    return new MigrateError('CONFIG_INVALID', 'unset', {
      operation,
      message: `${called}: ${only}`,
      hint: 'set DATABASE_URL, or what `database` comes from',
    });
  return new MigrateError('CONFIG_INVALID', 'option', {
    operation,
    message: `${called}: ${faults.length === 1 ? only : `${faults.length} problems`}`,
    details: faults.length === 1 ? [] : faults,
  });
}
