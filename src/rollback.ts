/** FluxStudio's rollback: forgets the last record, and reverses nothing. */

import { lockIds } from './config/lock-id.ts';
import { MigrateError } from './errors.ts';
import type { Job } from './job.ts';
import { halfWay } from './ledger/named-rows.ts';
import { halfRun } from './ledger/sentinel.ts';
import { look, readRecorded } from './look.ts';
import * as messages from './messages.ts';
import { withLocks } from './pg/lock.ts';
import { refused } from './refused.ts';

const CODE = 'MIGRATION_STEPS_FAILED';
const OPERATION = 'forget the last record';

/** The file whose record is gone, or that is no longer half-way; null where there was none. Throws MigrateError. */
export async function rollback(job: Job): Promise<string | null> {
  const { layout, origin } = await job.source();
  if (layout === 'pairs') {
    throw new MigrateError(CODE, 'layout', {
      operation: OPERATION,
      message: 'rollback only forgets a record, for files without a way down; these have down files',
      hint: 'run `task migrate:down`',
    });
  }
  const session = await job.door.open(layout);
  try {
    const sight = await refused(
      look(session, job.door.table, layout),
      'MIGRATION_INIT_FAILED',
      'identify the database',
    );
    const { identity, place, ledger } = sight;
    // Of a script only the journal remembers that it is half-way.
    if (identity[layout === 'script' ? 'journal' : 'ledger'] === null) return null;
    const ids = lockIds({ ...place, database: identity.database, urlPath: job.door.urlPath });
    const wait = { ...job, code: CODE, timeoutMs: job.lockTimeoutMs } as const;
    return await withLocks(session, ids, wait, async () => {
      const recorded = await refused(
        readRecorded(session, sight),
        'MIGRATION_VERSION_FAILED',
        'read the records',
      );
      const { records, journal } = recorded;
      const half = layout === 'script' ? halfRun(journal) : halfWay(records, journal);
      if (layout === 'script' && half === null) throw nothingHalf(origin);
      const name = half?.name ?? records.at(-1)?.name ?? null;
      if (name !== null) {
        const author = { tool: job.tool, run: job.newId() };
        const writer: messages.Writer = { place, ledger, author };
        const text = messages.forget(writer, name, half?.direction ?? null, recorded.journalExists);
        await refused(session.transact(text), CODE, OPERATION);
      }
      return name;
    });
  } finally {
    await session.close().catch(() => {});
  }
}

const nothingHalf = (path: string): MigrateError =>
  new MigrateError(CODE, 'layout', {
    operation: OPERATION,
    message: `of a script only a half-done run can be forgotten, and there is none (${path})`,
    hint: 'see `task migrate:status`',
  });
