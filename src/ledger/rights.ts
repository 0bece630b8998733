/** What the role may do where the version table is or will be, and what the server says of itself: for `verify`. */

import type { Place, Row } from '../recorded.ts';
import { identifier, literal } from '../sql/quote.ts';
import type { Lack, Who } from '../sql/rights.ts';
import type { Ledger } from './ledger.ts';
import { tableName } from './version-row.ts';

/** To be read and written to (journal.ts). */
const ON_JOURNAL = ['SELECT', 'INSERT', 'UPDATE'] as const;
const ON_SCHEMA = ['USAGE', 'CREATE'] as const;

export interface Facts {
  /** As in `18.1`. */
  readonly version: string;
  /** Writes are refused: a standby, or `default_transaction_read_only`. */
  readonly isReadOnly: boolean;
  readonly isStandby: boolean;
  /** `127.0.0.1:5432`; null over a socket. */
  readonly address: string | null;
  /** As in `TLSv1.3`; null where what is sent can be read on its way. */
  readonly tls: string | null;
  readonly lacking: { readonly [K in 'schema' | 'ledger' | 'journal']: readonly string[] };
  /** As SQL: the sequence that may not be used, of those that may be. */
  readonly counter: string | null;
}

export function read(place: Place, { needs }: Ledger): string {
  const table = (name: string, right: string) =>
    `(select has_table_privilege(c.oid, '${right}') from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname = ${literal(place.schema)} and c.relname = ${literal(name)})`;
  const lacking = (rights: readonly string[], has: (right: string) => string) =>
    `concat_ws(' ', ${rights.map((r) => `case when not ${has(r)} then '${r}' end`).join(', ') || 'null'})`;
  const onSchema = (right: string) => `has_schema_privilege(${literal(place.schema)}, '${right}')`;
  const sequence = `pg_get_serial_sequence(${literal(tableName(place))}, ${literal(needs.counter ?? '')})`;
  const counter = `case when to_regclass(${literal(tableName(place))}) is not null
    then (select s from ${sequence} s where not has_sequence_privilege(s, 'USAGE')) end`;
  return `select split_part(current_setting('server_version'), ' ', 1) as version,
  current_setting('transaction_read_only') as read_only, pg_is_in_recovery()::text as standby,
  host(inet_server_addr()) || ':' || inet_server_port() as address,
  (select s.version from pg_catalog.pg_stat_ssl s where s.pid = pg_backend_pid() and s.ssl) as tls,
  ${lacking(ON_SCHEMA, onSchema)} as schema,
  ${lacking(needs.rights, (r) => table(place.table, r))} as ledger,
  ${needs.counter === null ? 'null' : counter} as counter,
  ${lacking(ON_JOURNAL, (r) => table(place.journal, r))} as journal`;
}

export function decode(row: Row): Facts {
  const words = (text: string | null | undefined) => (text == null || text === '' ? [] : text.split(' '));
  return {
    version: row.version ?? '',
    isReadOnly: row.read_only === 'on',
    isStandby: row.standby === 'true',
    address: row.address ?? null,
    tls: row.tls ?? null,
    lacking: { schema: words(row.schema), ledger: words(row.ledger), journal: words(row.journal) },
    counter: row.counter ?? null,
  };
}

/** What is missing on each, with its GRANT. `creates`: whether anything is to be made in the schema. */
export function lacks(
  { lacking, counter }: Facts,
  place: Place,
  creates: boolean,
  who: Who,
): readonly Lack[] {
  const lack = (rights: readonly string[], kind: string, shown: string, name: string): readonly Lack[] => {
    const right = rights.join(', ');
    const cure = `grant ${right.toLowerCase()} on ${kind} ${name} to ${identifier(who.user)}`;
    return rights.length === 0 ? [] : [{ right, object: `${kind} ${shown}`, cure }];
  };
  const journal = { ...place, table: place.journal };
  const onSchema = lacking.schema.filter((right) => creates || right !== 'CREATE');
  return [
    ...lack(onSchema, 'schema', place.schema, identifier(place.schema)),
    ...lack(lacking.ledger, 'table', place.table, tableName(place)),
    ...(counter === null ? [] : lack(['USAGE'], 'sequence', counter, counter)),
    ...lack(lacking.journal, 'table', journal.table, tableName(journal)),
  ];
}
