/** The same connection string given to psql and to us, and what became of it in words that can be compared. */

import { execFile } from 'node:child_process';
import { parseDatabaseUrl } from '../../src/config/url.ts';
import { MigrateError } from '../../src/errors.ts';
import { type Attempts, connect } from '../../src/pg/connect.ts';
import { has } from './tools.ts';

export const hasPsql = has('psql', '--version');

export type Env = Readonly<Record<string, string>>;

/** Who and where the server says we are, and how we came. */
const STATE = `select concat_ws(' ', session_user, 'as', current_user, 'on', current_database(), 'port',
  coalesce(inet_server_port()::text, 'none'), coalesce(s.version, 'plain'), s.client_dn,
  'called', current_setting('application_name'), 'path', current_setting('search_path')) as state
  from (select pg_backend_pid() as pid) self left join pg_stat_ssl s using (pid)`;

/** The first that fits is the kind of a refusal, whoever says it. */
const KINDS: readonly (readonly [kind: string, words: RegExp])[] = [
  [
    'string',
    /invalid (connection option|\S+ value|integer value|SSL protocol)|could not match \d|missing "="|unterminated/,
  ],
  ['no password', /no password supplied/],
  ['password', /password authentication failed/],
  ['no entry', /no pg_hba\.conf entry|pg_hba\.conf rejects/],
  ['no TLS', /does not support SSL/],
  ['certificate', /certificate verify failed/],
  ['host name', /does not match host name|could not get server's host name|host name must be specified/],
  ['file', /(certificate|key) file |private key,/],
  [
    'client certificate',
    /certificate authentication failed|valid client certificate|alert (unknown ca|bad certificate|certificate)/,
  ],
  ['version', /no protocols available|protocol version|unsupported protocol|wrong version/],
  ['binding', /[cC]hannel binding/],
  ['session', /session is (not )?read-only|hot standby mode/],
  ['starting', /starting up/],
  ['full', /too many (clients|connections)/],
  [
    'server',
    /FATAL|database ".*" does not exist|role ".*" does not exist|permission denied|unrecognized configuration/,
  ],
  ['down', /Connection refused|ECONNREFUSED|No such file|ENOENT/],
  ['unknown host', /could not translate host name|ENOTFOUND|EAI_AGAIN/],
  ['late', /timeout expired/],
  ['closed', /closed the connection|terminated unexpectedly|ECONNRESET/],
];

const kindOf = (text: string): string =>
  KINDS.find(([, words]) => words.test(text))?.[0] ?? `nothing known: ${text}`;

/** `home`: where it finds .pgpass and .postgresql. No prompt: there is no terminal. */
export function byPsql(text: string, env: Env): Promise<string> {
  const args = ['-XAtwq', '-d', text, '-c', STATE];
  return new Promise((done) => {
    execFile(
      'psql',
      args,
      { env: { PATH: process.env.PATH, LC_ALL: 'C', ...env } },
      (error, stdout, stderr) => {
        // Of several attempts the last one counts; each begins its own line.
        const last = stderr.split(/(?=connection to server |could not translate )/).at(-1) ?? '';
        done(error === null ? stdout.trim() : `refused: ${kindOf(last)}`);
      },
    );
  });
}

/** One attempt, for as long as the connection string says. */
export const once = (): Attempts => ({
  attempts: 1,
  delayMs: 0,
  deadlineMs: Number.POSITIVE_INFINITY,
  now: () => performance.now(),
  emit: () => {},
  signal: undefined,
});

export async function byUs(text: string, env: Env): Promise<string> {
  try {
    // The user that psql runs as, and the name that it gives itself.
    const database = parseDatabaseUrl(text, { USER: 'root', ...env });
    const session = await connect(database, 'psql', once());
    const { sets } = await session.query(STATE);
    await session.close();
    return sets[0]?.[0]?.state ?? '';
  } catch (e) {
    if (!(e instanceof MigrateError)) throw e;
    return `refused: ${e.reason === 'url' ? 'string' : kindOf(e.message)}`;
  }
}
