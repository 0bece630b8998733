/**
 * What is applied: the ledger's one number and the journal's rows, joined. The number alone cannot say that a
 * lower file was never run; the journal alone does not know what golang-migrate did meanwhile.
 */

import type { Head, JournalKind, JournalRow, Migration, Recorded } from './migration.ts';

/** One applied migration, as far as it is known. */
export interface Applied {
  readonly version: bigint;
  readonly name: string;
  readonly kind: JournalKind;
  readonly checksum: string | null;
  readonly appliedAt: string | null;
  readonly executionTimeMs: number | null;
  readonly appliedBy: string | null;
}

/** A move of the ledger that the journal does not have: golang-migrate's, or a hand's. */
export interface Unseen {
  readonly migration: { readonly version: bigint; readonly name: string; readonly checksum: string | null };
  readonly direction: 'up' | 'down';
}

export interface State {
  readonly applied: ReadonlyMap<bigint, Applied>;
  /** To be written into the journal before the next run adds to it. */
  readonly unseen: readonly Unseen[];
  /** The row of a run that has not reached its end, if the ledger is still as that run left it. */
  readonly unfinished: JournalRow | null;
}

export function stateOf(recorded: Recorded, migrations: readonly Migration[]): State {
  const applied = new Map<bigint, Applied>();
  for (const row of recorded.journal) replay(applied, row);
  const { head } = recorded;
  const last = recorded.journal.findLast((row) => row.kind !== 'accepted');
  // The version is dirty under an unfinished row and clean under a done one; else someone has touched it since. A dirty
  // row that another transaction wrote is another failure at the same version, of golang-migrate's for one.
  const ourMove =
    last !== undefined &&
    last.head === head.version &&
    (last.state === 'started') === head.dirty &&
    (!head.dirty || last.ledgerXid === recorded.ledgerXid);
  const unfinished = ourMove && head.dirty ? last : null;
  const known = ourMove && (head.dirty || head.version === null || applied.has(head.version));
  const unseen = known ? [] : bridge(applied, head, migrations);
  for (const { migration, direction } of unseen) {
    if (direction === 'down') applied.delete(migration.version);
    else applied.set(migration.version, { ...assumed, ...migration });
  }
  return { applied, unseen, unfinished };
}

const unknownTimes = { appliedAt: null, executionTimeMs: null, appliedBy: null };
const assumed = { kind: 'assumed', ...unknownTimes } as const;

function replay(applied: Map<bigint, Applied>, row: JournalRow): void {
  const { version } = row;
  if (version === null || row.state === 'started') return;
  if (row.direction === 'down') {
    applied.delete(version);
    return;
  }
  const before = applied.get(version);
  if (row.kind === 'accepted' && before !== undefined) {
    applied.set(version, { ...before, checksum: row.checksum });
    return;
  }
  const { name, kind, checksum, appliedAt, executionTimeMs, appliedBy } = row;
  // Of what was taken to be so, the row's times say only when it was written down. An adopted row has the other tool's.
  const isTold = kind === 'run' || kind === 'adopted';
  const times = isTold ? { appliedAt, executionTimeMs, appliedBy: appliedBy || null } : unknownTimes;
  applied.set(version, { version, name, kind, checksum, ...times });
}

/**
 * The ledger moved from where the journal left it. Upwards, what lies between the highest applied version and the
 * ledger's counts as applied; downwards, what lies above it as reverted. The ledger's own version counts as applied
 * whatever the journal says, unless it is dirty: then nobody knows.
 */
function bridge(
  applied: ReadonlyMap<bigint, Applied>,
  head: Head,
  migrations: readonly Migration[],
): readonly Unseen[] {
  const top = head.version ?? -1n;
  let highest = -1n;
  const reverted: Unseen[] = [];
  for (const a of applied.values()) {
    if (a.version > top) reverted.push({ migration: a, direction: 'down' });
    else if (a.version > highest) highest = a.version;
  }
  reverted.sort((a, b) => (a.migration.version > b.migration.version ? -1 : 1));
  const reached = migrations
    .filter((m) =>
      m.version === top ? !head.dirty && !applied.has(top) : m.version > highest && m.version < top,
    )
    .map(({ version, name, up }): Unseen => {
      return { migration: { version, name, checksum: up?.checksum ?? null }, direction: 'up' };
    });
  return [...reverted, ...reached];
}

/**
 * What `force V` makes of it: every file's version up to V counts as applied, what is above as reverted. The unseen
 * moves come first: once the journal is at V, nothing else would tell of them.
 */
export function forcedMoves(
  state: State,
  migrations: readonly Migration[],
  to: bigint | null,
): readonly Unseen[] {
  return [...state.unseen, ...bridge(state.applied, { version: to, dirty: false }, migrations)];
}
