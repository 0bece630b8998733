/** The question which of some objects are not there; the answer is their numbers. */

import type { ObjectName } from './effects.ts';
import { literal } from './quote.ts';

export interface Wanted extends ObjectName {
  readonly kind: string;
  readonly anywhere: boolean;
}

const KINDS: Readonly<Record<string, string>> = {
  table: 'rpf',
  index: 'iI',
  view: 'v',
  'materialized view': 'm',
  sequence: 'S',
};

/** An unqualified name is looked for in the search_path, as the statement that made it did. */
const IN = `(n.nspname = w.schema or (w.schema is null
    and (n.nspname = any (current_schemas(false)) or (w.anywhere and n.nspname !~ '^pg_'))))`;
const RELATION = `select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace`;

const THERE = `case w.family
  when 'relation' then exists (${RELATION} where c.relname = w.name and strpos(w.kinds, c.relkind::text) > 0 and ${IN})
  when 'column' then exists (${RELATION} join pg_catalog.pg_attribute a on a.attrelid = c.oid
    where c.relname = w.on_table and a.attname = w.name and not a.attisdropped and ${IN})
  when 'trigger' then exists (${RELATION} join pg_catalog.pg_trigger t on t.tgrelid = c.oid
    where c.relname = w.on_table and t.tgname = w.name and ${IN})
  when 'type' then exists (select from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
    where t.typname = w.name and ${IN})
  when 'routine' then exists (select from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    where p.proname = w.name and ${IN})
  when 'schema' then exists (select from pg_catalog.pg_namespace n where n.nspname = w.name)
  when 'extension' then exists (select from pg_catalog.pg_extension e where e.extname = w.name)
end`;

/** Null where nothing is asked. */
export function missing(wanted: readonly Wanted[]): string | null {
  if (wanted.length === 0) return null;
  const text = (value: string | null) => (value === null ? 'null::text' : literal(value));
  const rows = wanted.map(({ family, kind, schema, name, on, anywhere }, i) => {
    // A table, a trigger's or a column's, may be any relation of its name.
    const kinds = KINDS[kind] ?? '';
    return `(${i}, ${text(family)}, ${text(kinds)}, ${text(schema)}, ${text(name)}, ${text(on)}, ${anywhere})`;
  });
  return `select w.i::text as i from (values ${rows.join(',\n')}) w (i, family, kinds, schema, name, on_table, anywhere)
  where not ${THERE} order by w.i`;
}
