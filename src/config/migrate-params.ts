/**
 * golang-migrate's own `x-` parameters, by its rules (database/pgx/v5/pgx.go, Open and WithInstance, v4.19.1):
 * what names the table is obeyed to the letter, since it decides which ledger we share.
 */

import { nearest } from './nearest.ts';
import { nameable, urlError } from './url-error.ts';

export interface MigrateParams {
  /** Schema null: whatever `current_schema()` says. */
  readonly table: { readonly schema: string | null; readonly name: string };
  /** Null where nothing is said. golang-migrate drops every `x-` parameter that it does not know. */
  readonly journal: string | null;
  /** There for a whole file, on the client's clock; here for each statement, on the server's. 0 is none. */
  readonly statementTimeoutMs: number;
  readonly multiStatement: boolean;
  readonly multiStatementMaxSize: number;
  readonly lockStrategy: 'advisory' | 'table';
  readonly lockTable: string;
  readonly warnings: readonly string[];
}

const DEFAULT_MAX_SIZE = 10 * 1024 * 1024;
/** Ours, in a URL that golang-migrate may be given too. */
const JOURNAL = 'x-journal-table';
export const MIGRATE_PARAMS: readonly string[] = [
  JOURNAL,
  'x-migrations-table',
  'x-migrations-table-quoted',
  'x-statement-timeout',
  'x-multi-statement',
  'x-multi-statement-max-size',
  'x-lock-strategy',
  'x-lock-table',
];

/** `params` holds only keys that begin with `x-`. An empty value is no value, as in Go. */
export function readMigrateParams(params: ReadonlyMap<string, string>): MigrateParams {
  const get = (key: string) => params.get(key) ?? '';
  const warnings = [...params.keys()].filter((key) => !MIGRATE_PARAMS.includes(key)).map(strangeKey);
  const unused = (key: string, why: string) => warnings.push(`${key} is not used: ${why}`);

  const table = readTable(get('x-migrations-table'), boolean('x-migrations-table-quoted', params));
  const statementTimeoutMs = integer('x-statement-timeout', params) ?? 0;
  if (statementTimeoutMs < 0 || statementTimeoutMs > 2147483647) {
    throw urlError('x-statement-timeout is not a number of milliseconds from 0 to 2147483647');
  }
  const multiStatement = boolean('x-multi-statement', params);
  const size = integer('x-multi-statement-max-size', params);
  if (size !== null) unused('x-multi-statement-max-size', 'a statement may have any size');

  const strategy = get('x-lock-strategy');
  if (strategy !== '' && strategy !== 'advisory' && strategy !== 'table') {
    throw urlError(`unknown lock strategy "${strategy}"`, 'it can be advisory or table');
  }
  if (strategy === 'table') {
    unused('x-lock-strategy', 'locks are advisory; a golang-migrate that locks a table does not see them');
  }
  if (get('x-lock-table') !== '') unused('x-lock-table', 'locks are advisory');

  return {
    table,
    journal: get(JOURNAL) || null,
    statementTimeoutMs,
    multiStatement,
    multiStatementMaxSize: size === null || size <= 0 ? DEFAULT_MAX_SIZE : size,
    lockStrategy: strategy === 'table' ? 'table' : 'advisory',
    lockTable: get('x-lock-table') || 'schema_lock',
    warnings,
  };
}

/** Unquoted, the value is one identifier, dots included: `a.b` is a table of that name. */
function readTable(value: string, quoted: boolean): MigrateParams['table'] {
  if (!quoted) return { schema: null, name: value === '' ? 'schema_migrations' : value };
  if (value === '') throw urlError('x-migrations-table-quoted is enabled without x-migrations-table');
  if (!value.startsWith('"') || !value.endsWith('"')) {
    throw urlError(
      `x-migrations-table must be quoted (for instance '"migrate"."schema_migrations"') when ` +
        `x-migrations-table-quoted is enabled, current value is: ${value}`,
    );
  }
  // Go's `"(.*?)"`, in which only \n ends a dot; whatever stands between the quoted parts is not looked at.
  const names = [...value.matchAll(/"([^\n]*?)"/g)].map((m) => m[1] ?? '');
  if (names.length > 2) throw urlError(`"${value}" MigrationsTable contains too many dot characters`);
  const name = names.at(-1) ?? '';
  const schema = names.length === 2 ? (names[0] ?? '') : null;
  // Go would panic on the one and be refused by the server on the other.
  if (name === '' || schema === '') throw urlError('x-migrations-table has an empty name in it');
  return { schema, name };
}

const TRUE = ['1', 't', 'T', 'TRUE', 'true', 'True'];
const FALSE = ['0', 'f', 'F', 'FALSE', 'false', 'False', ''];

/** Go's strconv.ParseBool. */
function boolean(key: string, params: ReadonlyMap<string, string>): boolean {
  const value = params.get(key) ?? '';
  if (TRUE.includes(value)) return true;
  if (FALSE.includes(value)) return false;
  const reason = `strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`;
  throw urlError(`unable to parse option ${key}: ${reason}`, 'it can be true or false');
}

/** Go's strconv.Atoi. */
function integer(key: string, params: ReadonlyMap<string, string>): number | null {
  const value = params.get(key) ?? '';
  if (value === '') return null;
  if (/^[+-]?\d+$/.test(value) && Number.isSafeInteger(Number(value))) return Number(value);
  const reason = `strconv.Atoi: parsing ${JSON.stringify(value)}: invalid syntax`;
  throw urlError(`unable to parse option ${key}: ${reason}`);
}

/** Go drops every key that begins with `x-` before it connects, whatever it is. */
function strangeKey(key: string): string {
  const meant = nearest(key, MIGRATE_PARAMS);
  const known = 'is not a parameter of golang-migrate, and is ignored';
  return `${nameable(key)} ${known}${meant === null ? '' : `; did you mean ${meant}?`}`;
}
