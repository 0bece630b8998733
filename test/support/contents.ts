import type { Database } from './database.ts';

/** Every object there is, and every row of the two tables: what must not change. */
export async function contents({ query }: Database): Promise<unknown> {
  const objects = await query(`select n.nspname, c.relname, c.relkind from pg_class c
    join pg_namespace n on n.oid = c.relnamespace where n.nspname !~ '^(pg_|information_schema)' order by 1, 2`);
  const tables = objects.filter(
    (o) => /schema_migrations(_history)?$/.test(String(o.relname)) && o.relkind === 'r',
  );
  const rows = tables.map(({ nspname, relname }) =>
    query(`select * from "${nspname}"."${relname}" t order by t::text`),
  );
  return [objects, ...(await Promise.all(rows))];
}
