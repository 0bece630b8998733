/** What the server says behind each commit, so that progress is live. */

import { dollar, literal } from './sql/quote.ts';

interface Marked {
  /** Unguessable, so that no file can fake a marker. */
  readonly nonce: string;
  readonly lockIds: readonly bigint[];
}

/** The SQLSTATE that keeps the next migration of a message from running where the last one has dropped our locks. */
export const DROPPED = 'RG005';

/**
 * After the commit: RAISE INFO makes the server flush, so that progress is live, and tells how long it is since the
 * message arrived and how many of our locks are left (a file can drop them with pg_advisory_unlock_all).
 */
export const marker = (e: Marked): string => `do ${dollar(told(e, ''))}`;

/** Between two migrations, in a transaction of its own: the next one's must begin with that one's first statement. */
export function markerBetween(e: Marked): string {
  const check = ` if held < ${e.lockIds.length} then
  raise exception using errcode = '${DROPPED}', message = 'the migration has released the migration lock';
end if;`;
  return `begin; do ${dollar(told(e, check))}; commit`;
}

const ELAPSED = 'round(extract(epoch from clock_timestamp() - statement_timestamp()) * 1000)';

const told = (e: Marked, check: string): string => ` declare held bigint := ${heldOf(e)};
begin raise info '%', concat_ws(' ', ${literal(e.nonce)}, ${ELAPSED}, held);${check} end `;

/** It is looked up once, as the server lists all the locks of everybody for that. */
const heldOf = ({ lockIds }: Marked): string => {
  const ids = lockIds.map((id) => `(${id >> 32n}, ${id & 0xffffffffn})`).join(', ');
  return lockIds.length === 0
    ? '0'
    : `(select count(*) from pg_catalog.pg_locks where locktype = 'advisory' and granted and objsubid = 1
    and pid = pg_backend_pid() and (classid::bigint, objid::bigint) in (${ids}))`;
};

/** Reads a marker back; null where the notice is the file's own. */
export function readMarker(
  e: Marked,
  message: string,
): { readonly elapsedMs: number; readonly locks: number } | null {
  const [nonce, elapsed, locks] = message.split(' ');
  return nonce === e.nonce ? { elapsedMs: Number(elapsed), locks: Number(locks) } : null;
}
