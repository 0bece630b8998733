/** What is applied, of a ledger with a row for each name: the ledger says which, the journal adds the texts. */

import { numberOf } from './layout/named.ts';
import { idOf } from './ledger/journal.ts';
import { halfWay } from './ledger/named-rows.ts';
import { isRepeatable, type Migration } from './migration.ts';
import type { JournalRow, Recorded, Repetition } from './recorded.ts';
import type { Applied, State, Unseen } from './state.ts';

export function stateOfNames(recorded: Recorded, migrations: readonly Migration[]): State {
  const files = new Map(migrations.map((m) => [m.id, m]));
  const texts = new Map<string, string | null>();
  for (const row of recorded.journal) {
    if (row.state !== 'done') continue;
    if (row.direction === 'up') texts.set(row.name, row.checksum);
    else texts.delete(row.name);
  }
  // FluxStudio's own tool runs a repeatable too, once, and its row says nothing of the next time.
  const records = recorded.records.filter((r) => !isRepeatable(r.name));
  const applied = records.map((r): Applied => {
    const { name: id, appliedAt, executionTimeMs, appliedBy } = r;
    const file = files.get(id);
    // Its tool's digest is of the bytes, ours of the lines: where either fits, the file is the one that was applied.
    const isSame =
      file !== undefined &&
      ((r.checksum !== null && file.ledgerChecksums.includes(r.checksum)) ||
        (file.up !== null && texts.get(id) === file.up.checksum));
    const checksum = isSame ? (file.up?.checksum ?? null) : (r.checksum ?? texts.get(id) ?? null);
    const kind = texts.has(id) ? 'run' : 'assumed';
    return { id, version: numberOf(id), name: '', kind, checksum, appliedAt, executionTimeMs, appliedBy };
  });
  return {
    applied: new Map(applied.map((a) => [a.id, a])),
    repeated: repeatedIn(recorded.journal),
    unseen: [],
    unfinished: halfWay(recorded.records, recorded.journal),
  };
}

/** How each repeatable was run last: only the journal tells. `unseen`: what it does not have yet. */
export function repeatedIn(
  journal: readonly JournalRow[],
  unseen: readonly Unseen[] = [],
): ReadonlyMap<string, Repetition> {
  const done = journal.filter((row) => row.state === 'done');
  // What is forced reverses nothing.
  const reverted = done.findLast((row) => row.direction === 'down' && row.kind !== 'forced')?.id ?? -1n;
  const isBehind = unseen.some((u) => u.direction === 'down');
  const again = done.filter((row) => isRepeatable(idOf(row)));
  return new Map(again.map((row) => [row.name, { ...row, isOutlived: isBehind || row.id < reverted }]));
}
