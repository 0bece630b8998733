/**
 * What is applied: the ledger's one number and the journal's rows, joined. The number alone cannot say that a
 * lower file was never run; the journal alone does not know what golang-migrate did meanwhile.
 */

import { repeatedIn, stateOfNames } from './applied-names.ts';
import { idOf } from './ledger/journal.ts';
import { halfRun } from './ledger/sentinel.ts';
import { isRepeatable, type Migration, type Migrations } from './migration.ts';
import type { Head, JournalRow, Recorded } from './recorded.ts';
import type { Applied, State, Unseen } from './state.ts';

export function stateOf(recorded: Recorded, source: Pick<Migrations, 'layout' | 'migrations'>): State {
  const { migrations } = source;
  if (source.layout === 'named') return stateOfNames(recorded, migrations);
  if (source.layout === 'script') return stateOfScript(recorded, migrations);
  const applied = new Map<string, Applied>();
  for (const row of recorded.journal) replay(applied, row);
  const { head } = recorded;
  // A repeatable moves no version.
  const last = recorded.journal.findLast((row) => row.kind !== 'accepted' && !isRepeatable(idOf(row)));
  // The version is dirty under an unfinished row and clean under a done one; else someone has touched it since. A dirty
  // row that another transaction wrote is another failure at the same version, of golang-migrate's for one.
  const ourMove =
    last !== undefined &&
    last.head === head.version &&
    (last.state === 'started') === head.dirty &&
    (!head.dirty || last.ledgerXid === recorded.ledgerXid);
  const unfinished = ourMove && head.dirty ? last : null;
  const known = ourMove && (head.dirty || head.version === null || applied.has(String(head.version)));
  const unseen = known ? [] : bridge(applied, head, migrations);
  for (const { migration, direction } of unseen) {
    const id = String(migration.version);
    if (direction === 'down') applied.delete(id);
    else applied.set(id, { ...assumed, ...migration, id });
  }
  return { applied, repeated: repeatedIn(recorded.journal, unseen), unseen, unfinished };
}

/** The sentinel is there: all of it counts as applied, unless the journal knows it to be half done. */
function stateOfScript({ ledgerExists, journal }: Recorded, migrations: readonly Migration[]): State {
  const unfinished = halfRun(journal);
  const applied = new Map<string, Applied>();
  if (ledgerExists && unfinished === null) {
    for (const { id, version, name } of migrations) {
      applied.set(id, { ...assumed, id, version, name, checksum: null });
      for (const row of journal) {
        if (row.version === null && row.name === id && row.state === 'done')
          replay(applied, { ...row, version }, id);
      }
    }
  }
  return { applied, repeated: new Map(), unseen: [], unfinished };
}

const unknownTimes = { appliedAt: null, executionTimeMs: null, appliedBy: null };
const assumed = { kind: 'assumed', ...unknownTimes } as const;

function replay(applied: Map<string, Applied>, row: JournalRow, id = String(row.version)): void {
  const { version } = row;
  if (version === null || row.state === 'started') return;
  if (row.direction === 'down') {
    applied.delete(id);
    return;
  }
  const before = applied.get(id);
  if (row.kind === 'accepted' && before !== undefined) {
    applied.set(id, { ...before, checksum: row.checksum });
    return;
  }
  const { name, kind, checksum, appliedAt, executionTimeMs, appliedBy } = row;
  // Of what was taken to be so, the row's times say only when it was written down. An adopted row has the other tool's.
  const isTold = kind === 'run' || kind === 'adopted';
  const times = isTold ? { appliedAt, executionTimeMs, appliedBy: appliedBy || null } : unknownTimes;
  applied.set(id, { id, version, name, kind, checksum, ...times });
}

/**
 * The ledger moved from where the journal left it. Upwards, what lies between the highest applied version and the
 * ledger's counts as applied; downwards, what lies above it as reverted. The ledger's own version counts as applied
 * whatever the journal says, unless it is dirty: then nobody knows.
 */
function bridge(
  applied: ReadonlyMap<string, Applied>,
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
      m.version === top ? !head.dirty && !applied.has(String(top)) : m.version > highest && m.version < top,
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
