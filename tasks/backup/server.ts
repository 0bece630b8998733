/** What has to be known of the server and the database before a program is let loose on it. */

import type { Database } from '../../src/config/url.ts';
import { type Attempts, connect } from '../../src/pg/connect.ts';
import { refused } from '../../src/refused.ts';

export interface Server {
  /** `18.1`. */
  readonly version: string;
  readonly major: number;
  /** What users made: `table public.users`, in order. */
  readonly objects: readonly string[];
}

/**
 * Nothing of the system's, and nothing that belongs to an extension: those that a new database has from its template
 * come back by themselves. A table's row type and array types go with the table.
 */
const QUERY = `
with own as (
  select oid, nspname from pg_catalog.pg_namespace
  where nspname !~ '^pg_' and nspname <> 'information_schema'
), found(class, oid, kind, name) as (
  select 'pg_catalog.pg_class'::regclass, c.oid,
    case c.relkind when 'v' then 'view' when 'm' then 'view' when 'S' then 'sequence' when 'c' then 'type'
      when 'f' then 'foreign table' else 'table' end,
    nspname || '.' || relname
  from pg_catalog.pg_class c join own on own.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'S', 'f', 'c')
  union all
  select 'pg_catalog.pg_proc'::regclass, p.oid, 'function', nspname || '.' || proname
  from pg_catalog.pg_proc p join own on own.oid = p.pronamespace
  union all
  select 'pg_catalog.pg_type'::regclass, t.oid, 'type', nspname || '.' || typname
  from pg_catalog.pg_type t join own on own.oid = t.typnamespace
  where t.typtype in ('d', 'e', 'r') or (t.typtype = 'b' and t.typcategory <> 'A')
  union all
  select 'pg_catalog.pg_namespace'::regclass, oid, 'schema', nspname from own where nspname <> 'public'
)
select pg_catalog.current_setting('server_version') as version,
  pg_catalog.current_setting('server_version_num')::int / 10000 as major,
  coalesce((
    select pg_catalog.json_agg(kind || ' ' || name order by kind = 'table' desc, kind, name) from found
    where not exists (
      select from pg_catalog.pg_depend d
      where d.classid = found.class and d.objid = found.oid and d.deptype = 'e'
    )
  ), '[]')::text as objects`;

/** Throws MIGRATION_INIT_FAILED where it cannot be reached. */
export async function askServer(database: Database, caller: string, how: Attempts): Promise<Server> {
  const session = await connect(database, caller, how);
  try {
    const { sets } = await refused(session.query(QUERY), 'MIGRATION_INIT_FAILED', 'look into the database');
    const { version = '', major, objects } = sets[0]?.[0] ?? {};
    return {
      version: (version ?? '').split(' ')[0] ?? '',
      major: Number(major),
      objects: JSON.parse(objects ?? '[]') as string[],
    };
  } finally {
    await session.close().catch(() => {});
  }
}
