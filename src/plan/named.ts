/** The planner of a ledger with a row for each name: what has no row is pending, and the rows' order is the way back. */

import { warning } from '../event.ts';
import type { Migration, MigrationFile, Step } from '../migration.ts';
import type { Applied } from '../state.ts';
import { type Plan, refuse, type Situation, short } from './situation.ts';
import { changed } from './up.ts';

/** There is no number to move. */
const NOWHERE = { from: { version: null, dirty: false }, to: null, resume: null } as const;

export function planNamed(s: Situation): Plan {
  const { goal } = s;
  if (goal.kind === 'up') return planUp(s, goal.steps, goal.to);
  if (goal.kind === 'down') return planDown(s, goal.steps);
  if (goal.kind === 'redo') return planRedo(s);
  mustHaveNumber(s, goal.to);
  const above = newestFirst(s).filter((a) => a.version > goal.to);
  return above.length > 0 ? descend(s, above) : planUp(s, null, goal.to);
}

function planUp(s: Situation, steps: number | null, to: bigint | null): Plan {
  if (to !== null) mustHaveNumber(s, to);
  const { resumed } = s;
  const accepted = changed(s);
  const unapplied = pending(s).filter((m) => m.id !== resumed?.migration.id);
  const within = unapplied.filter((m) => to === null || m.version <= to);
  const left = steps === null ? within.length : Math.max(0, steps - (resumed === null ? 0 : 1));
  const chosen = within.slice(0, left);
  const ups = chosen.map((m): Step => ({ ...NOWHERE, migration: m, direction: 'up', file: m.up }));
  const all = [...(resumed === null ? [] : [resumed]), ...ups];
  const missing = left - within.length;
  const late = chosen.filter((m) => [...s.state.applied.values()].some((a) => a.version > m.version));
  return {
    steps: all,
    remaining: unapplied.filter((m) => !chosen.includes(m)),
    accepted,
    warnings: [
      ...(steps !== null && missing > 0 && all.length > 0 ? [short(steps, missing, 'apply')] : []),
      ...late.map((m) =>
        warning('out_of_order', `${m.id} is run after files with higher numbers`, m.up?.path ?? null),
      ),
    ],
  };
}

function planDown(s: Situation, steps: number | null): Plan {
  const rungs = newestFirst(s).filter((a) => a.id !== s.resumed?.migration.id);
  const left = steps === null ? rungs.length : Math.max(0, steps - (s.resumed === null ? 0 : 1));
  const plan = descend(s, rungs.slice(0, left));
  const missing = left - rungs.length;
  const isShort = steps !== null && missing > 0 && plan.steps.length > 0;
  return isShort ? { ...plan, warnings: [short(steps, missing, 'revert')] } : plan;
}

function planRedo(s: Situation): Plan {
  const down = planDown(s, 1);
  const [step] = down.steps;
  if (step === undefined) return down;
  const again: Step = { ...step, direction: 'up', file: step.migration.up };
  return { ...down, steps: [step, again], remaining: down.remaining.filter((m) => m !== step.migration) };
}

/** In the order in which they were recorded, the last one first. */
const newestFirst = ({ state }: Situation): readonly Applied[] => [...state.applied.values()].reverse();

const pending = ({ source, state }: Situation): readonly Migration[] =>
  source.migrations.filter((m) => !state.applied.has(m.id));

function descend(s: Situation, rungs: readonly Applied[]): Plan {
  const steps = rungs.map((applied): Step => {
    const migration = migrationOf(s, applied);
    return { ...NOWHERE, migration, direction: 'down', file: downFile(s, migration) };
  });
  const all = [...(s.resumed === null ? [] : [s.resumed]), ...steps];
  const reverted = new Set(all.map((step) => step.migration.id));
  const remaining = s.source.migrations.filter((m) => !s.state.applied.has(m.id) || reverted.has(m.id));
  return { steps: all, remaining, accepted: [], warnings: [] };
}

function migrationOf({ source }: Situation, { id, version }: Applied): Migration {
  const found = source.migrations.find((m) => m.id === id);
  return found ?? { id, version, name: '', up: null, down: null, ledgerChecksums: [] };
}

function downFile(s: Situation, m: Migration): MigrationFile | null {
  if (m.down !== null || s.allow.missingDown) return m.down;
  throw refuse(s, 'missing_down', {
    message: `${m.id} has no down part (${s.source.origin})`,
    hint: 'write it behind a `-- rungs: down` line; `rungs rollback` forgets the last record and reverses nothing',
  });
}

function mustHaveNumber(s: Situation, version: bigint): void {
  if (s.source.migrations.some((m) => m.version === version)) return;
  throw refuse(s, 'not_found', { message: `no migration has the number ${version} (${s.source.origin})` });
}
