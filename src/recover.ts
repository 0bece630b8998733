/** After a lost connection: what did the server do with the message that was on its way? Looked up, never guessed. */

import type { Job } from './job.ts';
import { look, readRecorded } from './look.ts';
import type { Step } from './migration.ts';
import { acquire, release } from './pg/lock.ts';
import type { Head, JournalRow } from './recorded.ts';
import type { Worker } from './send.ts';

export interface Fate {
  readonly head: Head;
  /** The step's journal row if it was committed. */
  readonly row: JournalRow | null;
}

/**
 * Having our locks means that the old session is over: until then the server may still be running the message.
 * Null where the database cannot be reached, or the locks not be had.
 */
export async function findOut(worker: Worker, job: Job, step: Step): Promise<Fate | null> {
  const { lockIds, author, ledger, place } = worker.envelope;
  const { version, name } = ledger.key(step.migration);
  try {
    const session = await job.door.reopen();
    try {
      await acquire(session, lockIds, {
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
      await release(session, lockIds).catch(() => {});
      const row = recorded.journal.findLast(
        (r) =>
          r.run === author.run &&
          r.version === version &&
          (version !== null || r.name === name) &&
          r.direction === step.direction &&
          r.state === 'done',
      );
      // A resumed file's row is the earlier run's; its id tells.
      const resumed = recorded.journal.find((r) => r.id === step.resume?.id && r.state === 'done');
      return { head: recorded.head, row: row ?? resumed ?? null };
    } finally {
      await session.close().catch(() => {});
    }
  } catch {
    return null;
  }
}
