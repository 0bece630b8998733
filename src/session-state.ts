/**
 * What a session is brought back to after a file. An own session: to its start. A client that a service lent us: to
 * how it was lent, because it is handed back, and because its search_path and role say where migrations go.
 */

import { CHECK_INTERVAL } from './ledger/identify.ts';
import type { Row } from './recorded.ts';
import { dollar, identifier, literal } from './sql/quote.ts';

export interface SessionState {
  readonly lent: boolean;
  /** Said after `reset all`: what had been set in the session. */
  readonly settings: readonly string[];
  /** Kinds of things the lender has in the session; cleaning them up would take them away. */
  readonly keeps: readonly ('prepared' | 'cursors' | 'channels' | 'temporary')[];
  readonly watch: boolean;
}

export const own = (watch: boolean): SessionState => ({ lent: false, settings: [], keeps: [], watch });

/** One row of what `decode` wants. `usename` is who logged in, whatever SET SESSION AUTHORIZATION said since. */
export const READ = `select (select json_agg(json_build_array(name, setting))::text from pg_catalog.pg_settings
    where source = 'session' and context in ('user', 'superuser') and name !~ '^transaction_') as settings,
  current_setting('role') as role, session_user as acting,
  (select usename from pg_catalog.pg_stat_activity where pid = pg_backend_pid()) as login,
  (select count(*) from pg_catalog.pg_prepared_statements)::text as prepared,
  (select count(*) from pg_catalog.pg_cursors)::text as cursors,
  (select count(*) from pg_catalog.pg_listening_channels())::text as channels,
  (select count(*) from pg_catalog.pg_class where relnamespace = pg_my_temp_schema())::text as temporary`;

export function decode(row: Row, watch: boolean): SessionState {
  const pairs = JSON.parse(row.settings ?? '[]') as [string, string][];
  const kinds = ['prepared', 'cursors', 'channels', 'temporary'] as const;
  return {
    lent: true,
    settings: [
      ...(row.acting === row.login ? [] : [`set session authorization ${identifier(row.acting ?? '')}`]),
      ...(row.role === 'none' ? [] : [`set role ${identifier(row.role ?? '')}`]),
      ...pairs.map(
        ([name, value]) => `select pg_catalog.set_config(${literal(name)}, ${literal(value)}, false)`,
      ),
    ],
    keeps: kinds.filter((kind) => Number(row[kind]) > 0),
    watch,
  };
}

/**
 * What a file may leave in the session and the next one must not see. `reset all` alone leaves roles, with which
 * the ledger write would fail (42501), prepared statements and temporary tables; `discard all` would drop our locks.
 * Deferred triggers come first: at the commit they would run without the file's search_path and role, and events
 * that wait on a temporary table make `discard temp` fail (55006).
 */
export function cleanUp(b: SessionState): { readonly cleanUp: string; readonly cleanUpTags: number } {
  const statements = [
    'set constraints all immediate',
    ...restoring(b),
    ...(b.watch ? [`set client_connection_check_interval = '${CHECK_INTERVAL}'`] : []),
  ];
  return { cleanUp: statements.join('; '), cleanUpTags: statements.length };
}

/**
 * In a lent session `reset all` would also take the lender's own parameters (`app.tenant`), which no view lists and
 * which so could not be set again. What a file sets of that kind stays.
 */
const RESET_VISIBLE = `do ${dollar(` declare name text; begin
  for name in select s.name from pg_catalog.pg_settings s
    where s.source = 'session' and s.context in ('user', 'superuser') and s.name !~ '^transaction_'
  loop execute pg_catalog.format('reset %I', name); end loop;
end `)}`;

/** The same without our own setting: for the end. */
export const restore = (b: SessionState): string => restoring(b).join('; ');

function restoring(b: SessionState): readonly string[] {
  const unless = (kind: SessionState['keeps'][number], statement: string) =>
    b.keeps.includes(kind) ? [] : [statement];
  return [
    'reset session authorization',
    'reset role',
    b.lent ? RESET_VISIBLE : 'reset all',
    ...unless('prepared', 'deallocate all'),
    ...unless('cursors', 'close all'),
    ...unless('channels', 'unlisten *'),
    ...unless('temporary', 'discard temp'),
    'discard sequences',
    ...b.settings,
  ];
}
