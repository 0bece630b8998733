/** Looks on from a second connection while a message runs: who keeps it from its locks, and who waits behind it. */

import type { Blockage, Blocker, Emit, StepName } from './event.ts';
import { pause } from './pg/pause.ts';
import type { Session } from './pg/session.ts';
import { shown } from './sql/shown.ts';

export interface Lookout {
  /** Of the session that is looked at; null: unknown. */
  readonly pid: number | null;
  readonly name: () => StepName;
  readonly emit: Emit;
  /** Opens the second connection, at one attempt. */
  readonly beside: (signal: AbortSignal) => Promise<Session>;
  /** Before the first look. */
  readonly afterMs: number;
  /** With more sessions behind it the message is cancelled; 0: never. */
  readonly queue: number;
}

const EVERY_MS = 500;
/** A wait as short as this is no news. */
const SHORT_MS = 200;
/** Node's timers take 31 bits. */
const FOR_EVER_MS = 2147483647;

/** Resolves when the message has ended, to what kept it back at last; null where nothing did or nobody could look. */
export async function watch(on: Lookout, ended: AbortSignal): Promise<Blockage | null> {
  await pause(on.afterMs, ended);
  if (ended.aborted || on.pid === null) return null;
  const end = pause(FOR_EVER_MS, ended).then(() => null);
  const opening = on.beside(ended).catch(() => null);
  const session = await Promise.race([opening, end]);
  if (session === null) {
    void opening.then((late) => late?.close()).catch(() => {});
    return null;
  }
  try {
    return await follow(session, on.pid, on, ended, end);
  } finally {
    await session.close().catch(() => {});
  }
}

async function follow(
  session: Session,
  pid: number,
  { name, emit, queue }: Lookout,
  ended: AbortSignal,
  end: Promise<null>,
): Promise<Blockage | null> {
  // What the caller's role may see and cancel is less than what its login may.
  await Promise.race([session.send('set role none').catch(() => null), end]);
  let told: Blockage | null = null;
  let last: Blockage | null = null;
  /** Of several in a message, the one that was last seen to wait. */
  let who = name();
  while (!ended.aborted) {
    const seen = await Promise.race([look(session, pid).catch(() => null), end]);
    if (seen === null) break;
    last = seen.blockers.length === 0 ? null : seen;
    const isOther = !isSame(name(), who);
    if ((last === null || isOther) && told !== null) {
      emit({ kind: 'unblocked', ...who });
      told = null;
    }
    who = name();
    if (last !== null && last.waitedMs >= SHORT_MS && isNews(last, told)) {
      const { blockers, queued, waitedMs } = last;
      emit({ kind: 'blocked', ...who, blockers, queued, waitedMs });
      told = last;
    }
    if (last !== null && queue > 0 && last.queued > queue) {
      // Waited for even where the message has ended meanwhile: the next one must not be what it hits.
      await session.send(`select pg_catalog.pg_cancel_backend(${pid})`).catch(() => {});
      return { ...last, isLetGo: true };
    }
    await pause(EVERY_MS, ended);
  }
  return isSame(name(), who) ? last : null;
}

const isSame = (a: StepName, b: StepName): boolean => a.id === b.id && a.direction === b.direction;

/** Another who holds us up, or twice as many behind us: not each one who comes and goes. */
const isNews = (seen: Blockage, told: Blockage | null): boolean =>
  told === null ||
  seen.blockers[0]?.pid !== told.blockers[0]?.pid ||
  (seen.queued > told.queued && seen.queued >= 2 * told.queued);

async function look(session: Session, pid: number): Promise<Blockage> {
  const [rows = []] = (await session.query(query(pid))).sets;
  const number = (text: string | null | undefined) => (text == null ? null : Math.round(Number(text)));
  const blockers = rows.map(
    (row): Blocker => ({
      pid: Number(row.pid),
      user: row.who ?? null,
      application: row.application_name || null,
      address: row.client_addr ?? null,
      state: row.state ?? null,
      isWaiting: row.is_waiting === 't',
      transactionMs: number(row.transaction_ms),
      stateMs: number(row.state_ms),
      query: row.state == null || !row.query ? null : shown(row.query),
    }),
  );
  const queued = Number(rows[0]?.queued ?? 0);
  return { blockers, queued, waitedMs: Number(rows[0]?.waited_ms ?? 0), isLetGo: false };
}

/**
 * The one to act on comes first: who does not wait himself, and is at it longest. pg_blocking_pids looks at all locks
 * there are, so it is asked only while we wait; and of pg_locks who waits, which everyone may read, unlike the same in
 * pg_stat_activity. Process 0 is a prepared transaction.
 */
const query = (pid: number): string => `with recursive
  waits as materialized (
    select w.pid as waiter, unnest(pg_catalog.pg_blocking_pids(w.pid)) as blocker
    from (select distinct l.pid from pg_catalog.pg_locks l where not l.granted) w
    where (select a.wait_event_type = 'Lock' from pg_catalog.pg_stat_activity a where a.pid = ${pid})
  ),
  ahead (pid) as (
    select blocker from waits where waiter = ${pid}
    union select w.blocker from waits w join ahead on w.waiter = ahead.pid
  ),
  behind (pid) as (
    select waiter from waits where blocker = ${pid}
    union select w.waiter from waits w join behind on w.blocker = behind.pid
  )
  select ahead.pid::text, coalesce(a.usename, a.backend_type) as who, a.application_name, host(a.client_addr) as client_addr,
    a.state, a.query, w.pid is not null as is_waiting,
    (extract(epoch from clock_timestamp() - a.xact_start) * 1000)::text as transaction_ms,
    (extract(epoch from clock_timestamp() - a.state_change) * 1000)::text as state_ms,
    (select count(*) from behind where pid <> ${pid})::text as queued,
    (select round(extract(epoch from clock_timestamp() - l.waitstart) * 1000) from pg_catalog.pg_locks l
      where l.pid = ${pid} and not l.granted limit 1)::text as waited_ms
  from ahead left join pg_catalog.pg_stat_activity a on a.pid = ahead.pid
    left join (select distinct waiter as pid from waits) w on w.pid = ahead.pid
  where ahead.pid <> ${pid} order by is_waiting, a.xact_start, ahead.pid`;
