/** Runs one step in its mode. */

import { untilUnblocked } from './again.ts';
import { isDuplicate, withoutDuplicates } from './duplicates.ts';
import { MigrateError } from './errors.ts';
import { warn } from './event.ts';
import type { FileMessage } from './file-message.ts';
import { readMarker } from './marker.ts';
import * as messages from './messages.ts';
import type { Mode } from './migration.ts';
import { opened } from './opened.ts';
import { inPieces, isLarge } from './pieces.ts';
import { resumable } from './resumable.ts';
import { afresh, attempt, conclude, filesOf, type Running } from './send.ts';
import { withoutSecrets } from './sql/filled.ts';
import * as statement from './statement-messages.ts';

export interface Done {
  readonly mode: Mode;
  readonly executionTimeMs: number;
  /** How many of our advisory locks the session still holds; null: its marker was cancelled. */
  readonly locks: number | null;
}

export async function apply(r: Running): Promise<Done> {
  const { worker, step } = r;
  const marks: { readonly elapsedMs: number; readonly locks: number }[] = [];
  worker.session.onNotice = ({ severity, message }) => {
    const mark = readMarker(worker.envelope, message);
    if (mark !== null) marks.push(mark);
    else {
      const said = withoutSecrets(filesOf(r), message);
      worker.emit({ kind: 'notice', severity, message: said, id: step.migration.id });
    }
  };
  const begun = worker.now();
  const { mode, isOneMessage } = await run(r);
  const mark = marks.at(-1);
  // Of one message the server's own time; of several, ours, which has the round trips in it.
  const ours = Math.round(worker.now() - begun);
  const executionTimeMs = isOneMessage ? (mark?.elapsedMs ?? ours) : ours;
  return { mode, executionTimeMs, locks: mark?.locks ?? null };
}

/** Returns what it came to. */
async function run(r: Running): Promise<{ readonly mode: Mode; readonly isOneMessage: boolean }> {
  const { mode } = r;
  if (mode === 'plain') await plain(r);
  else if (mode === 'resumable') await resumable(r);
  else {
    try {
      const isOneMessage = !isLarge(r);
      await untilUnblocked(r, isOneMessage ? atomic : inPieces);
      return { mode, isOneMessage };
    } catch (e) {
      if (!hasAnotherWay(r, e)) throw e;
      await afresh(r.worker);
      if (isDuplicate(r, e)) {
        const { first: _, ...again } = r;
        await untilUnblocked(again, withoutDuplicates);
        return { mode, isOneMessage: false };
      }
      await oneByOne(r, e);
      return { mode: 'resumable', isOneMessage: false };
    }
  }
  return { mode, isOneMessage: false };
}

/** What the server says where only the transaction is in the way: of a new enum value, of a COMMIT inside, of a statement. */
const TRANSACTION_IN_THE_WAY = ['55P04', '2D000', '25001'];

const isForOneByOne = ({ worker, step, analysis }: Running, e: unknown): e is MigrateError =>
  worker.multiStatement &&
  worker.envelope.perMessage === null &&
  step.file?.repeatable !== true &&
  analysis?.parsed === true &&
  e instanceof MigrateError &&
  e.reason !== 'hook' &&
  TRANSACTION_IN_THE_WAY.includes(e.sqlstate ?? '');

/** A migration of several in a message that has failed so is run in another way, by itself. */
export const hasAnotherWay = (r: Running, e: unknown): e is MigrateError =>
  isDuplicate(r, e) || isForOneByOne(r, e);

/** With x-multi-statement golang-migrate would have run it so from the start. Nothing of the first try is left. */
async function oneByOne(r: Running, { message }: MigrateError): Promise<void> {
  const { worker, step } = r;
  const file = step.file?.path ?? null;
  warn(
    worker.emit,
    'one_by_one',
    `run statement by statement, as x-multi-statement has it: ${message}`,
    file,
  );
  await resumable({ ...r, mode: 'resumable' });
}

async function atomic(r: Running): Promise<void> {
  const { worker, step } = r;
  await conclude(r, messages.atomic(worker.envelope, step, r.analysis));
}

/** golang-migrate's three steps, each its own transaction; a failure leaves the version dirty, as there. */
async function plain(r: Running): Promise<void> {
  const { worker, step } = r;
  const begun = worker.now();
  const row = await opened(r, 'plain');
  for (const message of plainMessages(r)) await attempt(r, message);
  await conclude(r, messages.finish(worker.envelope, step, 'plain', row, worker.now() - begun));
}

function plainMessages({ worker, step, analysis }: Running): readonly FileMessage[] {
  const { file } = step;
  // In golang-migrate's steps its own BEGIN and COMMIT count.
  if (file !== null && worker.multiStatement && analysis?.parsed === true && analysis.wrapper.length === 0)
    return analysis.statements.map((st) => statement.alone(file, st));
  return [messages.plain(step)];
}
