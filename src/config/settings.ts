/**
 * Query keys that are not libpq's. libpq refuses them; Go's drivers send them to the server as run-time settings,
 * or keep them for themselves. golang-migrate's users have both in their URLs.
 */

import type { Environment } from './keywords.ts';

/** The settings that make sense for a migration session. Any other can be given as `options=-c name=value`. */
const SETTINGS = [
  'search_path',
  'role',
  'timezone',
  'datestyle',
  'intervalstyle',
  'statement_timeout',
  'lock_timeout',
  'transaction_timeout',
  'idle_in_transaction_session_timeout',
  'idle_session_timeout',
  'deadlock_timeout',
  'client_connection_check_interval',
  'default_transaction_isolation',
  'default_transaction_read_only',
  'default_transaction_deferrable',
  'default_tablespace',
  'default_table_access_method',
  'default_toast_compression',
  'temp_tablespaces',
  'client_min_messages',
  'log_min_messages',
  'log_min_duration_statement',
  'log_statement',
  'work_mem',
  'maintenance_work_mem',
  'temp_buffers',
  'max_parallel_maintenance_workers',
  'max_parallel_workers_per_gather',
  'vacuum_cost_delay',
  'synchronous_commit',
  'session_replication_role',
  'row_security',
  'check_function_bodies',
  'bytea_output',
  'extra_float_digits',
  'lc_messages',
  'xmloption',
  'geqo',
  'jit',
] as const;

export const SETTING_NAMES: readonly string[] = SETTINGS;

/** PostgreSQL folds their case (`TimeZone`); one with a dot belongs to an extension or to the application. */
export const isSetting = (key: string): boolean =>
  SETTING_NAMES.includes(key.toLowerCase()) || /^[a-z_][\w$]*(\.[a-z_][\w$]*)+$/i.test(key);

/** About the driver that reads them, not about the database: pgx v4 and v5, pgxpool, lib/pq, node-postgres, Prisma, Supabase's integrations. */
const DRIVER_KEYS = new Set([
  'default_query_exec_mode',
  'statement_cache_capacity',
  'description_cache_capacity',
  'statement_cache_mode',
  'prefer_simple_protocol',
  'min_read_buffer_size',
  'binary_parameters',
  'disable_prepared_binary_result',
  'uselibpqcompat',
  'pgbouncer',
  'connection_limit',
  'supa',
]);

export const isDriverKey = (key: string): boolean => DRIVER_KEYS.has(key) || key.startsWith('pool_');

/** libpq's EnvironmentOptions: variables that are settings too. "default" means not to send it. */
const VARIABLES = [
  ['PGDATESTYLE', 'datestyle'],
  ['PGTZ', 'timezone'],
  ['PGGEQO', 'geqo'],
] as const;

export type Setting = readonly [name: string, value: string];

/**
 * The same with another `role` to act as, or `search_path`: the one that was said goes, since the server looks at each, and
 * that role may not exist.
 */
export const withSetting = (
  list: readonly Setting[],
  key: 'role' | 'search_path',
  value: string,
): readonly Setting[] => [...list.filter(([name]) => name.toLowerCase() !== key), [key, value]];

/** golang-migrate's x-statement-timeout; PostgreSQL's own name for it wins. */
export function withTimeout(list: readonly Setting[], ms: number): readonly Setting[] {
  const isSaid = list.some(([name]) => name.toLowerCase() === 'statement_timeout');
  return ms === 0 || isSaid ? list : [...list, ['statement_timeout', String(ms)]];
}

/** The settings of the session: the URL's, and the environment's where the URL is silent. */
export function settings(fromUrl: readonly Setting[], env: Environment): readonly Setting[] {
  const said = new Set(fromUrl.map(([name]) => name.toLowerCase()));
  const more = VARIABLES.flatMap(([variable, name]): Setting[] => {
    const value = env[variable];
    return value === undefined || value === '' || value.toLowerCase() === 'default' || said.has(name)
      ? []
      : [[name, value]];
  });
  return [...fromUrl, ...more];
}

/**
 * All of it as the one `options` of the start-up message, since pg cannot send other settings. What is given there
 * is what `reset all` goes back to, so it outlives the clean-up between migrations. The server cuts at blanks and
 * takes a backslash as an escape (postinit.c, pg_split_opts); of two `-c` for one name the later one counts.
 */
export function startupOptions(options: string | null, list: readonly Setting[]): string | null {
  const escaped = (text: string) => text.replaceAll(/[\\\s]/g, '\\$&');
  const all = [...(options === null ? [] : [options]), ...list.map(([n, v]) => `-c ${n}=${escaped(v)}`)];
  return all.length === 0 ? null : all.join(' ');
}
