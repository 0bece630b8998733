/** Sets the version, clears dirty, runs nothing: the way out when a human has repaired the schema. */

import { forcedMoves, stateOf } from './applied.ts';
import { lockIds } from './config/lock-id.ts';
import { MigrateError } from './errors.ts';
import type { Job } from './job.ts';
import type { Entry } from './ledger/journal.ts';
import { startLog } from './log.ts';
import { look, readRecorded } from './look.ts';
import * as messages from './messages.ts';
import type { Migrations } from './migration.ts';
import { withLocks } from './pg/lock.ts';
import type { Session } from './pg/session.ts';
import { noVersions } from './plan/script.ts';
import type { Head } from './recorded.ts';
import { asMigrateError } from './refused.ts';
import { emptyReport, type Outcome } from './report.ts';

const CODE = 'MIGRATION_FORCE_FAILED';

/** Version 0 is a version where a file has it, and else means "none". */
export async function force(version: bigint, job: Job): Promise<Outcome> {
  const log = startLog(job);
  let session: Session | null = null;
  let error: MigrateError | null = null;
  let moved: { from: Head; to: bigint | null } = { from: { version: null, dirty: false }, to: null };
  // The version is set by then, whatever becomes of the connection.
  const closeFailed = (e: Error) => {
    if (error === null) log.warn('close_failed', `MIGRATION_CLOSE_FAILED: ${e.message}`, null);
  };
  try {
    const source = await job.source();
    if (source.layout !== 'pairs') throw noVersion(source);
    const { migrations, origin, layout } = source;
    const file = migrations.find((m) => m.version === version);
    const to = version === 0n && file === undefined ? null : version;
    if (to !== null && file === undefined) {
      log.warn(
        'no_such_file',
        `no file in ${origin} has version ${version}: up and down will refuse to start from it`,
        null,
      );
    }
    session = await job.door.open(layout);
    const sight = await look(session, job.door.table, layout);
    const { identity, place, ledger } = sight;
    const ids = lockIds({ ...place, database: identity.database, urlPath: job.door.urlPath });
    const wait = { ...job, code: CODE, timeoutMs: job.lockTimeoutMs } as const;
    const held = session;
    const work = async () => {
      const recorded = await readRecorded(held, await look(held, job.door.table, layout));
      moved = { from: recorded.head, to };
      const common = { mode: null, head: to, kind: 'forced' } as const;
      const moves = forcedMoves(stateOf(recorded, source), migrations, to).map(
        ({ migration, direction }): Entry => ({ ...common, ...migration, direction }),
      );
      // Where no migration changes its state, the move itself is still recorded.
      const rows: readonly Entry[] =
        moves.length > 0 ? moves : [{ ...common, version: null, name: '', direction: 'up', checksum: null }];
      const writer: messages.Writer = {
        place,
        ledger,
        author: { tool: job.tool, run: job.newId() },
      };
      const exists = { ledger: recorded.ledgerExists, journal: recorded.journalExists };
      await held.transact(messages.force(writer, exists, to, rows));
    };
    await withLocks(session, ids, wait, work, closeFailed);
  } catch (e) {
    error = asMigrateError(e, CODE, `force version ${version}`);
  }
  await session?.close().catch(closeFailed);
  const { from, to } = moved;
  const at = error === null ? { to, dirty: false } : { to: from.version, dirty: from.dirty };
  const { warnings } = log.outcome(null).report;
  return { report: { ...emptyReport, from: from.version, ...at, warnings }, error };
}

const noVersion = ({ layout, origin }: Migrations): MigrateError =>
  layout === 'script'
    ? noVersions(CODE, 'set the version', origin)
    : new MigrateError(CODE, 'layout', {
        operation: 'set the version',
        message: 'files of layout `named` have no version to set: the table has a row for each of them',
        hint: '`rungs rollback` forgets the last row; to skip a file, insert its row',
      });
