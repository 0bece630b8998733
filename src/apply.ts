/** Runs one step in its mode. */

import { MigrateError } from './errors.ts';
import { operationOf } from './failure.ts';
import type { Mode } from './migration.ts';
import { opened } from './opened.ts';
import type { Reply } from './pg/message.ts';
import { resumable } from './resumable.ts';
import * as script from './script.ts';
import { attempt, own, type Running, send, settle, told } from './send.ts';

export interface Done {
  readonly mode: Mode;
  readonly executionTimeMs: number;
  /** How many of our advisory locks the session still holds. */
  readonly locks: number;
}

export async function apply(r: Running): Promise<Done> {
  const { worker, step, mode } = r;
  const marks: { readonly elapsedMs: number; readonly locks: number }[] = [];
  worker.session.onNotice = ({ severity, message }) => {
    const mark = script.readMarker(worker.script, message);
    if (mark === null) worker.emit({ kind: 'notice', severity, message, id: step.migration.id });
    else marks.push(mark);
  };
  const begun = worker.now();
  if (mode === 'atomic') await atomic(r);
  else if (mode === 'plain') await plain(r);
  else await resumable(r);
  const mark = marks.at(-1);
  // Of one message the server's own time; of several, ours, which has the round trips in it.
  const ours = Math.round(worker.now() - begun);
  const executionTimeMs = mode === 'atomic' ? (mark?.elapsedMs ?? ours) : ours;
  return { mode, executionTimeMs, locks: mark?.locks ?? 0 };
}

async function atomic(r: Running): Promise<void> {
  const { worker, step } = r;
  const message = script.atomic(worker.script, step);
  let reply: Reply;
  try {
    reply = await send(worker, message);
  } catch (e) {
    const failed = await settle(worker, e, message);
    // Only the marker came after the commit: a cancel that arrived then has cancelled nothing.
    if (failed.completed.at(-1) === 'COMMIT') return;
    throw told(r, failed, message);
  }
  if (reply.tags.at(-2) === 'COMMIT') return;
  throw new MigrateError(worker.code, 'internal', {
    operation: operationOf(step),
    message: `the transaction ended with ${reply.tags.at(-2)} instead of COMMIT`,
  });
}

/** golang-migrate's three steps, each its own transaction; a failure leaves the version dirty, as there. */
async function plain(r: Running): Promise<void> {
  const { worker, step } = r;
  const begun = worker.now();
  const row = await opened(r, 'plain');
  await attempt(r, script.plain(step));
  await attempt(r, own(script.finish(worker.script, step, 'plain', row, worker.now() - begun)));
}
