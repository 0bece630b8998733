/** One message of a step: sent, cancelled on abort, rolled back on failure, and its failure told as the file's. */

import { type ErrorCode, MigrateError } from './errors.ts';
import type { Emit, StepName } from './event.ts';
import { commandFor, type Failed, failure, operationOf } from './failure.ts';
import type { FileMessage } from './file-message.ts';
import { hookFailure } from './hook-failure.ts';
import { hookAt } from './hook-text.ts';
import type { Envelope } from './messages.ts';
import type { Analysis, MigrationFile, Mode, Step } from './migration.ts';
import type { Patience } from './patience.ts';
import { cancelOnAbort } from './pg/abort.ts';
import { MessageFailed, type Reply } from './pg/message.ts';
import type { Session } from './pg/session.ts';
import { copyLine } from './row-failure.ts';
import { rowOf, rowsOf } from './rows.ts';
import { discreet } from './sql/server-error.ts';
import { watch } from './watch.ts';

/** What is the same for every step of a run. */
export interface Worker {
  /** Statements that create what is there already are left out. */
  readonly skipDuplicates: boolean;
  readonly session: Session;
  readonly envelope: Envelope;
  readonly code: ErrorCode;
  /** The server's, for error positions. */
  readonly encoding: string;
  readonly emit: Emit;
  /** Milliseconds on any steady clock. */
  readonly now: () => number;
  readonly signal: AbortSignal | undefined;
  readonly patience: Patience;
  /** The door's. */
  readonly beside: (signal: AbortSignal) => Promise<Session>;
  readonly multiStatement: boolean;
}

export interface Attempt {
  readonly error: MigrateError;
  /** By the worker's clock. */
  readonly begun: number;
}

/** A step on its way. `analysis` null: there is no file, and only the version moves. */
export interface Running {
  readonly worker: Worker;
  readonly step: Step;
  readonly analysis: Analysis | null;
  readonly mode: Mode;
  /** The first of several transactions is committed. */
  readonly onOpened?: () => void;
  /** A lock has kept it from being done together with others. */
  readonly first?: Attempt;
  /** What is being sent can be cancelled for those who wait behind it, and tried again. */
  readonly canLetGo?: boolean;
}

/** The session ended under a step. What the server did with it must be looked up. */
export class SessionLost extends Error {
  override readonly name = 'SessionLost';
}

/** Sends one message. Throws MigrateError where the server refuses, SessionLost where it is gone. */
export async function attempt(r: Running, message: FileMessage, rows = false): Promise<Reply> {
  try {
    return await send(r, message, rows);
  } catch (e) {
    throw told(r, await settle(r.worker, e, message, filesOf(r)), message);
  }
}

/** The same for what ends with our commit and marker. */
export async function conclude(r: Running, message: FileMessage): Promise<void> {
  let tags: readonly string[];
  try {
    ({ tags } = await send(r, message));
  } catch (e) {
    const failed = await settle(r.worker, e, message, filesOf(r));
    if (isRecorded(failed.completed)) return;
    throw told(r, failed, message);
  }
  if (isRecorded(tags.slice(0, -1))) return;
  throw new MigrateError(r.worker.code, 'internal', {
    operation: operationOf(r.step),
    message: `the transaction ended with ${tags.at(-2)} instead of COMMIT`,
  });
}

/**
 * Behind the journal's row and the commit comes only the marker: a cancel that arrived then has cancelled nothing. (A
 * COMMIT of the file's own has no such row before it.)
 */
const isRecorded = (tags: readonly string[]): boolean =>
  tags.at(-1) === 'COMMIT' && /^(INSERT 0|UPDATE) \d+$/.test(tags.at(-2) ?? '');

/** As events name it. */
export const nameOf = ({ migration: { id, name }, direction }: Step): StepName => ({ id, name, direction });

/** On abort asks the server to stop the message, again and again: a cancel can fall between two statements. */
export function send(r: Running, message: FileMessage, rows = false): Promise<Reply> {
  return sendAs(r.worker, () => nameOf(r.step), message, rows, r.canLetGo);
}

/** `called`: who is told to wait now, where it is for somebody else's lock. */
export async function sendAs(
  worker: Worker,
  called: () => StepName,
  { text, data }: FileMessage,
  rows = false,
  canLetGo = false,
): Promise<Reply> {
  const { session, signal } = worker;
  const blocks = data.map((block) => () => rowsOf(block));
  const reply = rows ? session.query(text) : session.send(text, blocks);
  const ended = new AbortController();
  const cancelling = signal === undefined ? null : cancelOnAbort(session, signal, ended.signal);
  // It only looks on: what a listener throws at its events is no failure of the message.
  const watching = watchOver(worker, called, canLetGo, ended.signal).catch(() => null);
  try {
    return await reply;
  } catch (e) {
    ended.abort();
    if (e instanceof MessageFailed) e.blockage = await watching;
    throw e;
  } finally {
    ended.abort();
    await cancelling;
    await watching;
  }
}

