/**
 * FluxStudio's promise: a file that failed is marked as failed. It holds as well for one that the grammar refused before
 * the server had seen it.
 */

import type { MigrateError } from './errors.ts';
import type { Job } from './job.ts';
import { look, readRecorded } from './look.ts';
import type { Session } from './pg/session.ts';
import * as script from './script.ts';

/** Nothing for other layouts, in a dry run, and where it cannot be written: the error itself has been told. */
export async function noteUnread(session: Session, job: Job, error: MigrateError): Promise<void> {
  const { layout, migrations } = await job.source();
  const migration = migrations.find((m) => m.up !== null && m.up.path === error.location?.file);
  if (layout !== 'named' || job.dryRun || migration === undefined) return;
  const { file, line, column } = error.location ?? { file: '', line: null, column: null };
  try {
    const sight = await look(session, job.door.table, layout);
    const recorded = await readRecorded(session, sight);
    const { place, ledger } = sight;
    const author = { tool: job.tool, run: job.newId() };
    const writer: script.Script = { place, ledger, author, nonce: '', cleanUp: '', lockIds: [] };
    const exists = { ledger: recorded.ledgerExists, journal: recorded.journalExists };
    const tables = script.prepare(writer, exists, []);
    if (tables !== null) await session.send(tables);
    const nowhere = { from: recorded.head, to: null, resume: null };
    const step = { ...nowhere, migration, direction: 'up', file: migration.up } as const;
    const said = `${[file, line, column].filter((part) => part !== null).join(':')}: ${error.message}`;
    await session.send(script.noteFailure(writer, step, 'atomic', said));
  } catch {
    // A role that may only read, for one.
    await session.send('rollback').catch(() => {});
  }
}
