import { type ErrorCode, MigrateError } from '../errors.ts';
import type { Emit, LockHolder } from '../event.ts';
import { holderText } from '../report/blocked.ts';
import { tried } from '../sql/advisory.ts';
import { shown } from '../sql/shown.ts';
import { MessageFailed } from './message.ts';
import { pause } from './pause.ts';
import { isStatementMode, refusePool, shared } from './pooler.ts';
import type { Session } from './session.ts';

/** Until when the locks are held. `transaction` is for poolers that hand a session on after each. */
export type LockStrategy = 'session' | 'transaction';

export interface LockWait {
  readonly lockStrategy: LockStrategy;
  /** What a timeout is called: the command's own code. */
  readonly code: ErrorCode;
  readonly timeoutMs: number;
  /** Milliseconds on any steady clock. */
  readonly now: () => number;
  readonly emit: Emit;
  readonly signal: AbortSignal | undefined;
  /** Asked after each poll in vain: whether the holder has done meanwhile what the lock was wanted for. */
  readonly settled?: () => Promise<boolean>;
}

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 250;

/**
 * Takes all the ids or none, always in the same order. Polls: a session blocked in pg_advisory_lock holds a
 * snapshot that CREATE INDEX CONCURRENTLY waits for, which is a deadlock (golang-migrate#960). `settled`: of fifty
 * replicas that start at once, one does the work and the others need not queue for the lock to see that it is done.
 * With strategy `transaction` a transaction is then open, and `release` ends it.
 */
export async function acquire(
  session: Session,
  ids: readonly bigint[],
  wait: LockWait,
): Promise<'held' | 'settled'> {
  if (wait.lockStrategy === 'session') await refusePool(session);
  const begun = wait.now();
  let told = false;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    if (await tryAll(session, ids, wait.lockStrategy)) break;
    if (told && (await wait.settled?.()) === true) return 'settled';
    const waited = wait.now() - begun;
    if (waited >= wait.timeoutMs) throw timedOut(wait, await holder(session, ids));
    if (!told)
      wait.emit({ kind: 'waiting-for-lock', holder: await holder(session, ids), timeoutMs: wait.timeoutMs });
    told = true;
    await pause(Math.min(pauseMs, wait.timeoutMs - waited), wait.signal);
    if (wait.signal?.aborted === true) {
      throw new MigrateError(wait.code, 'cancelled', {
        operation: 'take the migration lock',
        message: 'cancelled while waiting for the lock; nothing was run',
      });
    }
  }
  wait.emit({ kind: 'locked', waitedMs: Math.round(wait.now() - begun) });
  return 'held';
}

/**
 * Does the work under the locks. However it ends, no transaction of ours stays open, and the locks are let go: a client on
 * loan goes on. `closeFailed` hears when only the letting go has failed.
 */
export async function withLocks<T>(
  session: Session,
  ids: readonly bigint[],
  wait: LockWait,
  work: () => Promise<T>,
  closeFailed: (e: Error) => void = () => {},
): Promise<T> {
  await acquire(session, ids, wait);
  let isDone = false;
  try {
    const result = await work();
    isDone = true;
    return result;
  } catch (e) {
    // A message that failed leaves its transaction open.
    await session.send('rollback').catch(() => {});
    session.inOwnTransaction = false;
    throw e;
  } finally {
    await release(session, ids, wait).catch((e: Error) => {
      if (isDone) closeFailed(e);
    });
  }
}

async function tryAll(session: Session, ids: readonly bigint[], until: LockStrategy): Promise<boolean> {
  if (until === 'transaction') return tryInTransaction(session, ids);
  // In another process than the one that was looked at, none is taken: nobody could let it go again.
  const attempt = session.isPooled ? inProcess(session.pid, tried(ids, until)) : tried(ids, until);
  const reply = await session.query(`select ${attempt}::text as got`);
  const got = reply.sets[0]?.[0]?.got ?? null;
  if (got === null) throw shared('transaction');
  if (session.isPooled && got !== '0') session.lockedIn = session.pid;
  if (Number(got) === ids.length) return true;
  if (got !== '0') await unlock(session, ids.slice(0, Number(got)));
  return false;
}