/** A lock_timeout of less than that should not end before anyone has looked. */
const WATCH_AFTER_MS = { most: 1000, least: 250 };

function watchOver(worker: Worker, called: () => StepName, canLetGo: boolean, ended: AbortSignal) {
  const { session, emit, envelope, beside, patience } = worker;
  const half = patience.timeoutMs === 0 ? WATCH_AFTER_MS.most : patience.timeoutMs / 2;
  const afterMs = Math.max(Math.min(half, WATCH_AFTER_MS.most), WATCH_AFTER_MS.least);
  const queue = canLetGo ? patience.queue : 0;
  // Which process of a shared pool it is in, nobody knows; the one that was looked at may be somebody else's by now.
  const pid = envelope.perMessage !== null && session.isPooled ? null : session.pid;
  return watch({ pid, name: called, emit, beside, afterMs, queue }, ended);
}

/** Those whose texts a step's session has heard: what is secret in them is not to be repeated. */
export const filesOf = ({ worker, step }: Running): readonly MigrationFile[] => [
  ...(step.file === null ? [] : [step.file]),
  ...[...worker.envelope.hooks.before, ...worker.envelope.hooks.after].map(({ file }) => file),
];

/** After any failed message: ROLLBACK. If even that fails, the session is gone. */
export async function settle(
  worker: Worker,
  e: unknown,
  message: FileMessage,
  files: readonly MigrationFile[],
): Promise<Failed> {
  if (!(e instanceof MessageFailed)) throw e;
  if (e.server === null) throw new SessionLost(e.message, { cause: e.cause });
  const { onNotice } = worker.session;
  // Of no interest: "there is no transaction in progress".
  worker.session.onNotice = () => {};
  // A late cancel can still hit the rollback; a session that is gone gives no server's error.
  for (let gone = false; !gone; ) {
    try {
      await worker.session.send('rollback');
      worker.session.onNotice = onNotice;
      const { server, completed, who, noRows, blockage } = e;
      const isSingle = worker.envelope.perMessage !== null;
      const row = await failedRow(e, message);
      return { server, files, completed, who, noRows, blockage, isSingle, row };
    } catch (again) {
      gone = !(again instanceof MessageFailed) || again.server === null;
    }
  }
  const cause = discreet(e.server, files);
  throw new SessionLost(cause.message, { cause });
}

/**
 * After a failed attempt, as new: a rollback leaves what is in no transaction, such as prepared statements. In a process that
 * is shared nobody knows what of that is whose.
 */
export async function afresh({ session, envelope }: Worker): Promise<void> {
  if (envelope.perMessage === null) await session.send(envelope.cleanUp.join('; ')).catch(() => {});
}

/** The row that the server refused, where its error says which. */
async function failedRow(
  { copying, server, noRows }: MessageFailed,
  { data }: FileMessage,
): Promise<Failed['row']> {
  const block = copying === null ? undefined : data[copying];
  // Where the rows could not be had, the server's line is only how far it came.
  const where = server === null || noRows !== null ? null : copyLine(server);
  if (block === undefined || where === null) return null;
  const text = await rowOf(block, where.line);
  return { block, line: where.line, text, value: where.value };
}

export function told(
  { worker, step, analysis, mode }: Running,
  failed: Failed,
  message: FileMessage,
): MigrateError {
  const { code, encoding } = worker;
  const place = hookAt(failed, message, encoding);
  const error =
    place === null
      ? failure(code, failed, step, message, analysis, encoding, mode)
      : hookFailure(code, failed, place, { step, mode });
  return unlessCancelled(worker, error, goOn(step));
}

/** The server's 57014 is the caller's own doing. */
export function unlessCancelled({ signal, code }: Worker, error: MigrateError, hint: string): MigrateError {
  if (error.sqlstate !== '57014' || signal?.aborted !== true) return error;
  const { operation, message, sqlstate, location, excerpt } = error;
  return new MigrateError(code, 'cancelled', { operation, message, sqlstate, location, excerpt, hint });
}

const goOn = (step: Step): string => `run ${commandFor(step)} to go on`;

/** The same in the middle of a transaction: a client on loan goes back without it. */
export async function stopInside({ worker, step }: Running): Promise<void> {
  if (worker.signal?.aborted === true) await worker.session.send('rollback').catch(() => {});
  stopIfAborted(worker, step);
}

/** Between two messages nothing runs, so there is nothing to cancel. */
export function stopIfAborted({ signal, code }: Worker, step: Step): void {
  if (signal?.aborted !== true) return;
  const message = 'cancelled before it was run';
  throw new MigrateError(code, 'cancelled', { operation: operationOf(step), message, hint: goOn(step) });
}
