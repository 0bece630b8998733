/** The planner of a script: where its sentinel is not there, it is run. It has no way back, and no parts. */

import { type ErrorCode, MigrateError } from '../errors.ts';
import { type Warning, warning } from '../event.ts';
import type { Goal, Migration, Migrations, Step } from '../migration.ts';
import type { JournalRow } from '../recorded.ts';
import { isChanged, type Plan, refuse, type Situation } from './situation.ts';

const VERSIONS = 'make versioned migrations of it';
const toVersions = (path = 'PATH'): string => `\`rungs create --from-script ${path}\``;

/** Of a command that is about the version. */
export const noVersions = (code: ErrorCode, operation: string, path?: string): MigrateError =>
  new MigrateError(code, 'layout', {
    operation,
    message: `a script has no versions${path === undefined ? '' : ` (${path})`}`,
    hint: `${VERSIONS}: ${toVersions(path)}`,
  });

/** Throws where more is asked of a script than to run it. */
export function refuseMoves(goal: Goal, { layout, origin, migrations }: Migrations): void {
  if (layout !== 'script' || (goal.kind === 'up' && goal.to === null)) return;
  const what = goal.kind === 'up' || goal.kind === 'goto' ? 'versions' : 'way back';
  throw refuse({ goal, head: { version: null, dirty: false } }, 'layout', {
    message: `a script has no ${what} (${origin})`,
    hint: `${VERSIONS}: ${toVersions(migrations[0]?.up?.path)}`,
  });
}

/** Its own COMMITs are in there, and only a look at the schema tells which of them were reached. */
export const refuseHalf = (s: Situation, { name, tool, mode }: JournalRow) =>
  refuse(s, 'dirty', {
    message: `${name} is half done`,
    details: [`left by ${tool ?? 'rungs'}, mode ${mode}`],
    hint: 'look at the schema, and finish it or empty it by hand; `rungs rollback` then forgets that it was begun, and the sentinel tells again whether it is to run',
  });

export function planScript({ source, state, goal, allow, resumed }: Situation): Plan {
  const none = goal.kind === 'up' && goal.steps === 0;
  const todo = source.migrations.filter((m) => !state.applied.has(m.id));
  const edited = source.migrations.filter((m) => isChanged(m, state.applied.get(m.id)));
  const warnings = allow.changed ? [] : edited.map(warnEdited);
  const accepted = allow.changed ? edited : [];
  if (none) return { steps: [], remaining: todo, accepted, warnings };
  return { steps: resumed === null ? todo.map(stepOf) : [resumed], remaining: [], accepted, warnings };
}

/** What was added since has not been run, and only a new migration can bring it. */
const warnEdited = (m: Migration): Warning =>
  warning(
    'edited_script',
    `it was edited since it was run here, and is not run again; ${VERSIONS}: ${toVersions(m.up?.path)}`,
    m.up?.path ?? null,
  );

function stepOf(migration: Migration): Step {
  const from = { version: null, dirty: false };
  return { migration, direction: 'up', file: migration.up, from, to: null, resume: null };
}