/** Null in any other. */
const inProcess = (pid: number | null, expression: string): string =>
  `case when pg_catalog.pg_backend_pid() = ${pid} then ${expression} end`;

async function tryInTransaction(session: Session, ids: readonly bigint[]): Promise<boolean> {
  try {
    const reply = await session.query(`begin; select ${tried(ids, 'transaction')}::text as got`);
    session.inOwnTransaction = Number(reply.sets[0]?.[0]?.got) === ids.length;
    if (!session.inOwnTransaction) await session.send('rollback');
    return session.inOwnTransaction;
  } catch (e) {
    throw e instanceof MessageFailed && isStatementMode(e) ? shared('statement') : e;
  }
}

/** Lets them go. A transaction that held them is committed, or rolled back where something in it has failed. */
export async function release(
  session: Session,
  ids: readonly bigint[],
  { lockStrategy }: Pick<LockWait, 'lockStrategy'>,
): Promise<void> {
  if (lockStrategy === 'session') return unlock(session, ids);
  if (!session.inOwnTransaction) return;
  session.inOwnTransaction = false;
  await session.send('commit');
}

/** How often to look for the process that has them, where a pooler turned out to share it after all. */
const SEARCHES = 50;

async function unlock(session: Session, ids: readonly bigint[]): Promise<void> {
  if (ids.length === 0) return;
  const all = ids.map((id) => `pg_catalog.pg_advisory_unlock(${id})`);
  const { lockedIn } = session;
  session.lockedIn = null;
  if (lockedIn === null) {
    await session.send(`select ${all.join(', ')}`);
    return;
  }
  const text = `select ${inProcess(lockedIn, `pg_catalog.concat(${all.join(', ')})`)} as done`;
  for (let search = 0; search < SEARCHES; search++) {
    const reply = await session.query(text);
    if (reply.sets[0]?.[0]?.done != null) return;
  }
  throw new Error(
    `the pooler has not given back backend ${lockedIn}, which holds the migration lock until it ends: \`select pg_terminate_backend(${lockedIn})\``,
  );
}

/** Who holds any of them; null when they have just been let go. */
export async function holder(session: Session, ids: readonly bigint[]): Promise<LockHolder | null> {
  const pairs = ids.map((id) => `(${id >> 32n}, ${id & 0xffffffffn})`).join(', ');
  const reply =
    await session.query(`select a.pid::text, a.usename, a.application_name, host(a.client_addr) as client_addr,
    a.state, round(extract(epoch from clock_timestamp() - a.state_change) * 1000)::text as state_ms,
    to_char(coalesce(a.query_start, a.backend_start) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as since, a.query
    from pg_catalog.pg_locks l join pg_catalog.pg_stat_activity a on a.pid = l.pid
    where l.locktype = 'advisory' and l.granted and l.objsubid = 1 and l.pid <> pg_backend_pid()
    and l.database = (select oid from pg_catalog.pg_database where datname = current_database())
    and (l.classid::bigint, l.objid::bigint) in (${pairs}) order by l.pid limit 1`);
  const row = reply.sets[0]?.[0];
  if (row === undefined) return null;
  return {
    pid: Number(row.pid),
    user: row.usename ?? null,
    application: row.application_name || null,
    address: row.client_addr ?? null,
    since: row.since ?? null,
    state: row.state ?? null,
    stateMs: row.state_ms == null ? null : Number(row.state_ms),
    query: row.query == null ? null : shown(row.query),
  };
}

export const heldBy = (h: LockHolder): string =>
  `held by pid ${h.pid}, user ${h.user ?? '?'}, application ${h.application ?? '(no name)'}, from ${h.address ?? 'a local socket'}`;

function timedOut({ code, timeoutMs }: LockWait, h: LockHolder | null): MigrateError {
  return new MigrateError(code, 'lock_timeout', {
    operation: 'take the migration lock',
    // golang-migrate's words.
    message: `timeout: can't acquire database lock (after ${timeoutMs / 1000} s)`,
    details: h === null ? ['its holder has just let go'] : [heldBy(h), holderText(h)],
    ...(h === null
      ? { hint: 'run the same command again' }
      : {
          hint: `wait for pid ${h.pid}, raise \`--lock-timeout\`, or end it: \`select pg_terminate_backend(${h.pid})\``,
        }),
  });
}
