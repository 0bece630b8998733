/** What the server says behind each commit, so that progress is live. */

import { dollar, literal } from './sql/quote.ts';

interface Marked {
  /** Unguessable, so that no file can fake a marker. */
  readonly nonce: string;
  readonly lockIds: readonly bigint[];
}

/**
 * After the commit: RAISE INFO makes the server flush, so that progress is live, and tells how long the step took
 * and how many of our locks are left (a file can drop them with pg_advisory_unlock_all).
 */
export function marker(e: Marked): string {
  const ids = e.lockIds.map((id) => `(${id >> 32n}, ${id & 0xffffffffn})`).join(', ');
  const held =
    e.lockIds.length === 0
      ? '0'
      : `(select count(*) from pg_catalog.pg_locks where locktype = 'advisory' and granted and objsubid = 1
    and pid = pg_backend_pid() and (classid::bigint, objid::bigint) in (${ids}))`;
  const elapsed = 'round(extract(epoch from clock_timestamp() - statement_timestamp()) * 1000)';
  return `do ${dollar(` begin raise info '%', concat_ws(' ', ${literal(e.nonce)}, ${elapsed}, ${held}); end `)}`;
}

/** Reads a marker back; null where the notice is the file's own. */
export function readMarker(
  e: Marked,
  message: string,
): { readonly elapsedMs: number; readonly locks: number } | null {
  const [nonce, elapsed, locks] = message.split(' ');
  return nonce === e.nonce ? { elapsedMs: Number(elapsed), locks: Number(locks) } : null;
}
