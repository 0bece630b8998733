/**
 * libpq's keywords (PostgreSQL 18, "Parameter Key Words"), and what becomes of each here: used, accepted where the
 * value asks for nothing that we do not do, or refused. None is ignored in silence: most are about safety.
 */

import { unquotable } from './unquotable.ts';
import { urlError } from './url-error.ts';

interface Keyword {
  /** Fills in where the URL is silent. */
  readonly env?: string;
  /** All the values there are, where they are few. Unlike in libpq, an empty variable is none of them, but unset. */
  readonly values?: readonly string[];
  /** Not used: the values under which that makes no difference. The empty one always is such a value. */
  readonly only?: readonly string[];
  /** Why any other value is refused, where it is not just "not yet". */
  readonly why?: string;
}

const NO_GSS = 'GSSAPI is not supported';
const NO_OAUTH = 'OAuth is not supported';

const KEYWORDS: Readonly<Record<string, Keyword>> = {
  host: { env: 'PGHOST' },
  hostaddr: { env: 'PGHOSTADDR' },
  port: { env: 'PGPORT' },
  user: { env: 'PGUSER' },
  password: { env: 'PGPASSWORD' },
  dbname: { env: 'PGDATABASE' },
  connect_timeout: { env: 'PGCONNECT_TIMEOUT' },
  application_name: { env: 'PGAPPNAME' },
  fallback_application_name: {},
  options: { env: 'PGOPTIONS' },
  sslmode: { env: 'PGSSLMODE' },
  sslrootcert: { env: 'PGSSLROOTCERT' },
  sslcert: { env: 'PGSSLCERT' },
  sslkey: { env: 'PGSSLKEY' },
  sslpassword: {},
  sslcrl: { env: 'PGSSLCRL' },
  sslsni: { env: 'PGSSLSNI', values: ['0', '1'] },
  ssl_min_protocol_version: { env: 'PGSSLMINPROTOCOLVERSION' },
  ssl_max_protocol_version: { env: 'PGSSLMAXPROTOCOLVERSION' },
  passfile: { env: 'PGPASSFILE' },
  channel_binding: { env: 'PGCHANNELBINDING', values: ['disable', 'prefer', 'require'] },
  target_session_attrs: {
    env: 'PGTARGETSESSIONATTRS',
    values: ['any', 'read-write', 'read-only', 'primary', 'standby', 'prefer-standby'],
  },
  keepalives: {},
  keepalives_idle: {},
  keepalives_interval: {},
  keepalives_count: {},
  tcp_user_timeout: {},

  client_encoding: { only: ['UTF8', 'utf8', 'UTF-8', 'utf-8', 'auto'], why: 'migration files are UTF-8' },
  replication: {
    only: ['false', 'off', 'no', '0'],
    why: 'migrations cannot run on a replication connection',
  },
  load_balance_hosts: { env: 'PGLOADBALANCEHOSTS', only: ['disable'], why: 'hosts are tried in their order' },
  service: { env: 'PGSERVICE', only: [], why: 'service files are not read' },
  servicefile: { only: [], why: 'service files are not read' },
  require_auth: { env: 'PGREQUIREAUTH', only: [] },
  requirepeer: { env: 'PGREQUIREPEER', only: [], why: 'Node cannot see the user behind a socket' },
  scram_client_key: { only: [] },
  scram_server_key: { only: [] },
  min_protocol_version: { env: 'PGMINPROTOCOLVERSION', only: ['3.0'], why: 'the protocol spoken is 3.0' },
  max_protocol_version: {
    env: 'PGMAXPROTOCOLVERSION',
    only: ['3.0', 'latest'],
    why: 'the protocol spoken is 3.0',
  },

  sslnegotiation: { env: 'PGSSLNEGOTIATION', only: ['postgres'] },
  sslcompression: { env: 'PGSSLCOMPRESSION', only: ['0'], why: 'TLS is not compressed' },
  sslcertmode: {
    env: 'PGSSLCERTMODE',
    only: ['disable', 'allow'],
    why: 'Node does not tell whether the server asked for a certificate',
  },
  sslcrldir: { env: 'PGSSLCRLDIR', only: [], why: 'sslcrl, a file, is' },
  sslkeylogfile: { only: [], why: 'TLS keys are not written to files' },

  gssencmode: { env: 'PGGSSENCMODE', only: ['disable', 'prefer'], why: NO_GSS },
  gssdelegation: { env: 'PGGSSDELEGATION', only: ['0'], why: NO_GSS },
  krbsrvname: { only: ['postgres'], why: NO_GSS },
  gsslib: { only: [], why: NO_GSS },
  oauth_issuer: { only: [], why: NO_OAUTH },
  oauth_client_id: { only: [], why: NO_OAUTH },
  oauth_client_secret: { only: [], why: NO_OAUTH },
  oauth_scope: { only: [], why: NO_OAUTH },

  // Not libpq's, but Go's, and as much about safety.
  sslinline: { only: ['false'], why: 'certificates are read from files' },
  krbspn: { only: [], why: NO_GSS },
};

