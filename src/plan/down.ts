import type { Head, Migration, MigrationFile, Step } from '../migration.ts';
import type { Applied } from '../state.ts';
import { type Plan, refuse, type Situation, short, startOf } from './situation.ts';

/** One applied version, and the one the ledger has once it is reverted. */
interface Rung {
  readonly applied: Applied;
  readonly to: bigint | null;
}

/** `steps` null: all. */
export function planDown(s: Situation, steps: number | null): Plan {
  const rungs = ladder(s);
  const left = steps === null ? rungs.length : Math.max(0, steps - (s.resumed === null ? 0 : 1));
  const missing = left - rungs.length;
  const plan = descend(s, rungs.slice(0, left));
  const isShort = steps !== null && missing > 0 && plan.steps.length > 0;
  return isShort ? { ...plan, warnings: [short(steps, missing, 'revert')] } : plan;
}

/** Reverts until `to` is the newest that is applied. */
export function planDownTo(s: Situation, to: bigint): Plan {
  if (!s.state.applied.has(String(to))) {
    throw refuse(s, 'out_of_order', { message: `${to} is below the current version and was never applied` });
  }
  return descend(
    s,
    ladder(s).filter(({ applied }) => applied.version > to),
  );
}

export function planRedo(s: Situation): Plan {
  const down = planDown(s, 1);
  const [step] = down.steps;
  if (step === undefined) return down;
  const between: Head = { version: step.to, dirty: false };
  const again: Step = {
    ...step,
    direction: 'up',
    file: step.migration.up,
    from: between,
    to: step.from.version,
  };
  return { ...down, steps: [step, again], remaining: down.remaining.filter((m) => m !== step.migration) };
}

/** Applied versions, newest first. */
function ladder(s: Situation): readonly Rung[] {
  const { version: top } = startOf(s);
  const applied = [...s.state.applied.values()]
    .filter((a) => top !== null && a.version <= top)
    .sort((a, b) => (a.version > b.version ? -1 : 1));
  return applied.map((a, i) => ({ applied: a, to: applied[i + 1]?.version ?? null }));
}

function descend(s: Situation, rungs: readonly Rung[]): Plan {
  let from = startOf(s);
  const steps = rungs.map(({ applied, to }) => {
    const migration = migrationOf(s, applied);
    const step: Step = { migration, direction: 'down', file: downFile(s, migration), from, to, resume: null };
    from = { version: to, dirty: false };
    return step;
  });
  const all = [...(s.resumed === null ? [] : [s.resumed]), ...steps];
  const reverted = new Set(all.map((step) => step.migration.id));
  const remaining = s.source.migrations.filter((m) => !s.state.applied.has(m.id) || reverted.has(m.id));
  return { steps: all, remaining, accepted: [], warnings: [] };
}

/** A recorded migration whose files are gone is still one to revert, if its down may be empty. */
function migrationOf(s: Situation, { id, version, name }: Applied): Migration {
  return s.byVersion.get(version) ?? { id, version, name, up: null, down: null, ledgerChecksums: [] };
}

function downFile(s: Situation, m: Migration): MigrationFile | null {
  if (m.down !== null || s.allow.missingDown) return m.down;
  throw refuse(s, 'missing_down', {
    message: `migration ${m.id} ${m.name} has no down file (${s.source.origin})`,
  });
}
