/**
 * The INVALID index that a failed CREATE INDEX CONCURRENTLY leaves. `IF NOT EXISTS` would take it for the real one,
 * an unnamed index would get a second name; so the next attempt drops it, and never one that is somebody else's.
 */

import type { ConcurrentIndex } from './migration.ts';
import type { IndexStatement, Row } from './recorded.ts';
import { literal } from './sql/quote.ts';

/** Sends one query and gives its rows. */
export type Ask = (query: string) => Promise<readonly Row[]>;

/** What to remember before the statement runs; the table is looked up by the search_path that the file has set. */
export async function observe(
  ask: Ask,
  i: ConcurrentIndex,
  checksum: string,
): Promise<IndexStatement | null> {
  const table =
    i.table === null
      ? `(select indrelid from pg_catalog.pg_index where indexrelid = to_regclass(${literal(i.index ?? '')}))`
      : `to_regclass(${literal(i.table)})::oid`;
  const [row] = await ask(`select t.oid::text as table, coalesce((select json_agg(indexrelid::text)
    from pg_catalog.pg_index where indrelid = t.oid), '[]')::text as before
    from (select ${table} as oid) t where t.oid is not null`);
  if (row === undefined) return null;
  const before = JSON.parse(row.before ?? '[]') as string[];
  return { verb: i.verb, name: bareName(i.index), table: row.table ?? '', before, checksum };
}

/** What the interrupted statement left behind: INVALID, not there before it, and by its name if it gave one. */
export async function leftovers(ask: Ask, was: IndexStatement): Promise<readonly string[]> {
  const fresh = (await invalid(ask, was.table)).filter((r) => !was.before.includes(r.oid ?? ''));
  const ours = fresh.filter((r) =>
    was.verb === 'reindex'
      ? /_cc(new|old)\d*$/.test(r.relname ?? '')
      : was.name === null || r.relname === was.name,
  );
  // Of an unnamed index only the table is known; two candidates mean that one is not ours.
  return was.verb === 'create' && was.name === null && ours.length > 1 ? [] : ours.map((r) => r.name ?? '');
}

/** Whether the statement had ended well, and only the record of it was lost: its index is there, new and valid. */
export async function isBuilt(ask: Ask, was: IndexStatement, checksum: string): Promise<boolean> {
  if (was.verb !== 'create' || was.name === null || was.checksum !== checksum) return false;
  const rows = await ask(`select c.oid::text as oid from pg_catalog.pg_index x
    join pg_catalog.pg_class c on c.oid = x.indexrelid
    where x.indrelid = ${literal(was.table)}::oid and x.indisvalid and c.relname = ${literal(was.name)}`);
  return rows.some((r) => !was.before.includes(r.oid ?? ''));
}

/** An index that should be valid now and is not; null when all is well. */
export async function stillInvalid(ask: Ask, was: IndexStatement): Promise<string | null> {
  const bad = (await invalid(ask, was.table)).find((r) =>
    was.name === null || was.verb === 'reindex' ? !was.before.includes(r.oid ?? '') : r.relname === was.name,
  );
  return bad?.name ?? null;
}

/**
 * INVALID indexes of the table, their names as SQL. Relkind 'i' leaves out the parent made with ON ONLY, which is
 * rightly invalid; an index that another session is building now is not a leftover.
 */
const invalid = (ask: Ask, table: string): Promise<readonly Row[]> =>
  ask(`select c.oid::text as oid, format('%I.%I', n.nspname, c.relname) as name, c.relname
    from pg_catalog.pg_index x join pg_catalog.pg_class c on c.oid = x.indexrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where x.indrelid = ${literal(table)}::oid and not x.indisvalid and c.relkind = 'i'
    and not exists (select from pg_catalog.pg_stat_progress_create_index p where p.index_relid = c.oid)`);

/** An identifier as SQL, without its quotes and schema. */
function bareName(sql: string | null): string | null {
  const last = sql === null ? null : /(?:"((?:[^"]|"")*)"|([^".]+))$/.exec(sql);
  return last === null ? null : (last[1]?.replaceAll('""', '"') ?? last[2] ?? null);
}
