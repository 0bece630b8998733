/**
 * A connection string means what it means to libpq (psql), and golang-migrate's schemes and parameters work. Pure:
 * the environment comes in, and files are named in the result for whoever acts to read.
 */

import { type Candidate, candidates, targets } from './candidates.ts';
import { isConninfo, readConninfo } from './conninfo.ts';
import { type HomeFile, homeFile } from './home-file.ts';
import { type Environment, integer, resolve, type Values } from './keywords.ts';
import { type MigrateParams, readMigrateParams } from './migrate-params.ts';
import { type Query, readPairs, readQuery } from './query.ts';
import { type Setting, settings, withTimeout } from './settings.ts';
import { readUri } from './uri.ts';
import { urlError } from './url-error.ts';

/** All that a connection string says. */
export interface Database {
  readonly candidates: readonly Candidate[];
  /** golang-migrate's table; schema null is whatever `current_schema()` says. */
  readonly table: { readonly schema: string | null; readonly name: string };
  /** The table beside it, ours; null where nothing is said. */
  readonly journal: string | null;
  /** The decoded path with its slash, as golang-migrate puts it into its lock id; null where the URL has none. */
  readonly urlPath: string | null;
  /** x-multi-statement: a file that cannot be run in one transaction is run statement by statement. */
  readonly multiStatement: boolean;
  /** The `x-` parameters that mean nothing here; each that was given has its warning. */
  readonly unused: Pick<MigrateParams, 'multiStatementMaxSize' | 'lockStrategy' | 'lockTable'>;
  /** For the start-up message, with `options`, by `startupOptions`. */
  readonly settings: readonly Setting[];
  readonly options: string | null;
  readonly applicationName: string | null;
  /** For each address; 0 is for ever, as libpq has it; null where nothing is said. */
  readonly connectTimeoutMs: number | null;
  /** Null: off. 0: after the system's own idle time. */
  readonly keepAliveIdleMs: number | null;
  /** For candidates without a password. */
  readonly passfile: HomeFile | null;
  /** What the server has to be; else the next host's turn comes. */
  readonly target: TargetSession;
  readonly channelBinding: 'disable' | 'prefer' | 'require';
  /** For messages: `user@host:port/database`, several hosts with commas. */
  readonly display: string;
  /** Every form of the password that could turn up in a text, longest first, to be struck out. */
  readonly secrets: readonly string[];
  readonly warnings: readonly string[];
}

/** target_session_attrs. */
export type TargetSession = 'any' | 'read-write' | 'read-only' | 'primary' | 'standby' | 'prefer-standby';

const SCHEMES = ['postgres', 'postgresql', 'pgx', 'pgx4', 'pgx5'];

/** Throws MigrateError (MIGRATION_INIT_FAILED, url), which holds nothing of the text but names of parameters. */
export function parseDatabaseUrl(text: string, env: Environment): Database {
  const { query, urlPath, where } = isConninfo(text) ? fromConninfo(text) : fromUrl(text);
  const values = resolve(query.keywords, where, env);
  const migrate = readMigrateParams(query.migrate);
  const { table, journal, multiStatement, statementTimeoutMs, warnings, ...unused } = migrate;
  const get = (key: string) => values.get(key)?.value || null;

  const user = get('user') ?? (env.USER || env.LOGNAME || env.USERNAME || null);
  if (user === null) throw urlError(`no user is named, neither in ${where} nor in PGUSER`);
  const login = { user, password: get('password'), database: get('dbname') ?? user };
  const seconds = integer(values, 'connect_timeout');
  return {
    candidates: candidates(values, login, env),
    table,
    journal,
    urlPath,
    multiStatement,
    unused,
    settings: settings(withTimeout(query.settings, statementTimeoutMs), env),
    options: get('options'),
    applicationName: get('application_name') ?? get('fallback_application_name'),
    // libpq makes two of one, "because of rounding" (connectDBComplete).
    connectTimeoutMs: seconds === null ? null : seconds <= 0 ? 0 : milliseconds(Math.max(seconds, 2)),
    keepAliveIdleMs: integer(values, 'keepalives') === 0 ? null : keepAliveIdle(values),
    passfile: homeFile(values, 'passfile', env, ({ pgpass }) => pgpass),
    target: (get('target_session_attrs') ?? 'any') as TargetSession,
    channelBinding: (get('channel_binding') ?? 'prefer') as Database['channelBinding'],
    display: display(values, login),
    secrets: secrets([login.password, get('sslpassword')], query.writtenSecrets),
    warnings: [...query.warnings, ...unadjustable(values), ...warnings],
  };
}

/** The same where only a server that can be written to has the last word. */
export const primaryOf = (database: Database): Database =>
  database.target === 'read-write' ? database : { ...database, target: 'primary' };

interface Said {
  readonly query: Query;
  readonly urlPath: string | null;
  /** How to call the text. */
  readonly where: string;
}

function fromUrl(text: string): Said {
  const uri = readUri(text);
  if (!SCHEMES.includes(uri.scheme)) throw urlError('the URL’s scheme is not postgres or postgresql');
  const query = readQuery(uri.query);
  const keywords = new Map([...uri.parts, ...query.keywords]);
  // One of them may have been overruled by the other.
  const written = [uri.writtenPassword, uri.parts.get('password')].filter((s) => typeof s === 'string');
  const writtenSecrets = [...query.writtenSecrets, ...written];
  return { query: { ...query, keywords, writtenSecrets }, urlPath: uri.path, where: 'the URL' };
}

function fromConninfo(text: string): Said {
  const { pairs, writtenSecrets } = readConninfo(text);
  const query = { ...readPairs(pairs), writtenSecrets };
  return { query, urlPath: null, where: 'the connection string' };
}

/** Node's timers take 31 bits, and make 1 ms of anything longer. */
const milliseconds = (seconds: number): number => Math.min(seconds * 1000, 2147483647);

const keepAliveIdle = (values: Values): number =>
  milliseconds(Math.max(integer(values, 'keepalives_idle') ?? 0, 0));

/** Node has setKeepAlive and no other knob of the socket. */
const unadjustable = (values: Values): readonly string[] =>
  ['keepalives_interval', 'keepalives_count', 'tcp_user_timeout']
    .filter((key) => (integer(values, key) ?? 0) > 0)
    .map((key) => `${key} is ignored: Node cannot set it`);

function display(values: Values, { user, database }: { user: string; database: string }): string {
  const hosts = targets(values).map(({ name, port }) => `${name.includes(':') ? `[${name}]` : name}:${port}`);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not reach a terminal
  return `${user}@${hosts.join(',')}/${database}`.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, '?');
}

function secrets(values: readonly (string | null)[], written: readonly string[]): readonly string[] {
  const forms = values.flatMap((value) =>
    value === null ? [] : [value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1)],
  );
  const all = new Set([...written, ...forms].filter((s) => s !== ''));
  return [...all].sort((a, b) => b.length - a.length);
}
