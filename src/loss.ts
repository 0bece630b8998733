/** A connection that was lost while migrations were on their way: what became of them is looked up and told. */

import { MigrateError } from './errors.ts';
import { commandFor, operationOf } from './failure.ts';
import type { Run } from './hooks.ts';
import type { Step } from './migration.ts';
import { findOut } from './recover.ts';
import type { SessionLost, Worker } from './send.ts';

/** Returns where all that was `sent` turned out to be committed. */
export async function tellLoss(
  { worker, job, log }: Run,
  sent: readonly Step[],
  done: readonly Step[],
  e: SessionLost,
): Promise<void> {
  const [first] = sent as [Step];
  worker.session.isLossTold = true;
  const fate = await findOut(worker, job, sent, done);
  if (fate === null) {
    for (const step of sent) log.unknown(step);
    throw new MigrateError('MIGRATION_VERSION_CHECK_FAILED', 'connection_lost', {
      operation: operationOf(first),
      message: `${e.message}; the database could not be reached again to see whether it was committed`,
      hint: 'run `task migrate:status` when the database is back',
      cause: e,
    });
  }
  for (const [i, step] of sent.entries()) {
    const row = fate.rows[i] ?? null;
    if (i > 0) log.started(step, row?.mode ?? 'atomic');
    if (row === null) {
      log.landed(fate.recorded, fate.gone);
      if (fate.recorded.head.dirty) log.opened(step);
      const what = fate.recorded.head.dirty ? 'it is half done' : 'it was not committed';
      throw lost(worker, step, e, `${what}${alsoGone(fate.gone)}`);
    }
    log.finished(step, { mode: row.mode ?? 'atomic', executionTimeMs: row.executionTimeMs ?? 0 });
    const message = `the connection was lost; migration ${step.migration.id} had been committed`;
    log.warn('connection_lost', message, null);
  }
  log.landed(fate.recorded, fate.gone);
}

/** Replication that does not wait may lose what was committed. */
function alsoGone(gone: readonly Step[]): string {
  if (gone.length === 0) return '';
  const ids = gone.map((step) => step.migration.id).join(', ');
  return `; what had been committed before it is not in the database that answers now either: ${ids} (a standby has taken over that did not have it)`;
}

export const lost = (worker: Worker, step: Step, e: SessionLost, what: string): MigrateError =>
  new MigrateError(worker.code, 'connection_lost', {
    operation: operationOf(step),
    message: `${e.message}; looked up: ${what}`,
    hint: `run ${commandFor(step)} to go on`,
    cause: e,
  });
