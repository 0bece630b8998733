import { type Warning, warning } from '../event.ts';
import type { Migration, Step } from '../migration.ts';
import type { Head } from '../recorded.ts';
import {
  isBelowHead,
  isChanged,
  mustExist,
  type Plan,
  refuse,
  type Situation,
  short,
  startOf,
} from './situation.ts';

/** `steps` null: no limit; `to` null: the latest. */
export function planUp(s: Situation, steps: number | null, to: bigint | null): Plan {
  const { resumed } = s;
  if (to !== null) mustExist(s, to);
  const accepted = changed(s);
  const unapplied = s.source.migrations.filter(
    (m) => !s.state.applied.has(m.id) && m.version !== resumed?.migration.version,
  );
  const late = unapplied.filter((m) => isBelowHead(s, m.version));
  if (late.length > 0 && !s.allow.outOfOrder) throw refuseLate(s, late);
  const within = unapplied.filter((m) => to === null || m.version <= to);
  const left = steps === null ? within.length : Math.max(0, steps - (resumed === null ? 0 : 1));
  const chosen = within.slice(0, left);
  const ascent = [...(resumed === null ? [] : [resumed]), ...ascend(startOf(s), chosen)];
  const warnings: Warning[] = [];
  const missing = left - within.length;
  if (steps !== null && missing > 0 && ascent.length > 0) warnings.push(short(steps, missing, 'apply'));
  for (const m of chosen.filter((m) => m.up === null)) {
    const message = `migration ${m.id} has no up file: only the version moves`;
    warnings.push(warning('missing_up', message, m.down?.path ?? null));
  }
  return {
    steps: ascent,
    remaining: unapplied.filter((m) => !chosen.includes(m)),
    accepted,
    warnings,
  };
}

function ascend(start: Head, chosen: readonly Migration[]): readonly Step[] {
  let from = start;
  return chosen.map((migration) => {
    // A late file leaves the ledger where it is: it holds the head, and the head is the highest.
    const isLate = from.version !== null && migration.version < from.version;
    const to = isLate ? from.version : migration.version;
    const step: Step = { migration, direction: 'up', file: migration.up, from, to, resume: null };
    from = { version: to, dirty: false };
    return step;
  });
}

function refuseLate(s: Situation, late: readonly Migration[]) {
  const [are, were] = late.length === 1 ? ['is', 'was'] : ['are', 'were'];
  const ids = late.map((m) => m.id).join(', ');
  const newest = s.source.migrations.at(-1)?.id ?? '';
  return refuse(s, 'out_of_order', {
    message: `${ids} ${are} below the current version ${s.head.version} and ${were} never applied`,
    details: late.map((m) => `never applied: ${(m.up ?? m.down)?.path ?? m.id}`),
    hint: `renumber above ${newest}, or run \`task migrate -- --allow-out-of-order\``,
  });
}

/** Applied files whose text is not what was recorded; refused unless they are accepted. */
export function changed(s: Situation): readonly Migration[] {
  const edited = s.source.migrations.filter(
    (m) => isChanged(m, s.state.applied.get(m.id)) && !isForeign(s, m),
  );
  if (edited.length === 0 || s.allow.changed) return edited;
  throw refuse(s, 'changed', {
    message: `${edited.map((m) => m.id).join(', ')} ${edited.length === 1 ? 'was' : 'were'} edited after being applied`,
    details: edited.map((m) => {
      const applied = s.state.applied.get(m.id)?.checksum;
      return `edited: ${m.up?.path} (applied as ${applied}, now ${applied?.length === 16 ? m.ledgerChecksums[0] : m.up?.checksum})`;
    }),
  });
}

/** Of what FluxStudio's tool has run: it stores the digest and never compares it, so many were edited. Status tells. */
const isForeign = ({ source, state }: Situation, { id }: Migration): boolean =>
  source.layout === 'named' && state.applied.get(id)?.kind === 'assumed';
