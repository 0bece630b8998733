import { type ErrorCode, MigrateError } from '../errors.ts';
import type { Emit, LockHolder } from '../event.ts';
import { shown } from '../sql/shown.ts';
import { pause } from './pause.ts';
import type { Session } from './session.ts';

export interface LockWait {
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
 */
export async function acquire(
  session: Session,
  ids: readonly bigint[],
  wait: LockWait,
): Promise<'held' | 'settled'> {
  const begun = wait.now();
  let told = false;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    if (await tryAll(session, ids)) break;
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
  wait.emit({ kind: 'locked', waitedMs: wait.now() - begun });
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
    throw e;
  } finally {
    await release(session, ids).catch((e: Error) => {
      if (isDone) closeFailed(e);
    });
  }
}

async function tryAll(session: Session, ids: readonly bigint[]): Promise<boolean> {
  // CASE fixes the order of evaluation, which AND does not.
  const nested = ids.reduceRight(
    (rest, id) => `case when pg_try_advisory_lock(${id}) then 1 + ${rest} else 0 end`,
    '0',
  );
  const reply = await session.query(`select (${nested})::text as got`);
  const got = Number(reply.sets[0]?.[0]?.got);
  if (got === ids.length) return true;
  if (got > 0) await release(session, ids.slice(0, got));
  return false;
}

export async function release(session: Session, ids: readonly bigint[]): Promise<void> {
  if (ids.length === 0) return;
  await session.send(`select ${ids.map((id) => `pg_advisory_unlock(${id})`).join(', ')}`);
}

/** Who holds any of them; null when they have just been let go. */
export async function holder(session: Session, ids: readonly bigint[]): Promise<LockHolder | null> {
  const pairs = ids.map((id) => `(${id >> 32n}, ${id & 0xffffffffn})`).join(', ');
  const reply = await session.query(`select a.pid::text, a.usename, a.application_name, a.client_addr::text,
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
    details:
      h === null ? ['its holder has just let go'] : [heldBy(h), `since ${h.since ?? '?'}: ${h.query ?? ''}`],
    ...(h === null
      ? { hint: 'run the same command again' }
      : {
          hint: `wait for pid ${h.pid}, raise \`--lock-timeout\`, or end it: \`select pg_terminate_backend(${h.pid})\``,
        }),
  });
}
