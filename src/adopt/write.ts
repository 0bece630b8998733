/** The ledger's row and the journal's, as one transaction in one message. */

import { type Author, create as createJournal, RACED } from '../ledger/journal.ts';
import { move, tableName, versionRow } from '../ledger/version-row.ts';
import type { Migration } from '../migration.ts';
import type { Place, Recorded } from '../recorded.ts';
import { dollar, literal, qualified } from '../sql/quote.ts';

/** One migration that counts as applied, and what is known of that. */
export interface AdoptedRow {
  readonly migration: Migration;
  readonly appliedAt: string | null;
  readonly executionTimeMs: number | null;
  readonly appliedBy: string | null;
}

/** `recorded`: the ledger as it was found, which has to be so still. `guard`: what else has to be. */
export function write(
  place: Place,
  recorded: Recorded,
  rows: readonly AdoptedRow[],
  head: bigint | null,
  by: Author,
  guard: string | null = null,
): string {
  const stays = recorded.head.version === head;
  const parts = [
    ...(recorded.ledgerExists ? [] : [versionRow.create(place)]),
    ...(recorded.journalExists ? [] : [createJournal(place)]),
    stays ? unmoved(place, head) : move(place, recorded.head, { version: head, dirty: false }),
    ...(rows.length === 0 ? [] : [insert(place, rows, head, by)]),
    ...(guard === null ? [] : [guard]),
  ];
  return `begin; ${parts.join(';\n')}; commit`;
}

/** `started_at` is when the row was written; `finished_at` is the other tool's word, or nobody's. */
function insert(place: Place, rows: readonly AdoptedRow[], head: bigint | null, by: Author): string {
  const values = rows.map(({ migration: m, appliedAt, executionTimeMs, appliedBy }) => {
    const at = appliedAt === null ? 'null' : `${literal(appliedAt)}::timestamptz`;
    const checksum = m.up === null ? 'null' : literal(m.up.checksum);
    return `(${m.version}, ${literal(m.name)}, 'up', 'adopted', 'done', ${head}, ${checksum}, ${literal(by.tool)},
  ${literal(by.run)}, now(), ${at}, ${executionTimeMs ?? 'null'}::bigint, ${literal(appliedBy ?? '')})`;
  });
  return `insert into ${qualified(place.schema, place.journal)} (version, name, direction, kind, state, head, checksum, tool,
  run, started_at, finished_at, execution_time_ms, applied_by)
  values ${values.join(',\n')}`;
}

/** golang-migrate's row is ours already. */
function unmoved(place: Place, head: bigint | null): string {
  const table = tableName(place);
  const other =
    head === null ? `select from ${table}` : `select from ${table} where version <> ${head} or dirty`;
  return `do ${dollar(`
begin
  lock table ${table} in share row exclusive mode;
  if exists (${other}) then
    raise exception using errcode = '${RACED}', message = 'the version is no longer ${head ?? 'none'}';
  end if;
end `)}`;
}
