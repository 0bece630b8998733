/** An attempt that failed, and what that means for the next one. */

import type { Candidate } from '../config/candidates.ts';
import { MigrateError } from '../errors.ts';
import { isServerError } from '../sql/server-error.ts';

/**
 * How far an attempt came: to an address; to an answer to the request for TLS; through the handshake; through the
 * login; or to a session, which may still be refused (no such database, not the wanted kind of server).
 */
export type Phase = 'address' | 'request' | 'handshake' | 'login' | 'session';

/** One attempt's no. */
export class Refusal {
  readonly error: unknown;
  readonly phase: Phase;
  /** `db.example:5432 (10.0.0.1), with TLS`. */
  readonly where: string;

  constructor(error: unknown, phase: Phase, where: string) {
    this.error = error;
    this.phase = phase;
    this.where = where;
  }
}

/** The server is there and willing, but not what `target_session_attrs` asks for. libpq's words. */
export class Misfit extends Error {}

/** pg's own words when the server answers N to the request for TLS (pg/lib/connection.js). */
const NO_TLS = /does not support SSL/;

export const hasNoTls = ({ error, phase }: Refusal): boolean =>
  phase === 'request' && error instanceof Error && NO_TLS.test(error.message);

/** Whether it is this host's second attempt that comes next (Candidate.onlyAfter). */
export function callsFor({ onlyAfter }: Candidate, refusal: Refusal): boolean {
  const { error, phase } = refusal;
  if (isLate(error) || isStarting(error)) return false;
  if (phase === 'login' && isServerError(error)) return true;
  return onlyAfter === 'tls-failed' && (phase === 'handshake' || hasNoTls(refusal));
}

/**
 * Where to go on. libpq leaves an address that it cannot reach or that is too slow, and a host that is just starting or
 * not of the wanted kind; all else is its last word, lest a wrong password go to every host. It also is where a
 * connection breaks before the login; here that is like not being reached, as behind a balancer without servers.
 */
export function nextAfter({ error, phase }: Refusal): 'address' | 'host' | 'stop' {
  if (error instanceof Misfit || isStarting(error)) return 'host';
  if (error instanceof MigrateError || isServerError(error)) return 'stop';
  return phase === 'address' || isLate(error) || (phase !== 'handshake' && isBroken(error))
    ? 'address'
    : 'stop';
}

/** Starting (57P03), full (53300), just stopped (57P01) or crashed (57P02), or not there yet. */
const TRANSIENT = new Set([
  '57P01',
  '57P02',
  '57P03',
  '53300',
  'ECONNREFUSED',
  'ECONNRESET',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
]);

/** Whether the same attempt could succeed later without anyone changing the configuration. */
export function isTransient(e: unknown): boolean {
  // A standby becomes a primary.
  if (TRANSIENT.has(codeOf(e)) || e instanceof Misfit) return true;
  return !isServerError(e) && (isLate(e) || isBroken(e));
}

const isStarting = (e: unknown): boolean => codeOf(e) === '57P03';

/** pg's words. */
const isLate = (e: unknown): boolean => e instanceof Error && e.message === 'timeout expired';

/** pg's words where the other end closed, or did not answer S or N to the request for TLS: it may not have been able to. */
const BROKEN = /terminated unexpectedly|error establishing an SSL connection/;
const isBroken = (e: unknown): boolean =>
  e instanceof Error && (BROKEN.test(e.message) || ['ECONNRESET', 'EPIPE', 'ETIMEDOUT'].includes(codeOf(e)));

function codeOf(e: unknown): string {
  if (e instanceof AggregateError) return codeOf(e.errors[0]);
  const code = (e as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}

/** OpenSSL's verdicts on a certificate, as Node names them. */
const CERTIFICATE =
  /^(CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|INVALID_(CA|PURPOSE)|PATH_LENGTH_|HOSTNAME_)/;

export const isAboutCertificate = (e: unknown): boolean => CERTIFICATE.test(codeOf(e));

/** Node reports a host with several addresses as an AggregateError whose own message is empty. */
export function describe(e: unknown): string {
  if (e instanceof AggregateError) return [...new Set(e.errors.map(describe))].join('; ');
  if (!(e instanceof Error)) return String(e);
  if (NO_TLS.test(e.message)) return 'server does not support SSL, but SSL was required';
  return isAboutCertificate(e) ? `certificate verify failed: ${e.message}` : e.message;
}
