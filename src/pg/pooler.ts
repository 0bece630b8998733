/**
 * Whether a connection pooler is in between, and what it does with the session between two transactions: found out by
 * what it does, not by its name. A server tells its process id at the start; a pooler has ids of its own.
 */

import type pg from 'pg';
import { MigrateError } from '../errors.ts';
import { pause } from './pause.ts';
import type { Pooling, Session } from './session.ts';

/** Somebody else's queries can come between two of ours; then the first round may show nothing. */
const ROUNDS = 3;
/** A pool that sessions have used up lets a second connection wait until the first one ends. */
const PATIENCE_MS = 2000;

const PID = 'select pg_catalog.pg_backend_pid()::text as pid';

/**
 * Told by the server process: while ours is idle, nobody else is given it unless it is shared. PgBouncer hands out the
 * process that came back last (then a second connection gets ours) or, with `server_round_robin`, the one that came
 * back first (then we get another). What is not seen here, each later message sees for itself (sql/advisory.ts).
 */
async function poolingOf(session: Session): Promise<Pooling> {
  session.pid ??= await pidOf(session);
  if (!session.isPooled) return 'none';
  session.pooling ??= probe(session);
  return session.pooling;
}

async function probe(session: Session): Promise<Pooling> {
  const tooLate = new AbortController();
  const done = new AbortController();
  void pause(PATIENCE_MS, done.signal).then(() => tooLate.abort());
  try {
    return await session.beside((other) => compare(session, other), tooLate.signal);
  } catch (e) {
    if (isStatementMode(e)) return 'statement';
    // No second connection is to be had: full.
    return 'session';
  } finally {
    done.abort();
  }
}

async function pidOf(session: Session): Promise<number> {
  const { sets } = await session.query(PID);
  return Number(sets[0]?.[0]?.pid);
}

async function compare(session: Session, other: pg.ClientBase): Promise<Pooling> {
  const { pid } = session;
  for (let round = 0; round < ROUNDS; round++) {
    await other.query('begin');
    const { rows } = await other.query<{ pid: string }>(PID);
    if (Number(rows[0]?.pid) === pid) return 'transaction';
    if ((await pidOf(session)) !== pid) return 'transaction';
    await other.query('rollback');
  }
  return 'session';
}

/** PgBouncer's word for it, where a transaction stays open behind a message: it then ends the connection. */
export const isStatementMode = (e: unknown): boolean =>
  e instanceof Error && /not allowed in statement pooling mode/.test(e.message);

/** Throws where a session's locks would be somebody else's after the next message; `isBrief`: where a transaction's would. */
export async function refusePool(session: Session, isBrief = false): Promise<void> {
  const pooling = await poolingOf(session);
  if (pooling === 'statement' || (pooling === 'transaction' && !isBrief)) throw shared(pooling);
}

const DIRECT = 'connect to the server’s own port, or to a pool in session mode';

export const shared = (pooling: 'transaction' | 'statement'): MigrateError =>
  new MigrateError('MIGRATION_INIT_FAILED', 'pooler', {
    operation: 'take the migration lock',
    message:
      pooling === 'transaction'
        ? 'a connection pooler in between hands each transaction to another backend: a lock of the session excludes nobody there; nothing was run'
        : 'a connection pooler in between is in statement mode, which has no transactions; nothing was run',
    hint:
      pooling === 'transaction'
        ? `${DIRECT}; or write \`lockStrategy: transaction\` into rungs.yaml`
        : DIRECT,
  });
