/** What FluxStudio's users see: its status, and runs counted by file. */

import { isRepeatable } from '../migration.ts';
import type { Report } from '../report.ts';
import type { Status, StatusRow } from '../status.ts';
import { inVoice, type Voice } from './error-text.ts';
import { hookLines } from './hooks.ts';
import { parted } from './repeatable.ts';

const RULE = '='.repeat(60);

/** As its tool prints it: `51ms`, `1.23s`. */
const took = (ms: number | null): string =>
  ms === null ? 'N/A' : ms < 1000 ? `${ms}ms` : `${(ms / 1000).toFixed(2)}s`;

const files = (n: number): string => `${n} migration${n === 1 ? '' : 's'}`;

export function namedRunText(r: Report, wanted: 'up' | 'down'): string {
  const { versioned, repeated } = parted(r);
  const downs = versioned.filter((s) => s.direction === 'down');
  const ups = versioned.length - downs.length;
  const left = r.pending.length === 0 ? [] : [`${r.pending.length} pending`];
  if (r.applied.length === 0) {
    const nothing = wanted === 'up' ? 'No pending migrations' : 'No migrations to roll back';
    return [
      r.pending.length > 0 && wanted === 'up' ? 'No migrations applied' : nothing,
      ...(wanted === 'up' ? left : []),
    ].join('\n');
  }
  if (r.dryRun) {
    const done = downs.length > 0 && ups === 0 ? 'rolled back' : 'applied';
    const sides = downs.length > 0 && ups > 0;
    return [
      `Dry run - the following ${r.applied.length === 1 ? 'migration' : 'migrations'} would be ${done}:`,
      ...r.applied.map(
        (s) => `  - ${s.id}${sides ? ` (${s.direction})` : ''}${s.mode === 'atomic' ? '' : ` [${s.mode}]`}`,
      ),
      ...hookLines(r.hooks),
    ].join('\n');
  }
  const parts = [
    ...(downs.length > 0 ? [`Rolled back ${files(downs.length)}`] : []),
    ...(ups > 0 ? [`Applied ${files(ups)}`] : []),
    ...(versioned.length === 0 ? ['No pending migrations'] : []),
    ...repeated,
  ];
  return [...parts, ...(ups > 0 ? left : [])].join('\n');
}

const isApplied = ({ state }: StatusRow): boolean =>
  state === 'applied' || state === 'changed' || state === 'missing';

/** Its layout, and behind it what its tool does not see. */
export function namedStatusText(s: Status, voice: Voice): string {
  const applied = s.migrations.filter(isApplied);
  const pending = s.migrations.filter((m) => !isApplied(m));
  const attention = s.migrations.flatMap((m) => {
    const why = attentionTo(m);
    return why === null ? [] : [`  ${m.id}: ${inVoice(why, voice)}`];
  });
  return [
    'MIGRATION STATUS',
    RULE,
    '',
    'Applied Migrations:',
    ...listed(applied.map((m) => `  [x] ${m.id} (${took(m.executionTimeMs)})`)),
    '',
    'Pending Migrations:',
    ...listed(pending.map((m) => `  [ ] ${m.id}`)),
    '',
    RULE,
    `Total: ${s.migrations.filter((m) => m.state !== 'missing').length} | Applied: ${applied.length} | Pending: ${pending.length}`,
    ...(attention.length === 0 ? [] : ['Needs attention:', ...attention]),
  ].join('\n');
}

const listed = (lines: readonly string[]): readonly string[] => (lines.length === 0 ? ['  (none)'] : lines);

function attentionTo({ id, state, error }: StatusRow): string | null {
  if (state === 'failed') return `failed: ${error ?? ''}; correct it, and run \`task migrate\` again`;
  if (state === 'dirty') return 'half done: run `task migrate` to see how to go on';
  if (state === 'changed')
    return 'edited after being applied: write a new migration instead, or `task migrate -- --accept-changed`';
  if (state === 'missing' && !isRepeatable(id)) return 'recorded as applied, and its file is gone';
  return null;
}
