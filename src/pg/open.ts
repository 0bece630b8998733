/** One attempt at one address. */

import pg from 'pg';
import type { Candidate } from '../config/candidates.ts';
import type { Database, TargetSession } from '../config/url.ts';
import { HomeFileError } from './files.ts';
import { Progress } from './progress.ts';
import { Misfit, Refusal } from './refusal.ts';
import { misfit } from './target.ts';

export interface Way {
  readonly candidate: Candidate;
  /** Of the candidate's host. */
  readonly address: string;
  readonly password: string | null;
}

/** What does not depend on where. */
export interface Terms {
  readonly applicationName: string;
  readonly options: string | null;
  readonly keepAliveIdleMs: number | null;
  readonly channelBinding: Database['channelBinding'];
  readonly target: TargetSession;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

export async function open(way: Way, terms: Terms): Promise<pg.Client | Refusal> {
  const { candidate, address, password } = way;
  const { channelBinding, signal, target } = terms;
  const place = candidate.name === address ? '' : ` (${address})`;
  const where = `${candidate.name}:${candidate.port}${place}, ${candidate.tls === null ? 'without' : 'with'} TLS`;
  if (signal?.aborted === true) return new Refusal(new Error('cancelled'), 'address', where);

  let progress: Progress | null = null;
  const ssl = await sslOf(candidate).catch((e: Error) => e);
  // With a broken file at home libpq fails in the handshake, so that `prefer` goes on without TLS.
  if (ssl instanceof Error)
    return new Refusal(ssl, ssl instanceof HomeFileError ? 'handshake' : 'session', where);
  const client = clientOf(way, terms, ssl, () => {
    const objection = progress?.objection() ?? null;
    if (objection !== null) throw new Error(objection);
    // libpq's words.
    if (password === null || password === '') throw new Error('fe_sendauth: no password supplied');
    return password;
  });
  progress = new Progress(client, candidate.tls !== null, channelBinding);
  const hangUp = () => progress?.hangUp(new Error('cancelled'));
  signal?.addEventListener('abort', hangUp);
  try {
    await client.connect();
    const objection = progress.lateObjection();
    if (objection !== null) throw new Error(objection);
    const wrong = await misfit(client, progress.parameters, target);
    if (wrong !== null) throw new Misfit(wrong);
    return client;
  } catch (e) {
    if (e instanceof Misfit) void client.end();
    // A server that accepted and never answers would keep the process alive.
    else progress.hangUp();
    return new Refusal(e, progress.phase, where);
  } finally {
    signal?.removeEventListener('abort', hangUp);
  }
}

/** Behind an import: Node's TLS takes as long to load as pg. */
const sslOf = async ({ tls }: Candidate) =>
  tls === null ? false : (await import('./tls.ts')).tlsOptions(tls);

/** pg's limit for the work that a server may ask for to check a password; libpq has none. This is some three seconds. */
const MOST_ITERATIONS = 10_000_000;

function clientOf(
  { candidate, address }: Way,
  terms: Terms,
  ssl: Exclude<pg.ClientConfig['ssl'], undefined>,
  password: () => string,
): pg.Client {
  const { keepAliveIdleMs: keepAlive } = terms;
  const config: pg.ClientConfig & { readonly scramMaxIterations: number } = {
    host: address,
    port: candidate.port,
    user: candidate.user,
    database: candidate.database,
    password,
    ssl,
    sslnegotiation: 'postgres',
    enableChannelBinding: candidate.tls !== null && terms.channelBinding !== 'disable',
    scramMaxIterations: MOST_ITERATIONS,
    application_name: terms.applicationName,
    client_encoding: 'UTF8',
    connectionTimeoutMillis: terms.timeoutMs,
    ...(keepAlive === null ? {} : { keepAlive: true, keepAliveInitialDelayMillis: keepAlive }),
  };
  const client = new pg.Client(config);
  // Where the configuration says nothing, pg reads PGOPTIONS and PGREPLICATION of the process, though ours come from
  // the caller's environment. These are the values that it will send.
  const { connectionParameters } = client as unknown as { connectionParameters: object };
  Object.assign(connectionParameters, { options: terms.options ?? undefined, replication: undefined });
  // pg emits errors on the client too; without a listener they would end the process.
  client.on('error', () => {});
  return client;
}

/** Closes it behind the work; on abort hangs up, as who waits in a pooler's queue is not heard there. */
export async function whileOpen<T>(
  client: pg.Client,
  work: (client: pg.ClientBase) => Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  const hangUp = () =>
    (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
  signal?.addEventListener('abort', hangUp);
  try {
    return await work(client);
  } finally {
    signal?.removeEventListener('abort', hangUp);
    await client.end();
  }
}
