import type { Database } from './database.ts';

/**
 * Everything in the user's schemas, one line each, from the catalogues: what `pg_dump --schema-only` would show, and
 * whether indexes are valid. Our journal is left out; the version table is in.
 */
export async function schemaOf(database: Database): Promise<readonly string[]> {
  const rows = await database.query(`set search_path = pg_catalog; ${QUERY}`);
  return rows.map((row) => String(row.line));
}

const JOURNAL = 'schema_migrations_history';

const QUERY = `with
space as (
  select * from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema'
),
journal as (select oid from pg_class where relname = '${JOURNAL}' and relkind = 'r'),
hidden as (
  select oid from journal
  union select indexrelid from pg_index where indrelid in (select oid from journal)
  union select objid from pg_depend where classid = 'pg_class'::regclass and refobjid in (select oid from journal)
  union select objid from pg_depend where deptype = 'e'
),
rel as (
  select c.*, format('%I.%I', n.nspname, c.relname) as name from pg_class c join space n on n.oid = c.relnamespace
  where c.oid not in (select oid from hidden)
),
line as (
  select format('schema %I acl %s', nspname, nspacl) as line from space
  union all
  select format('extension %I in %s version %s', extname, extnamespace::regnamespace, extversion) from pg_extension
  union all
  select format('relation %s kind %s %s owner %s options %s acl %s row security %s partition %s of %s', name, relkind,
    relpersistence, relowner::regrole, reloptions, relacl, relrowsecurity, pg_get_expr(relpartbound, oid),
    (select string_agg(inhparent::regclass::text, ', ' order by inhseqno) from pg_inherits where inhrelid = rel.oid))
  from rel
  union all
  select format('partitioned %s %s', name, pg_get_partkeydef(oid)) from rel where relkind = 'p'
  union all
  select format('column %s %s %I %s collation %s not null %s default %s identity %s generated %s', name,
    row_number() over (partition by attrelid order by attnum), attname, format_type(atttypid, atttypmod),
    attcollation::regcollation, attnotnull, pg_get_expr(adbin, adrelid), attidentity, attgenerated)
  from rel join pg_attribute a on attrelid = rel.oid
  left join pg_attrdef d on adrelid = attrelid and adnum = attnum
  where attnum > 0 and not attisdropped
  union all
  select format('constraint %I on %s %s valid %s', conname, coalesce(rel.name, contypid::regtype::text),
    pg_get_constraintdef(c.oid), convalidated)
  from pg_constraint c left join rel on rel.oid = conrelid
  where rel.oid is not null or contypid <> 0 and connamespace in (select oid from space)
  union all
  select format('index %s valid %s ready %s identity %s clustered %s', pg_get_indexdef(indexrelid), indisvalid,
    indisready, indisreplident, indisclustered)
  from pg_index where indexrelid in (select oid from rel)
  union all
  select format('sequence %s %s from %s by %s between %s and %s cache %s cycle %s owned by %s', name,
    seqtypid::regtype, seqstart, seqincrement, seqmin, seqmax, seqcache, seqcycle,
    (select format('%s.%s', refobjid::regclass, refobjsubid) from pg_depend where objid = rel.oid
      and classid = 'pg_class'::regclass and refclassid = 'pg_class'::regclass and deptype in ('a', 'i')))
  from rel join pg_sequence on seqrelid = rel.oid
  union all
  select format('view %s %s', name, pg_get_viewdef(oid)) from rel where relkind in ('v', 'm')
  union all
  select format('trigger %s enabled %s', pg_get_triggerdef(oid), tgenabled) from pg_trigger
  where not tgisinternal and tgrelid in (select oid from rel)
  union all
  select format('policy %I on %s for %s %s %s %s', polname, polrelid::regclass, polcmd, polpermissive,
    pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)) from pg_policy
  union all
  select format('function %s owner %s acl %s', pg_get_functiondef(p.oid), proowner::regrole, proacl)
  from pg_proc p join space n on n.oid = pronamespace
  where prokind in ('f', 'p') and p.oid not in (select oid from hidden)
  union all
  select format('type %s kind %s base %s not null %s default %s labels %s', t.oid::regtype, typtype,
    nullif(typbasetype, 0)::regtype, typnotnull, typdefault,
    (select string_agg(quote_literal(enumlabel), ', ' order by enumsortorder) from pg_enum where enumtypid = t.oid))
  from pg_type t join space n on n.oid = typnamespace
  where typtype in ('e', 'd', 'r', 'm') and t.oid not in (select oid from hidden)
  union all
  select format('comment on %s %s: %s', kind.type, kind.identity, description)
  from pg_description d, pg_identify_object(d.classoid, d.objoid, d.objsubid) kind
  where kind.schema in (select nspname from space) and d.objoid not in (select oid from hidden)
)
select line from line order by line collate "C"`;

/** The version table's rows; null where there is no table. */
export async function ledgerOf(
  database: Database,
): Promise<readonly { readonly version: string; readonly dirty: boolean }[] | null> {
  const [there] = await database.query(`select to_regclass('schema_migrations') is not null as there`);
  if (there?.there !== true) return null;
  const rows = await database.query('select version::text, dirty from schema_migrations order by version');
  return rows as { version: string; dirty: boolean }[];
}
