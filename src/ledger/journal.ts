/**
 * The journal beside the ledger: one row per migration and direction run, with what golang-migrate's one row
 * cannot say: which ones, when, how long, by whom, from which text, and how far. Text only; never connects.
 */

import type { Direction, Mode } from '../migration.ts';
import type { IndexStatement, JournalKind, JournalRow, Place, Row } from '../recorded.ts';
import { dollar, identifier, literal } from '../sql/quote.ts';

/** The SQLSTATE of our guards; no class of PostgreSQL's begins with RG. */
export const RACED = 'RG001';

/** What it is called where nobody says otherwise. */
export const journalOf = (table: string): string => `${table}_history`;

/** PostgreSQL cuts names after 63 bytes, which could make the journal's name the ledger's. */
export const isTooLong = (name: string): boolean => new TextEncoder().encode(name).length > 63;

const name = (p: Place): string => `${identifier(p.schema)}.${identifier(p.journal)}`;

export const create = (p: Place): string => `create table if not exists ${name(p)} (
  id bigint generated always as identity primary key,
  version bigint,
  name text not null,
  direction text not null check (direction in ('up', 'down')),
  kind text not null check (kind in ('run', 'assumed', 'forced', 'accepted', 'adopted')),
  mode text check (mode in ('atomic', 'resumable', 'plain')),
  state text not null check (state in ('started', 'done', 'failed')),
  head bigint,
  checksum text,
  meaning text,
  done_statements text[] not null default '{}',
  index_statement jsonb,
  ledger_xid text,
  error text,
  started_at timestamptz not null,
  finished_at timestamptz,
  execution_time_ms bigint,
  applied_by text not null default session_user,
  tool text not null,
  run text not null
)`;

/** Whether a table of the journal's name is one that we made. */
export const isOurs = (shape: { readonly kind: string; readonly columns: string }): boolean =>
  shape.kind === 'r' &&
  /^id bigint, version bigint, name text, direction text, kind text, /.test(shape.columns);

export const read = (p: Place): string => `select id::text, version::text, name, direction, kind, mode, state,
  head::text, checksum, meaning, array_to_json(done_statements)::text as done_statements,
  index_statement::text, ledger_xid, error,
  to_char(finished_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as applied_at,
  execution_time_ms::text, applied_by, tool, run
  from ${name(p)} order by ${name(p)}.id`;

export function decode(rows: readonly Row[]): readonly JournalRow[] {
  return rows.map((r) => ({
    id: BigInt(r.id ?? 0),
    version: r.version == null ? null : BigInt(r.version),
    name: r.name ?? '',
    direction: r.direction as Direction,
    kind: r.kind as JournalKind,
    mode: (r.mode ?? null) as Mode | null,
    state: r.state as JournalRow['state'],
    head: r.head == null ? null : BigInt(r.head),
    checksum: r.checksum ?? null,
    meaning: r.meaning ?? null,
    doneStatements: JSON.parse(r.done_statements ?? '[]') as string[],
    indexStatement: JSON.parse(r.index_statement ?? 'null') as IndexStatement | null,
    ledgerXid: r.ledger_xid ?? null,
    error: r.error ?? null,
    appliedAt: r.applied_at ?? null,
    executionTimeMs: r.execution_time_ms == null ? null : Number(r.execution_time_ms),
    appliedBy: r.applied_by ?? null,
    tool: r.tool ?? null,
    run: r.run ?? null,
  }));
}

/** Which migration a row is of: a version, or a file’s name. */
export const idOf = ({ version, name }: Pick<JournalRow, 'version' | 'name'>): string =>
  version === null ? name : String(version);

/** What a new row says of itself; times and the user are the server's to fill in. */
export interface Entry {
  readonly version: bigint | null;
  readonly name: string;
  readonly direction: Direction;
  readonly kind: JournalKind;
  readonly mode: Mode | null;
  readonly head: bigint | null;
  readonly checksum: string | null;
  readonly meaning?: string | null;
  /** The server's words, of one that failed. */
  readonly error?: string;
}

/** Who writes: constant for a run. */
export interface Author {
  readonly tool: string;
  readonly run: string;
}

const text = (value: string | null): string => (value === null ? 'null' : literal(value));
/** When the transaction's work began. To the server that is when its message arrived. */
export const ARRIVAL = 'now()';
/** The same behind another migration in one message: when that one was recorded. */
export const afterLast = (p: Place): string =>
  `coalesce((select finished_at from ${name(p)} order by id desc limit 1), ${ARRIVAL})`;

/** Milliseconds. */
export const elapsed = (since: string): string =>
  `round(extract(epoch from clock_timestamp() - ${since}) * 1000)`;

/** `done` rows are written by the transaction that does the work; `started` ones before it. */
export function insert(p: Place, e: Entry, by: Author, state: JournalRow['state'], since = ARRIVAL): string {
  const times = state === 'started' ? 'now(), null, null' : `${since}, clock_timestamp(), ${elapsed(since)}`;
  const xid = state === 'started' ? 'pg_current_xact_id()::xid::text' : 'null';
  return `insert into ${name(p)} (version, name, direction, kind, mode, state, head, checksum, meaning, tool, run,
  started_at, finished_at, execution_time_ms, ledger_xid, error)
  values (${e.version ?? 'null'}, ${literal(e.name)}, '${e.direction}', '${e.kind}', ${text(e.mode)}, '${state}',
  ${e.head ?? 'null'}, ${text(e.checksum)}, ${text(e.meaning ?? null)}, ${literal(by.tool)}, ${literal(by.run)}, ${times}, ${xid},
  ${text(e.error ?? null)}) returning id::text`;
}

/**
 * Raises RACED where another run has run a repeatable since it was looked up. `held`: what keeps the ledger where it is, and
 * the journal with it, until the transaction ends; null: only looks.
 */
export const unrepeated = (
  p: Place,
  id: string,
  last: Pick<JournalRow, 'id'> | null,
  held: string | null,
): string =>
  `do ${dollar(` begin
  ${held === null ? '' : `${held}lock table ${name(p)} in share row exclusive mode;`}
  if (select max(id) from ${name(p)} where version is null and name = ${literal(id)} and state = 'done')
    is distinct from ${last?.id ?? 'null'} then
    raise exception using errcode = '${RACED}', message = ${literal(`${id} has been run by another run`)};
  end if;
end `)}`;

/** A resumed file took as long as its parts together; a part that failed is not counted. */
export const finish = (p: Place, id: bigint, checksum: string | null, elapsedMs: number): string =>
  `update ${name(p)} set state = 'done', index_statement = null, checksum = ${text(checksum)},
  finished_at = clock_timestamp(), execution_time_ms = ${Math.round(elapsedMs)} where id = ${id}`;

/** One more statement is done. Raises RACED where another run has recorded it meanwhile. */
export const advance = (p: Place, id: bigint, done: number, statementChecksum: string): string =>
  `do ${dollar(` begin
  update ${name(p)} set done_statements[${done + 1}] = ${literal(statementChecksum)}, index_statement = null
    where id = ${id} and state = 'started' and cardinality(done_statements) = ${done};
  if not found then
    raise exception using errcode = '${RACED}', message = 'another run has continued this migration';
  end if;
end `)}`;

export const noteIndexes = (p: Place, id: bigint, statement: IndexStatement): string =>
  `update ${name(p)} set index_statement = ${literal(JSON.stringify(statement))} where id = ${id}`;
