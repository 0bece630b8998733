/** golang-migrate's advisory locks as SQL: for as long as a session lasts, or a transaction. */

import { dollar } from './quote.ts';

/** The SQLSTATE of a message that found the locks taken. Nothing of its file was run, or it was rolled back. */
export const LOCKED = 'RG003';
/** The SQLSTATE of a message that reached another server process than the one that holds the locks. */
export const ELSEWHERE = 'RG004';

/** How many of them were had: all, or those before the first that was not. CASE fixes the order, which AND does not. */
export function tried(ids: readonly bigint[], until: 'session' | 'transaction'): string {
  const take = until === 'session' ? 'pg_try_advisory_lock' : 'pg_try_advisory_xact_lock';
  const nested = (rest: string, id: bigint) =>
    `case when pg_catalog.${take}(${id}) then 1 + ${rest} else 0 end`;
  return `(${ids.reduceRight(nested, '0')})`;
}

/** All of them until the transaction ends, or it ends here. */
export const takeAll = (ids: readonly bigint[]): string =>
  `do ${dollar(` begin if ${tried(ids, 'transaction')} < ${ids.length} then
  raise exception using errcode = '${LOCKED}', message = 'another runner holds the migration lock';
end if; end `)}`;

/** The transaction ends here unless it is in the process that has the session's locks. */
export const onlyIn = (pid: number): string =>
  `do ${dollar(` begin if pg_catalog.pg_backend_pid() <> ${pid} then
  raise exception using errcode = '${ELSEWHERE}',
    message = 'a connection pooler has handed the session to another backend, which does not hold the migration lock';
end if; end `)}`;
