/**
 * FluxStudio's table: a row for each file that was applied, under the file's name. Which files are half-way or have
 * failed it cannot say; the journal beside it does.
 */

import type { Migration, Step } from '../migration.ts';
import type { Head, JournalRow, LedgerRecord, Place, Row } from '../recorded.ts';
import { dollar, literal } from '../sql/quote.ts';
import { RACED } from './journal.ts';
import type { Ledger } from './ledger.ts';
import { tableName } from './version-row.ts';

/** As its database/migration-system.js makes it. */
const create = (p: Place): string => `create table if not exists ${tableName(p)} (
  id serial primary key,
  migration_name varchar(255) unique not null,
  applied_at timestamp with time zone default now(),
  execution_time_ms integer,
  checksum varchar(64),
  applied_by varchar(255) default current_user
)`;

/** In the order in which they were recorded. */
const read = (p: Place): string => `select migration_name, checksum, applied_by, execution_time_ms::text,
  to_char(applied_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as applied_at
  from ${tableName(p)} order by id`;

const decode = (rows: readonly Row[]): readonly LedgerRecord[] =>
  rows.map((r) => ({
    name: r.migration_name ?? '',
    appliedAt: r.applied_at ?? null,
    executionTimeMs: r.execution_time_ms == null ? null : Number(r.execution_time_ms),
    checksum: r.checksum ?? null,
    appliedBy: r.applied_by ?? null,
  }));

/** What began last, and has neither ended nor been recorded (or removed) by somebody else since. */
export function halfWay(records: readonly LedgerRecord[], journal: readonly JournalRow[]): JournalRow | null {
  const last = journal.findLast((row) => row.kind !== 'accepted' && row.state !== 'failed');
  if (last?.state !== 'started') return null;
  const isRecorded = records.some(({ name }) => name === last.name);
  return isRecorded === (last.direction === 'down') ? last : null;
}

const NEEDED = {
  migration_name: /^(character varying|text)/,
  applied_at: /^timestamp/,
  execution_time_ms: /^(integer|bigint)$/,
  checksum: /^(character varying|text)/,
  applied_by: /^(character varying|text|name)/,
} as const;

function strangeShape(kind: string, columns: string): string | null {
  if (kind !== 'r') return 'it is not a table';
  const types = new Map(
    columns.split(', ').map((c) => [c.slice(0, c.indexOf(' ')), c.slice(c.indexOf(' ') + 1)]),
  );
  const fits = Object.entries(NEEDED).every(([column, type]) => type.test(types.get(column) ?? ''));
  return fits && types.has('id') ? null : `its columns are: ${columns}`;
}

const raise = (message: string): string =>
  `raise exception using errcode = '${RACED}', message = ${literal(message)}`;
const recorded = ({ id }: Migration): string => `${id} has been recorded by another run`;
const removed = ({ id }: Migration): string => `the record of ${id} has been removed by another run`;

/** The unique name is the guard: of two racers, one finds that there is nothing left to write. */
function record(p: Place, { migration, direction }: Step, elapsed: string): string {
  const table = tableName(p);
  const name = literal(migration.id);
  const write =
    direction === 'up'
      ? `insert into ${table} (migration_name, execution_time_ms, checksum)
    values (${name}, ${elapsed}, ${literal(migration.ledgerChecksums[0] ?? '')}) on conflict (migration_name) do nothing`
      : `delete from ${table} where migration_name = ${name}`;
  const raced = direction === 'up' ? recorded(migration) : removed(migration);
  return `do ${dollar(` begin
  ${write};
  if not found then ${raise(raced)}; end if;
end `)}`;
}

function begin(p: Place, { migration, direction }: Step): string {
  const exists = `exists (select from ${tableName(p)} where migration_name = ${literal(migration.id)})`;
  const [wrong, raced] = direction === 'up' ? [exists, recorded] : [`not ${exists}`, removed];
  return `do ${dollar(` begin if ${wrong} then ${raise(raced(migration))}; end if; end `)}`;
}

/** Removes the record that was made last, and nothing else. Raises RACED where that is another one by now. */
export const forget = (p: Place, name: string): string =>
  `do ${dollar(` begin
  delete from ${tableName(p)} where migration_name = ${literal(name)} and id = (select max(id) from ${tableName(p)});
  if not found then ${raise(`${name} is no longer the last record`)}; end if;
end `)}`;

const noVersion = (dirty: boolean): Head => ({ version: null, dirty });

export const namedRows: Ledger = {
  layout: 'named',
  what: 'a table with a row for each migration’s name',
  create,
  read,
  needs: { rights: ['SELECT', 'INSERT', 'DELETE'], counter: 'id' },
  decode: (rows, _place, journal) => {
    const records = decode(rows ?? []);
    return { head: noVersion(halfWay(records, journal) !== null), ledgerXid: null, records };
  },
  strangeShape,
  unmoved: begin,
  record,
  // It has no number, and a repeatable no row.
  hold: () => '',
  begin,
  end: record,
  accept: (p, { id, ledgerChecksums: [checksum = ''] }) =>
    `update ${tableName(p)} set checksum = ${literal(checksum)} where migration_name = ${literal(id)}`,
  key: ({ id }) => ({ version: null, name: id }),
};
