/** The first of the two queries every command makes: who and where we are, and what the tables look like. */

import type { Place, Row } from '../recorded.ts';
import { literal } from '../sql/quote.ts';

export type Sentinel = Place['sentinel'];

export interface Identity {
  readonly pid: number;
  readonly database: string;
  readonly user: string;
  /** The session's application_name. */
  readonly application: string;
  /** As server_version_num: 180004. */
  readonly serverVersion: number;
  readonly encoding: string;
  /** A backslash in a plain string is a backslash; else the old setting says otherwise. */
  readonly isConforming: boolean;
  /** Null where the search_path names no schema that exists. */
  readonly schema: string | null;
  readonly ledger: Shape | null;
  readonly journal: Shape | null;
  /** What kind of relation it is; null where there is none, or it was not asked for. */
  readonly sentinel: string | null;
  /** Another schema of the search_path with such a table, when ours is there only for being named like the role. */
  readonly ledgerElsewhere: string | null;
  /** Whether the server can watch for a dead client while it works; on Linux from PostgreSQL 14 on. */
  readonly canWatch: boolean;
  /** The session has a lock_timeout of its own: from the URL, the role, the database, the server's configuration. */
  readonly hasLockTimeout: boolean;
  /** When a transaction was already open in the session. */
  readonly inTransaction: boolean;
}

export interface Shape {
  readonly kind: string;
  readonly columns: string;
  /** Row-level security decides which rows we see: none of it can be believed. */
  readonly isFiltered: boolean;
}

/** As they were named; `schema` null is the current one. */
export interface Tables {
  readonly schema: string | null;
  readonly name: string;
  readonly journal: string;
  readonly sentinel: Sentinel;
}

/** How often a busy server looks whether we are still there. */
export const CHECK_INTERVAL = '2s';

/** By the index alone: with a schema for each of a thousand tenants there are a thousand tables of that name. */
const shape = (table: string, what: string): string => `(select ${what} from pg_catalog.pg_class c
    where c.relname = ${literal(table)} and c.relnamespace = place.namespace)`;

const COLUMNS = `(select string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', ' order by a.attnum)
      from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped)`;

const FILTERED = 'row_security_active(c.oid)::text';

/** Its kind, as SQL; null where it is not there. A temporary one is the session's own, and does not count. */
export const sentinelKind = ({
  schema,
  name,
}: Sentinel): string => `(select c.relkind from pg_catalog.pg_class c
    where c.relname = ${literal(name)} and c.relkind in ('r', 'p', 'v', 'm', 'f')
    and c.relnamespace = any (array(select n.oid from pg_catalog.pg_namespace n
      where n.nspname = ${schema === null ? 'any (current_schemas(false))' : literal(schema)})) limit 1)`;

/**
 * A lent session is only looked at, and so is one where a pooler answers for another process than `announced`: what is
 * set there, other clients of the pool would find. `schema` null: the current one, resolved once and here, as golang-migrate does; a migration that changes the
 * search_path does not move the table. `sentinel` null: it is not of interest.
 */
export function identify(
  { schema, name: table, journal }: Tables,
  lent: boolean,
  sentinel: Sentinel | null = null,
  announced: number | null = null,
): string {
  return `select pg_backend_pid()::text as pid, current_database() as database, current_user as "user",
  current_setting('application_name') as application,
  current_setting('server_version_num') as server_version, current_setting('server_encoding') as encoding,
  place.schema, ${shape(table, 'c.relkind')} as ledger_kind, ${shape(table, COLUMNS)} as ledger_columns,
  ${shape(journal, 'c.relkind')} as journal_kind, ${shape(journal, COLUMNS)} as journal_columns,
  ${shape(table, FILTERED)} as ledger_filtered, ${shape(journal, FILTERED)} as journal_filtered,
  current_setting('standard_conforming_strings') as conforming,
  ${sentinel === null ? 'null' : sentinelKind(sentinel)} as sentinel,
  (select n.nspname from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relname = ${literal(table)} and c.relkind = 'r' and n.nspname <> place.schema
    and n.nspname = any (current_schemas(false)) and ${schema === null} and place.schema = session_user
    and current_setting('search_path') like '%$user%' limit 1) as ledger_elsewhere,
  case when current_setting('client_connection_check_interval', true) is not null and version() like '%linux%'
    then case when ${lent ? 'false' : `pg_backend_pid() = ${announced ?? -1}`}
      then set_config('client_connection_check_interval', '${CHECK_INTERVAL}', false) else 'yes' end end as can_watch,
  current_setting('lock_timeout') as lock_timeout, (now() < statement_timestamp())::text as in_transaction
  from (select schema, (select n.oid from pg_catalog.pg_namespace n where n.nspname = schema::name
      and n.nspname = schema) as namespace
    from (select ${schema === null ? 'current_schema()' : literal(schema)}::text as schema) named offset 0) place`;
}

export function decode(row: Row): Identity {
  const shapeOf = (table: 'ledger' | 'journal'): Shape | null => {
    const kind = row[`${table}_kind`] ?? null;
    if (kind === null) return null;
    return { kind, columns: row[`${table}_columns`] ?? '', isFiltered: row[`${table}_filtered`] === 'true' };
  };
  return {
    pid: Number(row.pid),
    database: row.database ?? '',
    user: row.user ?? '',
    application: row.application ?? '',
    serverVersion: Number(row.server_version),
    encoding: row.encoding ?? 'UTF8',
    isConforming: row.conforming !== 'off',
    schema: row.schema ?? null,
    ledger: shapeOf('ledger'),
    journal: shapeOf('journal'),
    sentinel: row.sentinel ?? null,
    ledgerElsewhere: row.ledger_elsewhere ?? null,
    canWatch: row.can_watch != null,
    hasLockTimeout: row.lock_timeout !== '0',
    inTransaction: row.in_transaction === 'true',
  };
}
