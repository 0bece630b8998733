/** After a lost connection: what did the server do with the message that was on its way? Looked up, never guessed. */

import type { Job } from './job.ts';
import type { Ledger } from './ledger/ledger.ts';
import { look, readRecorded } from './look.ts';
import type { Step } from './migration.ts';
import { acquire, release } from './pg/lock.ts';
import type { JournalRow, Recorded } from './recorded.ts';
import type { Worker } from './send.ts';

export interface Fate {
  readonly recorded: Recorded;
  /** Of each step that was sent, its journal row if it was committed. */
  readonly rows: readonly (JournalRow | null)[];
  /** Steps of this command that had been committed, and are not there: a standby that had not heard of them took over. */
  readonly gone: readonly Step[];
}

/**
 * Having our locks means that the old session is over: until then the server may still be running the message.
 * Null where the database cannot be reached, or the locks not be had.
 */
export async function findOut(
  worker: Worker,
  job: Job,
  sent: readonly Step[],
  done: readonly Step[],
): Promise<Fate | null> {
  const { lockIds, perMessage, author, ledger, place } = worker.envelope;
  const ids = perMessage ?? lockIds;
  const { lockStrategy } = job;
  try {
    const session = await job.door.reopen();
    try {
      await acquire(session, ids, {
        lockStrategy,
        code: worker.code,
        timeoutMs: job.lockTimeoutMs,
        now: job.now,
        emit: () => {},
        signal: undefined,
      });
      // Where it was: a lent client has a search_path that this session has not.
      const sight = await look(session, { ...job.door.table, schema: place.schema }, ledger.layout);
      const recorded = await readRecorded(session, sight);
      // What has been read is known, though the connection be lost once more; its end lets go of the locks too.
      await release(session, ids, job).catch(() => {});
      const row = (of: Step, before: readonly Step[]) =>
        rowOf(of, before, recorded.journal, author.run, ledger);
      const gone = done.filter((of, i) => row(of, done.slice(0, i)) === null);
      const rows = sent.map((of, i) => row(of, [...done, ...sent.slice(0, i)]));
      return { recorded, rows, gone };
    } finally {
      await session.close().catch(() => {});
    }
  } catch {
    return null;
  }
}

/** The same may have been done `before`, and undone by another run since. */
function rowOf(
  { migration, direction, resume }: Step,
  before: readonly Step[],
  journal: readonly JournalRow[],
  run: string,
  ledger: Ledger,
): JournalRow | null {
  const { version, name } = ledger.key(migration);
  const rows = journal.filter(
    (r) =>
      r.run === run &&
      r.version === version &&
      (version !== null || r.name === name) &&
      r.direction === direction &&
      r.state === 'done',
  );
  const same = before.filter((s) => s.migration.id === migration.id && s.direction === direction);
  // A resumed file's row is the earlier run's; its id tells.
  return rows[same.length] ?? journal.find((r) => r.id === resume?.id && r.state === 'done') ?? null;
}
