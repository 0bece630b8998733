/** What is on disk joined with what is recorded: one row for each migration known to either. */

import { inOrder } from './layout/named.ts';
import { idOf } from './ledger/journal.ts';
import type { Layout, Migration, Migrations } from './migration.ts';
import { isChanged } from './plan/situation.ts';
import type { Recorded } from './recorded.ts';
import type { Applied, State } from './state.ts';

export type MigrationState =
  | 'applied'
  | 'pending'
  | 'missing'
  | 'changed'
  | 'out-of-order'
  | 'dirty'
  /** Pending, and its last run failed (named only). */
  | 'failed';

export interface StatusRow {
  readonly id: string;
  /** Null: of a repeatable. */
  readonly version: bigint | null;
  readonly name: string;
  readonly state: MigrationState;
  readonly appliedAt: string | null;
  readonly executionTimeMs: number | null;
  readonly appliedBy: string | null;
  /** Of the file as it is now; of the text that was applied where the file is missing. */
  readonly checksum: string | null;
  /** The up file, or the down file where there is no other. */
  readonly path: string | null;
  /** What the server said, of a failed one. */
  readonly error: string | null;
}

export interface Status {
  readonly layout: Layout;
  /** Of a script, as it is written in the configuration; else null. */
  readonly sentinel: string | null;
  readonly version: bigint | null;
  readonly dirty: boolean;
  readonly migrations: readonly StatusRow[];
  readonly counts: Readonly<Record<MigrationState, number>>;
  /** Of a half-done file: how many statements are done, and whether `task migrate` goes on by itself. */
  readonly unfinished: { readonly id: string; readonly done: number; readonly resumable: boolean } | null;
}

/** `changed`: the repeatables that a run would run. */
export function statusOf(
  source: Migrations,
  recorded: Recorded,
  state: State,
  sentinel: string | null,
  changed: readonly Migration[],
): Status {
  const { head } = recorded;
  const half = halfDone(recorded, state);
  const failures = failuresIn(recorded);
  const rows: (StatusRow & { readonly version: bigint })[] = source.migrations.map((m) => {
    const applied = state.applied.get(m.id);
    const error = applied === undefined ? (failures.get(m.id) ?? null) : null;
    const at: MigrationState =
      m.id === half
        ? 'dirty'
        : applied !== undefined
          ? isChanged(m, applied)
            ? 'changed'
            : 'applied'
          : error !== null
            ? 'failed'
            : head.version !== null && m.version < head.version
              ? 'out-of-order'
              : 'pending';
    const of = { checksum: m.up?.checksum ?? null, path: (m.up ?? m.down)?.path ?? null };
    return { ...row(m, at, applied), ...of, error };
  });
  const onDisk = new Set(source.migrations.map((m) => m.id));
  for (const a of state.applied.values()) {
    if (!onDisk.has(a.id))
      rows.push({ ...row(a, a.id === half ? 'dirty' : 'missing', a), checksum: a.checksum });
  }
  const known = new Set(rows.map((r) => r.version));
  if (head.version !== null && !known.has(head.version)) {
    const unknown = { id: String(head.version), version: head.version, name: '' };
    rows.push(row(unknown, head.dirty ? 'dirty' : 'missing', undefined));
  }
  rows.sort(inOrder);
  const counts = { applied: 0, pending: 0, missing: 0, changed: 0, 'out-of-order': 0, dirty: 0, failed: 0 };
  const all = [...rows, ...repeatableRows(source.repeatable, changed, state.repeated, failures)];
  for (const r of all) counts[r.state]++;
  const { unfinished } = state;
  return {
    layout: source.layout,
    sentinel,
    version: head.version,
    dirty: head.dirty,
    migrations: all,
    counts,
    unfinished:
      unfinished === null
        ? null
        : {
            id: idOf(unfinished),
            done: unfinished.doneStatements.length,
            resumable: unfinished.mode === 'resumable',
          },
  };
}

/** The journal knows which migration is half done; golang-migrate's row names only where it was going. */
function halfDone({ head }: Recorded, { unfinished }: State): string | null {
  if (!head.dirty) return null;
  if (unfinished !== null) return idOf(unfinished);
  return head.version === null ? null : String(head.version);
}

/** Of files whose last run failed, what the server said. */
function failuresIn({ journal }: Recorded): ReadonlyMap<string, string> {
  const failures = new Map<string, string>();
  for (const row of journal) {
    if (row.state === 'failed') failures.set(idOf(row), row.error ?? '');
    else failures.delete(idOf(row));
  }
  return failures;
}

/** A pending one with a time is one that has changed since. A missing one is what it left behind: nothing is to be done. */
function repeatableRows(
  files: readonly Migration[],
  changed: readonly Migration[],
  repeated: State['repeated'],
  failures: ReadonlyMap<string, string>,
): readonly StatusRow[] {
  const none = { version: null, name: '' };
  const there = files.map((m): StatusRow => {
    const error = changed.includes(m) ? (failures.get(m.id) ?? null) : null;
    const at = error !== null ? 'failed' : changed.includes(m) ? 'pending' : 'applied';
    const of = { checksum: m.up?.checksum ?? null, path: m.up?.path ?? null };
    return { ...row({ ...none, id: m.id }, at, repeated.get(m.id)), ...of, error };
  });
  const gone = [...repeated].filter(([id]) => !files.some((m) => m.id === id));
  return [
    ...there,
    ...gone.map(([id, last]) => ({ ...row({ ...none, id }, 'missing', last), checksum: last.checksum })),
  ];
}

function row<Version extends bigint | null>(
  { id, version, name }: { readonly id: string; readonly version: Version; readonly name: string },
  state: MigrationState,
  applied: Pick<Applied, 'appliedAt' | 'executionTimeMs' | 'appliedBy'> | undefined,
) {
  return {
    id,
    version,
    name,
    state,
    appliedAt: applied?.appliedAt ?? null,
    executionTimeMs: applied?.executionTimeMs ?? null,
    appliedBy: applied?.appliedBy ?? null,
    checksum: null,
    path: null,
    error: null,
  };
}
