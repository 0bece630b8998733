/**
 * golang-migrate's table, byte-compatible: `schema_migrations(version bigint not null primary key, dirty boolean
 * not null)` with at most one row. Returns SQL text and decodes rows; never connects.
 */

import { MigrateError } from '../errors.ts';
import { isRepeatable, type Step } from '../migration.ts';
import type { Head, Place, Row } from '../recorded.ts';
import { dollar, identifier, literal } from '../sql/quote.ts';
import { RACED } from './journal.ts';
import type { Ledger } from './ledger.ts';

export const tableName = (p: Place): string => `${identifier(p.schema)}.${identifier(p.table)}`;

/** golang-migrate's own DDL (database/pgx/v5/pgx.go, ensureVersionTable). */
const create = (p: Place): string =>
  `create table if not exists ${tableName(p)} (version bigint not null primary key, dirty boolean not null)`;

/** Two rows are enough to see that there is more than one. */
const read = (p: Place): string =>
  `select version::text as version, dirty::text as dirty, xmin::text as xid from ${tableName(p)} limit 2`;

function decode(rows: readonly Row[] | null, place: Place): Head {
  if (rows === null || rows.length === 0) return { version: null, dirty: false };
  const [row, second] = rows;
  if (second !== undefined || row?.version == null || row.dirty == null) {
    throw new MigrateError('MIGRATION_VERSION_FAILED', 'ledger_shape', {
      operation: `read ${tableName(place)}`,
      message:
        second === undefined
          ? 'its row holds a NULL'
          : 'it holds more than one row; golang-migrate keeps one',
      hint: `look at it with \`select * from ${tableName(place)}\` and leave the one row that is true`,
    });
  }
  const version = BigInt(row.version);
  return { version: version < 0n ? null : version, dirty: row.dirty === 'true' };
}

function strangeShape(kind: string, columns: string): string | null {
  if (kind !== 'r' && kind !== 'p') return 'it is not a table';
  const types = new Map(
    columns.split(', ').map((c) => [c.slice(0, c.indexOf(' ')), c.slice(c.indexOf(' ') + 1)]),
  );
  const version = types.get('version');
  if (version === undefined || types.get('dirty') !== 'boolean' || !/^(bigint|integer)$/.test(version)) {
    return `its columns are: ${columns}`;
  }
  return null;
}

const whereIs = (h: Head): string => `version = ${h.version ?? -1} and dirty = ${h.dirty}`;
const isEmpty = (h: Head): boolean => h.version === null && !h.dirty;
const named = (h: Head): string => `${h.version ?? 'none'}${h.dirty ? ' (dirty)' : ''}`;

/**
 * Moves the row from what we planned from to what comes next, or raises RACED. A plain check-then-write let two
 * racers leave two rows; the lock mode lets golang-migrate's plain SELECT of the version pass meanwhile.
 */
export function move(p: Place, from: Head, to: Head): string {
  const table = tableName(p);
  const remove = isEmpty(from)
    ? ''
    : `delete from ${table} where ${whereIs(from)};\n  get diagnostics moved = row_count;\n  `;
  const insert = isEmpty(to)
    ? ''
    : `insert into ${table} (version, dirty) values (${to.version ?? -1}, ${to.dirty});\n`;
  return `do ${dollar(`
declare moved int := 1;
begin
  lock table ${table} in share row exclusive mode;
  ${remove}if moved <> 1 or exists (select from ${table}) then
    raise exception using errcode = '${RACED}', message = ${literal(`the version is no longer ${named(from)}`)};
  end if;
  ${insert}end `)}`;
}

function unmoved(p: Place, { from }: Step): string {
  const table = tableName(p);
  const moved = isEmpty(from)
    ? `exists (select from ${table})`
    : `not exists (select from ${table} where ${whereIs(from)})`;
  return `do ${dollar(` begin if ${moved} then
  raise exception using errcode = '${RACED}', message = ${literal(`the version is no longer ${named(from)}`)};
end if; end `)}`;
}

/** `force`: whatever is there goes. */
export function overwrite(p: Place, to: Head): string {
  const table = tableName(p);
  const insert = isEmpty(to)
    ? ''
    : `; insert into ${table} (version, dirty) values (${to.version ?? -1}, ${to.dirty})`;
  return `lock table ${table} in share row exclusive mode; delete from ${table}${insert}`;
}

/** Nothing is written: triggers on the table would take that for a move. */
function hold(p: Place, head: Head): string {
  const table = tableName(p);
  const isThere = `exists (select from ${table}${isEmpty(head) ? '' : ` where ${whereIs(head)}`})`;
  return `lock table ${table} in share row exclusive mode;
  if ${isEmpty(head) ? '' : 'not '}${isThere} then
    raise exception using errcode = '${RACED}', message = ${literal(`the version is no longer ${named(head)}`)};
  end if;
  `;
}

const dirty = ({ to }: Step): Head => ({ version: to, dirty: true });
const clean = ({ to }: Step): Head => ({ version: to, dirty: false });

export const versionRow: Ledger = {
  layout: 'pairs',
  what: 'golang-migrate’s version table',
  create,
  read,
  needs: { rights: ['SELECT', 'INSERT', 'DELETE'], counter: null },
  decode: (rows, place) => ({
    head: decode(rows, place),
    ledgerXid: rows?.[0]?.xid ?? null,
    records: [],
  }),
  strangeShape,
  unmoved,
  record: (p, step) => move(p, step.from, clean(step)),
  hold,
  begin: (p, step) => move(p, step.from, dirty(step)),
  end: (p, step) => move(p, dirty(step), clean(step)),
  accept: () => '',
  key: ({ id, version, name }) => (isRepeatable(id) ? { version: null, name: id } : { version, name }),
};
