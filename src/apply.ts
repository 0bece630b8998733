/** Runs one step in its mode. */

import { isBlocked, untilUnblocked } from './again.ts';
import { isDuplicate, withoutDuplicates } from './duplicates.ts';
import { MigrateError } from './errors.ts';
import { warn } from './event.ts';
import { operationOf } from './failure.ts';
import { type FileMessage, own } from './file-message.ts';
import { readMarker } from './marker.ts';
import * as messages from './messages.ts';
import type { Mode } from './migration.ts';
import { opened } from './opened.ts';
import { type Enclosing, enclosingLate, stillUnmoved } from './opening.ts';
import type { Reply } from './pg/message.ts';
import { resumable } from './resumable.ts';
import { attempt, type Running, send, settle, told } from './send.ts';
import { withoutSecrets } from './sql/filled.ts';
import * as statement from './statement-messages.ts';

export interface Done {
  readonly mode: Mode;
  readonly executionTimeMs: number;
  /** How many of our advisory locks the session still holds. */
  readonly locks: number;
}

export async function apply(r: Running): Promise<Done> {
  const { worker, step } = r;
  const marks: { readonly elapsedMs: number; readonly locks: number }[] = [];
  worker.session.onNotice = ({ severity, message }) => {
    const mark = readMarker(worker.envelope, message);
    if (mark !== null) marks.push(mark);
    else {
      const said = withoutSecrets(step.file, message);
      worker.emit({ kind: 'notice', severity, message: said, id: step.migration.id });
    }
  };
  const begun = worker.now();
  const { mode, isOneMessage } = await run(r);
  const mark = marks.at(-1);
  // Of one message the server's own time; of several, ours, which has the round trips in it.
  const ours = Math.round(worker.now() - begun);
  const executionTimeMs = isOneMessage ? (mark?.elapsedMs ?? ours) : ours;
  return { mode, executionTimeMs, locks: mark?.locks ?? 0 };
}

/** Returns what it came to. */
async function run(r: Running): Promise<{ readonly mode: Mode; readonly isOneMessage: boolean }> {
  const { mode, worker } = r;
  if (mode === 'plain') await plain(r);
  else if (mode === 'resumable') await resumable(r);
  else {
    try {
      await untilUnblocked(r, atomic);
      return { mode, isOneMessage: true };
    } catch (e) {
      if (isTooLate(r, e)) {
        await untilUnblocked(r, (again) => atomic(again, enclosingLate(worker.envelope)));
        return { mode, isOneMessage: true };
      }
      if (isDuplicate(r, e)) {
        await untilUnblocked(r, withoutDuplicates);
        return { mode, isOneMessage: false };
      }
      if (!isForOneByOne(r, e)) throw e;
      await oneByOne(r, e);
      return { mode: 'resumable', isOneMessage: false };
    }
  }
  return { mode, isOneMessage: false };
}

/** What the server says where only the transaction is in the way: of a new enum value, of a COMMIT inside, of a statement. */
const TRANSACTION_IN_THE_WAY = ['55P04', '2D000', '25001'];

/** SET TRANSACTION behind our own queries, or something that no transaction can hold: then it fails again. */
const isTooLate = ({ worker }: Running, e: unknown): boolean =>
  worker.envelope.perMessage !== null && e instanceof MigrateError && e.sqlstate === '25001';

const isForOneByOne = ({ worker, step, analysis }: Running, e: unknown): e is MigrateError =>
  worker.multiStatement &&
  worker.envelope.perMessage === null &&
  step.file?.repeatable !== true &&
  analysis?.parsed === true &&
  e instanceof MigrateError &&
  e.reason !== 'hook' &&
  TRANSACTION_IN_THE_WAY.includes(e.sqlstate ?? '');

/** What a migration of several in a message has failed with, and may yet be run: by itself it is tried as it can be. */
export const hasOtherWays = (r: Running, e: MigrateError): boolean =>
  isBlocked(r, e) || isTooLate(r, e) || isDuplicate(r, e) || isForOneByOne(r, e);

/** With x-multi-statement golang-migrate would have run it so from the start. Nothing of the first try is left. */
async function oneByOne(r: Running, { message }: MigrateError): Promise<void> {
  const { worker, step } = r;
  await attempt(r, own(worker.envelope.cleanUp.join('; ')));
  const file = step.file?.path ?? null;
  warn(
    worker.emit,
    'one_by_one',
    `run statement by statement, as x-multi-statement has it: ${message}`,
    file,
  );
  await resumable({ ...r, mode: 'resumable' });
}

async function atomic(r: Running, around?: Enclosing): Promise<void> {
  const { worker, step } = r;
  const message = messages.atomic(worker.envelope, step, r.analysis, around);
  let reply: Reply;
  try {
    reply = await send(r, message);
  } catch (e) {
    const failed = await settle(worker, e, message);
    // Only the marker came after the commit: a cancel that arrived then has cancelled nothing.
    if (failed.completed.at(-1) === 'COMMIT') return;
    // It ran without the locks: was it another run that was in its way?
    if (around !== undefined) await attempt(r, own(stillUnmoved(worker.envelope, step)));
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
  for (const message of plainMessages(r)) await attempt(r, message);
  await attempt(r, messages.finish(worker.envelope, step, 'plain', row, worker.now() - begun));
}

function plainMessages({ worker, step, analysis }: Running): readonly FileMessage[] {
  const { file } = step;
  // In golang-migrate's steps its own BEGIN and COMMIT count.
  if (file !== null && worker.multiStatement && analysis?.parsed === true && analysis.wrapper.length === 0)
    return analysis.statements.map((st) => statement.alone(file, st));
  return [messages.plain(step)];
}
