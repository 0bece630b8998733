/** What is applied, of a ledger with a row for each name: the ledger says which, the journal adds the texts. */

import { numberOf } from './layout/named.ts';
import { halfWay } from './ledger/named-rows.ts';
import type { Migration } from './migration.ts';
import type { Recorded } from './recorded.ts';
import type { Applied, State } from './state.ts';

export function stateOfNames(recorded: Recorded, migrations: readonly Migration[]): State {
  const files = new Map(migrations.map((m) => [m.id, m]));
  const texts = new Map<string, string | null>();
  for (const row of recorded.journal) {
    if (row.state !== 'done') continue;
    if (row.direction === 'up') texts.set(row.name, row.checksum);
    else texts.delete(row.name);
  }
  const applied = recorded.records.map((r): Applied => {
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
    unseen: [],
    unfinished: halfWay(recorded.records, recorded.journal),
  };
}
