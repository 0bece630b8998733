import { isServerError } from '../sql/server-error.ts';

/** What kind of no it was: from the network, from TLS, or from a server that had read our start-up message. */
export type RefusalKind = 'network' | 'tls' | 'refused';

/** pg's own words when the server answers N to the request for TLS (pg/lib/connection.js). */
const NO_TLS = /does not support SSL/;

export function kindOf(e: unknown): RefusalKind {
  if (isServerError(e)) return 'refused';
  const code = codeOf(e);
  const message = e instanceof Error ? e.message : '';
  return NO_TLS.test(message) || /^(ERR_TLS|ERR_SSL|CERT_|EPROTO|DEPTH_|SELF_SIGNED|UNABLE_TO_)/.test(code)
    ? 'tls'
    : 'network';
}

/** Starting (57P03), full (53300), just stopped by its administrator (57P01), or not there yet. */
const TRANSIENT = new Set([
  '57P01',
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

export const isStarting = (e: unknown): boolean => codeOf(e) === '57P03';

/** Whether the same attempt could succeed later without anyone changing the configuration. */
export function isTransient(e: unknown): boolean {
  if (TRANSIENT.has(codeOf(e))) return true;
  return !isServerError(e) && e instanceof Error && /timeout expired|terminated unexpectedly/.test(e.message);
}

function codeOf(e: unknown): string {
  if (e instanceof AggregateError) return codeOf(e.errors[0]);
  const code = (e as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}

/** Node reports a host with several addresses as an AggregateError whose own message is empty. */
export function describe(e: unknown): string {
  if (e instanceof AggregateError) return [...new Set(e.errors.map(describe))].join('; ');
  return e instanceof Error ? e.message : String(e);
}
