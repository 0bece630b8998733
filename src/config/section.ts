/**
 * The `database:` section, ToolHive's (toolhive-registry-server, internal/config/config.go), as a connection string.
 * Where it is silent the PG* variables speak, as they do for any connection string; a section with neither is
 * refused, as it would mean a database that nobody has named.
 */

import type { Given } from './check.ts';
import type { Environment } from './keywords.ts';
import type { Origin, Problem } from './layer.ts';

export interface Section {
  /** By key, without `database/`. */
  readonly values: ReadonlyMap<string, Given>;
  /** The keys that are there, be their values good or not. */
  readonly written: readonly string[];
  /** Of the section itself. */
  readonly origin: Origin;
}

/** The whole text of a file, or why there is none. */
export type ReadText = (path: string) => { readonly text: string } | { readonly fault: string };

export interface SectionUrl {
  readonly url: string;
  readonly problems: readonly Problem[];
}

export function sectionUrl(section: Section, env: Environment, readText: ReadText): SectionUrl {
  const { values, written, origin } = section;
  const get = (key: string): string => String(values.get(key)?.value ?? '');
  const needed = [
    ['host', 'PGHOST', env.PGHOST || env.PGHOSTADDR || ''],
    ['user', 'PGUSER', written.includes('migrationUser') ? 'it' : (env.PGUSER ?? '')],
    ['database', 'PGDATABASE', env.PGDATABASE || ''],
  ] as const;
  const missing = needed
    .filter(([key, , otherwise]) => !written.includes(key) && otherwise === '')
    .map(([key, variable]) => ({ origin, message: `database.${key} is required, or ${variable}` }));
  const { password, problems } = passwordOf(section, readText);

  const user = get('migrationUser') || get('user');
  const sslmode = get('sslmode') || (env.PGSSLMODE === undefined ? 'require' : '');
  const login = `${encodeURIComponent(user)}${password === '' ? '' : `:${encodeURIComponent(password)}`}`;
  const host = get('host').split(',').map(hostPart).join(',');
  const port = get('port') === '' ? '' : `:${get('port')}`;
  const query = sslmode === '' ? '' : `?sslmode=${sslmode}`;
  const url = `postgres://${login === '' ? '' : `${login}@`}${host}${port}/${encodeURIComponent(get('database'))}${query}`;
  return { url, problems: [...missing, ...problems] };
}

const hostPart = (host: string): string =>
  host.includes(':') && !host.startsWith('/') ? `[${host}]` : encodeURIComponent(host.trim());

/** Of the role that migrations connect as. Empty: PGPASSWORD's or .pgpass's. */
function passwordOf({ values }: Section, readText: ReadText) {
  const text = (key: string): string => String(values.get(key)?.value ?? '');
  const isOther = text('migrationUser') !== '' && text('migrationUser') !== text('user');
  const own = values.get('migrationPassword') ?? (isOther ? undefined : values.get('password'));
  const file = values.get('passwordFile');
  if (file === undefined) return { password: String(own?.value ?? ''), problems: [] };
  const refuse = (message: string) => ({ password: '', problems: [{ origin: file.origin, message }] });
  if (own !== undefined) return refuse('database.passwordFile and a password are both given');
  const read = readText(String(file.value));
  if ('fault' in read) return refuse(`database.passwordFile: ${read.fault}`);
  const password = read.text.trim();
  return password === '' ? refuse('database.passwordFile: the file is empty') : { password, problems: [] };
}
