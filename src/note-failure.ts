/**
 * FluxStudio's promise: a file that failed is marked as failed, and seen in status. (Golang-migrate's is that a failure
 * leaves nothing behind, so pairs are not marked.)
 */

import { MigrateError } from './errors.ts';
import type { Job } from './job.ts';
import { look, readRecorded } from './look.ts';
import * as messages from './messages.ts';
import type { Mode, Step } from './migration.ts';
import type { Session } from './pg/session.ts';

/** Of what the server refused and rolled back; cancelling is no failure. */
export async function noteFailure(
  session: Session,
  writer: messages.Writer,
  step: Step,
  mode: Mode,
  e: unknown,
): Promise<void> {
  if (writer.ledger.layout !== 'named' || mode !== 'atomic' || step.direction === 'down') return;
  if (!(e instanceof MigrateError) || e.sqlstate === null || e.reason === 'cancelled') return;
  const text = messages.noteFailure(writer, step, mode, `${said(e)} (SQLSTATE ${e.sqlstate})`);
  await session.send(text).catch(() => {});
}

/** Of what the grammar refused before the server had seen it. Not in a dry run, nor where it cannot be written. */
export async function noteUnread(session: Session, job: Job, error: MigrateError): Promise<void> {
  const { layout, migrations } = await job.source();
  const migration = migrations.find((m) => m.up !== null && m.up.path === error.location?.file);
  if (layout !== 'named' || job.dryRun || migration === undefined) return;
  try {
    const sight = await look(session, job.door.table, layout);
    const recorded = await readRecorded(session, sight);
    const { place, ledger } = sight;
    const writer: messages.Writer = { place, ledger, author: { tool: job.tool, run: job.newId() } };
    const exists = { ledger: recorded.ledgerExists, journal: recorded.journalExists };
    const tables = messages.prepare(writer, exists, []);
    if (tables !== null) await session.send(tables);
    const nowhere = { from: recorded.head, to: null, resume: null };
    const step = { ...nowhere, migration, direction: 'up', file: migration.up } as const;
    await session.send(messages.noteFailure(writer, step, 'atomic', said(error)));
  } catch {
    // A role that may only read, for one.
    await session.send('rollback').catch(() => {});
  }
}

/** With its place, as far as that is known. */
function said({ location, message }: MigrateError): string {
  const place = [location?.file, location?.line, location?.column].filter((part) => part != null).join(':');
  return place === '' ? message : `${place}: ${message}`;
}
