/**
 * What a session is brought back to after a file. An own session: to its start. A client that a service lent us: to
 * how it was lent, because it is handed back, and because its search_path and role say where migrations go.
 */

import { CHECK_INTERVAL } from './ledger/identify.ts';
import type { Row } from './recorded.ts';
import { dollar, identifier, literal } from './sql/quote.ts';

/** So that the server notices within a statement that we are gone. */
export const WATCH = `set client_connection_check_interval = '${CHECK_INTERVAL}'`;
export const WATCH_HERE = WATCH.replace('set', 'set local');

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
export function cleanUp(b: SessionState): readonly string[] {
  return ['set constraints all immediate', ...restoring(b), ...(b.watch ? [WATCH] : [])];
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

/** Where a shared one is remembered, in the transaction itself: nobody knows beforehand which one it will be. */
const MEMORY = 'rungs.before';

/**
 * Of a server process that a pooler shares out: what others have set there, and the pooler itself (`connect_query`), is
 * theirs and stays.
 */
export const REMEMBER = `do ${dollar(` begin perform pg_catalog.set_config('${MEMORY}', row_to_json(s)::text, true)
  from (${READ}) s; end `)}`;

/** After the file: what it has set, prepared, opened or made for the session, and nothing else, is undone. */
export const UNDO_SHARED: readonly string[] = [
  'set constraints all immediate',
  'reset session authorization',
  'reset role',
  `do ${dollar(` declare
  was jsonb := nullif(pg_catalog.current_setting('${MEMORY}', true), '');
  settings jsonb := coalesce(was ->> 'settings', '[]');
  item record;
begin
  for item in select s.name from pg_catalog.pg_settings s
    where s.source = 'session' and s.context in ('user', 'superuser') and s.name !~ '^transaction_'
    and not exists (select from jsonb_array_elements(settings) e where e ->> 0 = s.name)
  loop execute pg_catalog.format('reset %I', item.name); end loop;
  for item in select e ->> 0 as name, e ->> 1 as setting from jsonb_array_elements(settings) e
    join pg_catalog.pg_settings s on s.name = e ->> 0 and s.setting is distinct from e ->> 1
  loop perform pg_catalog.set_config(item.name, item.setting, false); end loop;
  if was ->> 'acting' <> was ->> 'login' then
    execute pg_catalog.format('set session authorization %I', was ->> 'acting');
  end if;
  if was ->> 'role' <> 'none' then execute pg_catalog.format('set role %I', was ->> 'role'); end if;
  for item in select p.name from unnest(array(select name from pg_catalog.pg_prepared_statements
    where from_sql and prepare_time >= now())) p (name)
  loop execute pg_catalog.format('deallocate %I', item.name); end loop;
  for item in select c.name from unnest(array(select name from pg_catalog.pg_cursors
    where is_holdable and creation_time >= now())) c (name)
  loop execute pg_catalog.format('close %I', item.name); end loop;
  if was ->> 'temporary' = '0' then execute 'discard temp'; end if;
end `)}`,
];
