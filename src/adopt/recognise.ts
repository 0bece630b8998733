/** Which of the database's tables are other tools': by their columns, and by their names where columns say too little. */

import type { Tables } from '../ledger/identify.ts';
import { RACED } from '../ledger/journal.ts';
import type { Row } from '../recorded.ts';
import { dollar, identifier, literal } from '../sql/quote.ts';
import type { Tool } from './record.ts';
import { DBMATE, GOLANG_MIGRATE, RAILS, TOOLS } from './tools.ts';

/** A table that could be one. */
export interface Candidate {
  readonly schema: string;
  readonly table: string;
  /** As in `version bigint, dirty boolean`. */
  readonly columns: string;
  /** Whether it is in the schema where ours is or will be. */
  readonly isHere: boolean;
  /** Rails' second table is beside it. */
  readonly besideRails: boolean;
  /** A journal of ours is beside it. */
  readonly besideJournal: boolean;
}

export interface Found extends Candidate {
  readonly tool: Tool;
}

/** What the user says of it. */
export interface From {
  readonly tool: string | null;
  /** `table` or `schema.table`. */
  readonly table: string | null;
}

const NAMES = [...new Set(TOOLS.flatMap((t) => t.tables))];
/** One column of each distinct tool, under which its table is found whatever it is called. */
const TELLING = ['version_id', 'version_num', 'installed_rank', 'installed_on', 'rolled_back_at'];
const ALSO_TELLING = ['migration_name', 'migration_time', 'run_on', 'hash', 'dirty'];

/** `ours`: where the version table is or will be; its schema is the current one unless it is named. */
export function candidates(ours: Pick<Tables, 'schema' | 'name' | 'journal'>, { table }: From): string {
  const { schema } = ours;
  const bare = table?.split('.').at(-1);
  const names = [...NAMES, ours.name, ...(bare === undefined ? [] : [bare])].map(literal).join(', ');
  const telling = [...TELLING, ...ALSO_TELLING].map(literal).join(', ');
  return `select n.nspname as schema, c.relname as "table",
  (n.nspname = ${schema === null ? 'current_schema()' : literal(schema)})::text as here,
  exists (select from pg_catalog.pg_class r where r.relnamespace = n.oid and r.relname = 'ar_internal_metadata')::text as rails,
  exists (select from pg_catalog.pg_class r where r.relnamespace = n.oid and r.relname = case c.relname when ${literal(ours.name)} then ${literal(ours.journal)} else c.relname || '_history' end)::text as journal,
  (select string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', ' order by a.attnum)
    from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    and (c.relname in (${names}) or exists (select from pg_catalog.pg_attribute a
      where a.attrelid = c.oid and a.attnum > 0 and a.attname in (${telling})))
  order by n.nspname, c.relname`;
}

export const decode = (rows: readonly Row[]): readonly Candidate[] =>
  rows.map((row) => ({
    schema: row.schema ?? '',
    table: row.table ?? '',
    columns: row.columns ?? '',
    isHere: row.here === 'true',
    besideRails: row.rails === 'true',
    besideJournal: row.journal === 'true',
  }));

/** The tools whose table it is by its columns; `named`: and by its name, where those say too little. */
export function toolsOf(candidate: Candidate, named: boolean): readonly Tool[] {
  const types = new Map(
    candidate.columns
      .split(/, (?=\w+ )/)
      .map((c) => [c.slice(0, c.indexOf(' ')), c.slice(c.indexOf(' ') + 1)]),
  );
  return TOOLS.filter((tool) => {
    const wanted = Object.entries(tool.columns);
    if (tool.isExact && types.size !== wanted.length) return false;
    if (!wanted.every(([name, type]) => type.test(types.get(name) ?? ''))) return false;
    if (named && !tool.isDistinct && !tool.tables.includes(candidate.table)) return false;
    if (tool === GOLANG_MIGRATE) return !candidate.besideJournal;
    return tool === RAILS ? candidate.besideRails : tool === DBMATE ? !candidate.besideRails : true;
  });
}

/** All that the user can mean. Of a tool's several tables, those in our schema are meant if there are any. */
export function recognise(all: readonly Candidate[], from: From): readonly Found[] {
  const found = all
    .filter((c) => from.table === null || from.table === c.table || from.table === `${c.schema}.${c.table}`)
    .flatMap((c) => toolsOf(c, from.table === null).map((tool): Found => ({ ...c, tool })))
    .filter(({ tool }) => from.tool === null || from.tool === tool.name);
  return found.filter((f) => f.isHere || !found.some((g) => g.isHere && g.tool === f.tool));
}

/** Of all its rows as text; '' where there are none. */
const digestOf = ({ schema, table }: Found): string =>
  `select coalesce(md5(string_agg(x::text, ',' order by x::text)), '') from ${identifier(schema)}.${identifier(table)} x`;

/** For the transaction that writes: what was mapped has to be what is there. The other tool minds no lock of ours. */
export function unchanged(found: Found, rows: readonly Row[]): string {
  const then = rows[0]?.rungs_digest ?? '';
  return `do ${dollar(` begin
  if (${digestOf(found)}) <> ${literal(then)} then
    raise exception using errcode = '${RACED}', message = ${literal(`${found.tool.title} has written to ${found.schema}.${found.table} meanwhile`)};
  end if;
end `)}`;
}

/** Its rows, each with when it was applied and how long that took, as far as the tool knows. */
export function read(found: Found): string {
  const { tool, schema, table } = found;
  const at = `to_char((${tool.appliedAt ?? 'null'})::timestamptz at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
  return `select t.*, ${at} as rungs_applied_at, (${tool.took ?? 'null'})::text as rungs_took,
  (${digestOf(found)}) as rungs_digest
  from ${identifier(schema)}.${identifier(table)} t order by t.${tool.order}`;
}
