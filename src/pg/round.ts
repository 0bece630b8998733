/** One round over the hosts, their addresses, and for each with TLS, without, or both, in libpq's order. */

import type pg from 'pg';
import type { Candidate } from '../config/candidates.ts';
import { startupOptions } from '../config/settings.ts';
import type { Database, TargetSession } from '../config/url.ts';
import { addressesOf } from './addresses.ts';
import { open, type Terms, type Way, whileOpen } from './open.ts';
import type { Passwords } from './password.ts';
import { callsFor, describe, hasNoTls, nextAfter, Refusal } from './refusal.ts';
import { Session } from './session.ts';

export interface Round {
  readonly applicationName: string;
  readonly passwords: Passwords;
  readonly signal: AbortSignal | undefined;
  /** Of this and all further rounds, by `now`. */
  readonly deadline: number;
  readonly now: () => number;
}

/** A round that came to nothing. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
  readonly refusals: readonly Refusal[];
  /** That of the last attempt, which tells what kind of failure it was. */
  readonly error: unknown;

  constructor(refusals: readonly Refusal[]) {
    const error = refusals.at(-1)?.error;
    super(describe(error));
    this.refusals = refusals;
    this.error = error;
  }
}

/** For an address that does not answer, where no `connect_timeout` is given; libpq waits for ever, and so would a CI job. */
const PATIENCE_MS = 30_000;
/** Node's timers take 31 bits. */
const LONGEST_MS = 2147483647;

/** Rejects with Unreachable. */
export async function goRound(database: Database, round: Round): Promise<Session> {
  const refusals: Refusal[] = [];
  // "prefer-standby" is two rounds: for a standby, and for whatever there is.
  const targets: readonly TargetSession[] =
    database.target === 'prefer-standby' ? ['standby', 'any'] : [database.target];
  for (const target of targets) {
    for (const host of byHost(database.candidates)) {
      const session = await tryHost(database, round, host, target, refusals);
      if (session !== null) return session;
    }
  }
  throw new Unreachable(refusals);
}

type Host = readonly [first: Candidate, ...second: Candidate[]];

function byHost(candidates: readonly Candidate[]): readonly Host[] {
  const hosts: [Candidate, ...Candidate[]][] = [];
  for (const candidate of candidates) {
    if (candidate.onlyAfter === null) hosts.push([candidate]);
    else hosts.at(-1)?.push(candidate);
  }
  return hosts;
}

/** Null: the next host's turn. */
async function tryHost(
  database: Database,
  round: Round,
  host: Host,
  target: TargetSession,
  refusals: Refusal[],
): Promise<Session | null> {
  const [first] = host;
  const terms = () => termsOf(database, round, target);
  const addresses = await addressesOf(first.host, terms().timeoutMs, round.signal).catch((e: unknown) => {
    refusals.push(new Refusal(e, 'address', `${first.name}:${first.port}`));
    return [];
  });
  for (const address of addresses) {
    let refusal: Refusal | null = null;
    for (const candidate of host) {
      if (refusal !== null && !callsFor(candidate, refusal)) continue;
      // `prefer` asked for TLS, and there is none: that is no failure.
      if (refusal !== null && hasNoTls(refusal)) refusals.pop();
      const way = { candidate, address, password: round.passwords(candidate).text };
      const outcome = await open(way, terms());
      if (!(outcome instanceof Refusal)) return sessionOn(outcome, way, terms());
      // After a refused login, a server without TLS has nothing to add.
      if (refusal === null || !hasNoTls(outcome)) refusals.push(outcome);
      refusal = outcome;
    }
    const next = refusal === null ? 'stop' : nextAfter(refusal);
    if (next === 'host') return null;
    if (next === 'stop') throw new Unreachable(refusals);
  }
  return null;
}

function termsOf(
  database: Database,
  { applicationName, signal, ...round }: Round,
  target: TargetSession,
): Terms {
  const { connectTimeoutMs, channelBinding, keepAliveIdleMs } = database;
  const own = connectTimeoutMs ?? PATIENCE_MS;
  const left = Math.max(round.deadline - round.now(), 1);
  return {
    applicationName: database.applicationName ?? applicationName,
    options: startupOptions(database.options, database.settings),
    timeoutMs: Math.ceil(Math.min(own === 0 ? LONGEST_MS : own, left, LONGEST_MS)),
    keepAliveIdleMs,
    channelBinding,
    target,
    signal,
  };
}

function sessionOn(client: pg.Client, way: Way, terms: Terms): Session {
  return new Session(
    client,
    (work, signal) => aside(way, { ...terms, target: 'any', signal }, work, signal),
    () => client.end(),
  );
}

/** A second connection like the first. */
async function aside<T>(
  way: Way,
  terms: Terms,
  work: (client: pg.ClientBase) => Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  const client = await open(way, terms);
  if (client instanceof Refusal) throw client.error;
  return whileOpen(client, work, signal);
}