/** What messages tell the value of. */
const NAMED = [
  'host',
  'hostaddr',
  'user',
  'dbname',
  'passfile',
  'sslrootcert',
  'sslcert',
  'sslkey',
  'sslcrl',
];

export const KEYWORD_NAMES: readonly string[] = Object.keys(KEYWORDS);
export const isKeyword = (key: string): boolean => Object.hasOwn(KEYWORDS, key);

export type Environment = Readonly<Record<string, string | undefined>>;

/** A value, and where it was said: "sslmode in the URL", "sslmode in the connection string", "PGSSLMODE". */
export interface Given {
  readonly value: string;
  readonly said: string;
}
export type Values = ReadonlyMap<string, Given>;

/**
 * The string's values, the environment's where it is silent; throws on the first that asks for what we do not do.
 * `where` is how to call the string.
 */
export function resolve(said: ReadonlyMap<string, string>, where: string, env: Environment): Values {
  const values = new Map<string, Given>();
  for (const [key, keyword] of Object.entries(KEYWORDS)) {
    const value = said.get(key);
    const given =
      value === undefined ? fromEnvironment(key, keyword.env, env) : { value, said: `${key} in ${where}` };
    if (given === null) continue;
    check(key, keyword, given, where);
    refuseUrl(key, given);
    values.set(key, given);
  }
  return values;
}

function check(
  key: string,
  { env, values, only, why }: Keyword,
  { value, said }: Given,
  where: string,
): void {
  if (values !== undefined && !values.includes(value))
    throw urlError(`${said} can only be ${values.join(', ').replace(/, (?=[^,]*$)/, ' or ')}`);
  if (only === undefined || value === '' || only.includes(value)) return;
  const how = only.length === 0 ? 'is not supported' : `is supported only as ${only.join(' or ')}`;
  const hint = said === env ? `unset ${env}` : `take ${key} out of ${where}`;
  throw urlError(`${said} ${how}${why === undefined ? ' yet' : `: ${why}`}`, hint);
}

/** In PGDATABASE, say: what it is connected to is named in every message. */
function refuseUrl(key: string, { value, said }: Given): void {
  const what = NAMED.includes(key) ? unquotable(value) : null;
  if (what !== null) throw urlError(`${said} is ${what}`, 'give the whole of it as DATABASE_URL');
}

/**
 * An empty variable counts as unset, because CI systems set what they cannot fill; but not PGSSLMODE, where that
 * would be a quiet way to lose encryption. libpq refuses an empty one too.
 */
function fromEnvironment(key: string, variable: string | undefined, env: Environment): Given | null {
  const value = variable === undefined ? undefined : env[variable];
  if (variable !== undefined && value !== undefined && (value !== '' || key === 'sslmode')) {
    return { value, said: variable };
  }
  // Deprecated since 7.4 and still obeyed (fe-connect.c, conninfo_add_defaults).
  const required = key === 'sslmode' && env.PGREQUIRESSL?.startsWith('1');
  return required ? { value: 'require', said: 'PGREQUIRESSL' } : null;
}

/** A whole number, as libpq takes it; null where it is not given. */
export function integer(values: Values, key: string): number | null {
  const given = values.get(key);
  if (given === undefined) return null;
  if (!/^\s*[+-]?\d{1,10}\s*$/.test(given.value))
    throw urlError(`${given.said} is not a whole number`, `correct ${key}`);
  return Number(given.value);
}
