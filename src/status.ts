/** What is on disk joined with what is recorded: one row for each migration known to either. */

import type { Applied, State } from './applied.ts';
import type { Migrations, Recorded } from './migration.ts';
import { isChanged } from './plan/situation.ts';

export type MigrationState = 'applied' | 'pending' | 'missing' | 'changed' | 'out-of-order' | 'dirty';

export interface StatusRow {
  readonly id: string;
  readonly version: bigint;
  readonly name: string;
  readonly state: MigrationState;
  readonly appliedAt: string | null;
  readonly executionTimeMs: number | null;
  readonly appliedBy: string | null;
  /** Of the file as it is now; of the text that was applied where the file is missing. */
  readonly checksum: string | null;
  /** The up file, or the down file where there is no other. */
  readonly path: string | null;
}

export interface Status {
  readonly version: bigint | null;
  readonly dirty: boolean;
  readonly migrations: readonly StatusRow[];
  readonly counts: Readonly<Record<MigrationState, number>>;
  /** Of a half-done file: how many statements are done, and whether `task migrate` goes on by itself. */
  readonly unfinished: { readonly id: string; readonly done: number; readonly resumable: boolean } | null;
}

export function statusOf(source: Migrations, recorded: Recorded, state: State): Status {
  const { head } = recorded;
  const half = dirtyVersion(recorded, state);
  const rows: StatusRow[] = source.migrations.map((m) => {
    const applied = state.applied.get(m.version);
    const at: MigrationState =
      m.version === half
        ? 'dirty'
        : applied === undefined
          ? head.version !== null && m.version < head.version
            ? 'out-of-order'
            : 'pending'
          : isChanged(m, applied)
            ? 'changed'
            : 'applied';
    return row(m.version, m.name, at, applied, m.up?.checksum ?? null, (m.up ?? m.down)?.path ?? null);
  });
  const onDisk = new Set(source.migrations.map((m) => m.version));
  for (const a of state.applied.values()) {
    if (!onDisk.has(a.version)) rows.push(row(a.version, a.name, 'missing', a, a.checksum, null));
  }
  const known = new Set(rows.map((r) => r.version));
  if (head.version !== null && !known.has(head.version)) {
    rows.push(row(head.version, '', head.dirty ? 'dirty' : 'missing', undefined, null, null));
  }
  rows.sort((a, b) => (a.version < b.version ? -1 : 1));
  const counts = { applied: 0, pending: 0, missing: 0, changed: 0, 'out-of-order': 0, dirty: 0 };
  for (const r of rows) counts[r.state]++;
  const { unfinished } = state;
  return {
    version: head.version,
    dirty: head.dirty,
    migrations: rows,
    counts,
    unfinished:
      unfinished === null
        ? null
        : {
            id: String(unfinished.version),
            done: unfinished.doneStatements.length,
            resumable: unfinished.mode === 'resumable',
          },
  };
}

/** The journal knows which migration is half done; golang-migrate's row names only where it was going. */
const dirtyVersion = ({ head }: Recorded, { unfinished }: State): bigint | null =>
  head.dirty ? (unfinished?.version ?? head.version) : null;

function row(
  version: bigint,
  name: string,
  state: MigrationState,
  applied: Applied | undefined,
  checksum: string | null,
  path: string | null,
): StatusRow {
  return {
    id: String(version),
    version,
    name,
    state,
    appliedAt: applied?.appliedAt ?? null,
    executionTimeMs: applied?.executionTimeMs ?? null,
    appliedBy: applied?.appliedBy ?? null,
    checksum,
    path,
  };
}
