/** Reading only: no lock, no DDL, no CREATE right. */

import { stateOf } from './applied.ts';
import { warn } from './event.ts';
import type { Job } from './job.ts';
import { sentinelName } from './ledger/sentinel.ts';
import { look, readRecorded } from './look.ts';
import type { Layout } from './migration.ts';
import type { Head } from './recorded.ts';
import { refused } from './refused.ts';
import { changedOf } from './repeatable.ts';
import { type Status, statusOf } from './status.ts';

const CODE = 'MIGRATION_VERSION_FAILED';

/** Every migration with its state. Throws MigrateError. */
export async function inspect(job: Job): Promise<Status> {
  const source = await job.source();
  for (const { path, why } of source.ignored) warn(job.emit, 'ignored_file', `not run: ${why}`, path);
  if (source.migrations.length + source.repeatable.length === 0)
    warn(job.emit, 'no_migrations', `no migration files in ${source.origin}`);
  const { sight, recorded } = await readAll(job, source.layout);
  const sentinel = source.layout === 'script' ? sentinelName(sight.place) : null;
  const state = stateOf(recorded, source);
  return statusOf(source, recorded, state, sentinel, await changedOf(source.repeatable, state));
}

/** The ledger's row alone. Throws MigrateError. */
export async function readVersion(job: Job): Promise<Head> {
  return (await readAll(job, null)).recorded.head;
}

async function readAll(job: Job, layout: Layout | null) {
  const session = await job.door.open();
  try {
    const sight = await refused(
      look(session, job.door.table, layout),
      'MIGRATION_INIT_FAILED',
      'identify the database',
    );
    return { sight, recorded: await refused(readRecorded(session, sight), CODE, 'read the version') };
  } finally {
    await session.close().catch(() => {});
  }
}
