/** Opens sessions: walks the candidates as libpq does, and tries again what can pass by itself. */

import type { Duplex } from 'node:stream';
import pg from 'pg';
import type { Candidate } from '../config/candidates.ts';
import { startupOptions } from '../config/settings.ts';
import type { Database } from '../config/url.ts';
import { MigrateError } from '../errors.ts';
import type { Emit } from '../event.ts';
import { isServerError } from '../sql/server-error.ts';
import { passwordFor } from './password.ts';
import { pause } from './pause.ts';
import { describe, isStarting, isTransient, kindOf } from './refusal.ts';
import { Session } from './session.ts';
import { tlsOptions } from './tls.ts';

export interface Attempts {
  readonly attempts: number;
  /** The first pause; each further one is twice as long, up to ten times the first. */
  readonly delayMs: number;
  /** For all attempts together; the last one may be cut short by it. */
  readonly deadlineMs: number;
  /** Milliseconds on any steady clock. */
  readonly now: () => number;
  readonly emit: Emit;
  readonly signal: AbortSignal | undefined;
}

/** Connects, or throws MIGRATION_INIT_FAILED. Nothing in the error is secret. */
export async function connect(database: Database, applicationName: string, how: Attempts): Promise<Session> {
  const { attempts, delayMs, emit, now, signal } = how;
  const deadline = now() + how.deadlineMs;
  for (let attempt = 1; ; attempt++) {
    try {
      return await walk(database, { applicationName, signal, leftMs: deadline - now() });
    } catch (e) {
      const retryInMs = Math.min(delayMs * 2 ** (attempt - 1), delayMs * 10);
      const isLast = attempt >= attempts || !isTransient(e) || now() + retryInMs >= deadline;
      if (isLast || aborted(how)) throw refusal(e, database, attempt, aborted(how));
      emit({ kind: 'connection-failed', attempt, attempts, message: describe(e), retryInMs });
      await pause(retryInMs, signal);
      if (aborted(how)) throw refusal(e, database, attempt, true);
    }
  }
}

const aborted = ({ signal }: Attempts): boolean => signal?.aborted === true;

/** One round over the hosts. */
interface Round {
  readonly applicationName: string;
  readonly signal: AbortSignal | undefined;
  readonly leftMs: number;
}

async function walk(database: Database, round: Round): Promise<Session> {
  let failure: unknown = null;
  for (const candidate of database.candidates) {
    if (failure !== null && !follows(candidate, failure)) continue;
    try {
      return await open(database, candidate, round);
    } catch (e) {
      failure = e;
    }
  }
  throw failure;
}

/** libpq's rules (Candidate.onlyAfter). The next host's turn comes only where this one was not reached, or is starting. */
function follows(candidate: Candidate, failure: unknown): boolean {
  const kind = kindOf(failure);
  if (candidate.onlyAfter === null) return kind === 'network' || isStarting(failure);
  if (candidate.onlyAfter === 'refused') return kind === 'refused';
  return kind === 'tls' || (isServerError(failure) && failure.code.startsWith('28'));
}

async function open(database: Database, candidate: Candidate, round: Round): Promise<Session> {
  const config = await clientConfig(database, candidate, round);
  const client = new pg.Client(config);
  // pg emits errors on the client too; without a listener they would end the process.
  client.on('error', () => {});
  const hangUp = () => stream(client).destroy(new Error('cancelled'));
  round.signal?.addEventListener('abort', hangUp);
  try {
    await client.connect();
  } catch (e) {
    // A server that accepted and never answers would keep the process alive.
    stream(client).destroy();
    throw e;
  } finally {
    round.signal?.removeEventListener('abort', hangUp);
  }
  return new Session(
    client,
    (text) => aside(config, text),
    () => client.end(),
  );
}

const stream = (client: pg.Client): Duplex =>
  (client as unknown as { connection: { stream: Duplex } }).connection.stream;

async function clientConfig(
  database: Database,
  candidate: Candidate,
  { applicationName, leftMs }: Round,
): Promise<pg.ClientConfig> {
  const options = startupOptions(database.options, database.settings);
  const keepAlive = database.keepAliveIdleMs;
  return {
    host: candidate.host,
    port: candidate.port,
    user: candidate.user,
    database: candidate.database,
    password: () => passwordFor(candidate),
    ssl: candidate.tls === null ? false : await tlsOptions(candidate.tls),
    application_name: database.applicationName ?? applicationName,
    connectionTimeoutMillis: timeout(database.connectTimeoutMs, leftMs),
    ...(options === null ? {} : { options }),
    ...(keepAlive === null ? {} : { keepAlive: true, keepAliveInitialDelayMillis: keepAlive }),
  };
}

/** Both limits, the sooner one; for pg 0 is none. */
function timeout(connectTimeoutMs: number | null, leftMs: number): number {
  const limits = [connectTimeoutMs || Number.POSITIVE_INFINITY, Math.max(leftMs, 1)];
  const ms = Math.min(...limits);
  return Number.isFinite(ms) ? Math.ceil(ms) : 0;
}

/** A second connection like the first, for one query. */
async function aside(config: pg.ClientConfig, text: string): Promise<void> {
  const client = new pg.Client(config);
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query(text);
  } finally {
    await client.end();
  }
}

/** A client of the caller's: used as it is, and left open. */
export function lend(client: pg.ClientBase): Session {
  return new Session(
    client,
    (text) => aside(like(client), text),
    async () => {},
    true,
  );
}

/** A connection of our own to where a lent client is connected, to find out what became of its last message. */
export async function reopenLike(
  lent: pg.ClientBase,
  how: { attempts: number; delayMs: number },
): Promise<Session> {
  for (let attempt = 1; ; attempt++) {
    const client = new pg.Client(like(lent));
    client.on('error', () => {});
    try {
      await client.connect();
      return new Session(
        client,
        (text) => aside(like(lent), text),
        () => client.end(),
      );
    } catch (e) {
      if (attempt >= how.attempts || !isTransient(e)) throw e;
      await pause(how.delayMs * Math.min(2 ** attempt, 10), undefined);
    }
  }
}

/** pg keeps what a client was made with on the client itself. */
function like(client: pg.ClientBase): pg.ClientConfig {
  const { host, port, user, password, database, ssl } = client as unknown as pg.ClientConfig;
  return { host, port, user, password, database, ssl } as pg.ClientConfig;
}

function refusal(e: unknown, database: Database, attempts: number, cancelled: boolean): MigrateError {
  if (e instanceof MigrateError) return e;
  const server = isServerError(e) ? e : null;
  return new MigrateError('MIGRATION_INIT_FAILED', cancelled ? 'cancelled' : 'connection', {
    operation: `connect to ${database.display}`,
    message: describe(e),
    sqlstate: server?.code ?? null,
    details: attempts > 1 ? [`${attempts} attempts`] : [],
    ...hintFor(server?.code ?? null),
  });
}

function hintFor(sqlstate: string | null): { readonly hint?: string } {
  if (sqlstate?.startsWith('28') === true)
    return { hint: 'check the user and the password in the URL, PGPASSWORD or .pgpass' };
  if (sqlstate === '3D000') return { hint: 'create the database, or correct its name in the URL' };
  return {};
}
