/** Runs one step: sends its messages, waits where the answer could change what comes next, and reports. */

import { type ErrorCode, MigrateError } from './errors.ts';
import type { Emit } from './event.ts';
import { type Failed, failure, operationOf } from './failure.ts';
import { type Ask, leftovers, observe, stillInvalid } from './indexes.ts';
import type { Analysis, IndexStatement, Mode, Step } from './migration.ts';
import { MessageFailed, type Reply } from './pg/message.ts';
import { pause } from './pg/pause.ts';
import type { Session } from './pg/session.ts';
import * as script from './script.ts';
import { statementChecksum } from './sql/checksum.ts';

export interface Worker {
  readonly session: Session;
  readonly script: script.Script;
  readonly code: ErrorCode;
  /** The server's, for error positions. */
  readonly encoding: string;
  readonly emit: Emit;
  /** Milliseconds on any steady clock. */
  readonly now: () => number;
  readonly signal: AbortSignal | undefined;
}

export interface Done {
  readonly mode: Mode;
  readonly executionTimeMs: number;
  /** How many of our advisory locks the session still holds. */
  readonly locks: number;
}

/** The session ended under a step. What the server did with it must be looked up. */
export class SessionLost extends Error {
  override readonly name = 'SessionLost';
}

/** `analysis` null: nothing to run, or a file that the grammar of another version could not read. */
export async function apply(
  worker: Worker,
  step: Step,
  analysis: Analysis | null,
  mode: Mode,
): Promise<Done> {
  const marks: { readonly elapsedMs: number; readonly locks: number }[] = [];
  worker.session.onNotice = ({ severity, message }) => {
    const mark = script.readMarker(worker.script, message);
    if (mark === null) worker.emit({ kind: 'notice', severity, message, id: step.migration.id });
    else marks.push(mark);
  };
  const begun = worker.now();
  if (mode === 'atomic') await atomic(worker, step, analysis);
  else if (mode === 'plain') await plain(worker, step, analysis);
  else await resumable(worker, step, analysis);
  const mark = marks.at(-1);
  // Of one message the server's own time; of several, ours, which has the round trips in it.
  const executionTimeMs =
    mode === 'atomic' && mark !== undefined ? mark.elapsedMs : Math.round(worker.now() - begun);
  return { mode, executionTimeMs, locks: mark?.locks ?? 0 };
}

async function atomic(worker: Worker, step: Step, analysis: Analysis | null): Promise<void> {
  const message = script.atomic(worker.script, step);
  let reply: Reply;
  try {
    reply = await run(worker, message.text);
  } catch (e) {
    const failed = await settle(worker, e);
    // Only the marker came after the commit: a cancel that arrived then has cancelled nothing.
    if (failed.completed.at(-1) === 'COMMIT') return;
    throw told(worker, failed, step, message, analysis);
  }
  if (reply.tags.at(-2) !== 'COMMIT') {
    throw new MigrateError(worker.code, 'internal', {
      operation: operationOf(step),
      message: `the transaction ended with ${reply.tags.at(-2)} instead of COMMIT`,
    });
  }
}

/** golang-migrate's three steps, each its own transaction; a failure leaves the version dirty, as there. */
async function plain(worker: Worker, step: Step, analysis: Analysis | null): Promise<void> {
  const begun = worker.now();
  const row = await begin(worker, step, 'plain');
  const message = { text: step.file?.text ?? '', before: 0, offset: 0, tagsBefore: 0 };
  await attempt(worker, step, message, analysis);
  await attempt(
    worker,
    step,
    own(script.finish(worker.script, step, 'plain', row, worker.now() - begun)),
    analysis,
  );
}

async function resumable(worker: Worker, step: Step, analysis: Analysis | null): Promise<void> {
  const begun = worker.now();
  const text = step.file?.text ?? '';
  const ask: Ask = async (query) => (await attempt(worker, step, own(query), null, true)).sets[0] ?? [];
  // A file the grammar could not cut goes as one statement.
  const whole = {
    start: 0,
    end: text.length,
    line: 1,
    run: 'alone',
    session: false,
    concurrentIndex: null,
  } as const;
  const statements = analysis?.statements ?? [whole];
  const row = step.resume?.id ?? (await begin(worker, step, 'resumable'));
  const done = step.resume?.doneStatements.length ?? 0;
  for (const st of statements.slice(0, done)) {
    if (st.session) await attempt(worker, step, script.alone(text, st), analysis);
  }
  if (step.resume?.indexStatement != null) await dropLeftovers(worker, step, ask, step.resume.indexStatement);
  for (const [i, st] of statements.entries()) {
    if (i < done) continue;
    stopIfAborted(worker, step);
    const sum = statementChecksum(text.slice(st.start, st.end));
    announce(worker, step, i, statements);
    if (st.run === 'transaction') {
      await attempt(worker, step, script.together(worker.script, text, st, row, i, sum), analysis);
      continue;
    }
    const was = st.concurrentIndex === null ? null : await observe(ask, st.concurrentIndex);
    if (was !== null) await attempt(worker, step, own(script.noteIndexes(worker.script, row, was)), null);
    await attempt(worker, step, script.alone(text, st), analysis);
    const invalid = was === null ? null : await stillInvalid(ask, was);
    if (invalid !== null) throw leftInvalid(worker, step, invalid, st.line);
    await attempt(worker, step, own(script.progress(worker.script, row, i, sum)), analysis);
  }
  await attempt(
    worker,
    step,
    own(script.finish(worker.script, step, 'resumable', row, worker.now() - begun)),
    analysis,
  );
}

/** Marks the version dirty and opens the journal's row, whose id it returns. */
async function begin(worker: Worker, step: Step, mode: 'plain' | 'resumable'): Promise<bigint> {
  const reply = await attempt(worker, step, own(script.start(worker.script, step, mode)), null, true);
  return BigInt(reply.sets[0]?.[0]?.id ?? 0);
}

async function dropLeftovers(worker: Worker, step: Step, ask: Ask, was: IndexStatement): Promise<void> {
  for (const name of await leftovers(ask, was)) {
    await attempt(worker, step, own(`drop index concurrently ${name}`), null);
    const message = `dropped ${name}, which the interrupted statement had left INVALID`;
    const file = step.file?.path ?? null;
    worker.emit({
      kind: 'warning',
      warning: { reason: 'invalid_index_dropped', message, file, line: null, column: null },
    });
  }
}

function announce(
  worker: Worker,
  { migration, direction }: Step,
  i: number,
  all: readonly { line: number }[],
): void {
  const { id, name } = migration;
  worker.emit({
    kind: 'statement',
    id,
    name,
    direction,
    statement: i + 1,
    statements: all.length,
    line: all[i]?.line ?? 1,
  });
}

/** A message of our own, with nothing of the file in it. */
const own = (text: string): script.FileMessage => ({
  text,
  before: text.length,
  offset: 0,
  tagsBefore: 1_000,
});

/** Sends one message; a failure is rolled back and told in terms of the file. */
async function attempt(
  worker: Worker,
  step: Step,
  message: script.FileMessage,
  analysis: Analysis | null,
  rows = false,
): Promise<Reply> {
  try {
    return await run(worker, message.text, rows);
  } catch (e) {
    throw told(worker, await settle(worker, e), step, message, analysis);
  }
}

const CANCEL_AGAIN_MS = 300;

/** Waits for a message; on abort asks the server to stop it, again and again: a cancel can fall between two statements. */
async function run(worker: Worker, text: string, rows = false): Promise<Reply> {
  const { session, signal } = worker;
  const reply = rows ? session.query(text) : session.send(text);
  if (signal === undefined) return reply;
  const ended = new AbortController();
  const cancelling = cancelOnAbort(session, signal, ended.signal);
  try {
    return await reply;
  } finally {
    ended.abort();
    await cancelling;
  }
}

async function cancelOnAbort(session: Session, signal: AbortSignal, ended: AbortSignal): Promise<void> {
  const either = AbortSignal.any([signal, ended]);
  await new Promise<void>((resolve) => {
    if (either.aborted) resolve();
    else either.addEventListener('abort', () => resolve(), { once: true });
  });
  while (!ended.aborted) {
    await session.cancel();
    await pause(CANCEL_AGAIN_MS, ended);
  }
}

/** After any failed message: ROLLBACK. If even that fails, the session is gone. */
async function settle(worker: Worker, e: unknown): Promise<Failed> {
  if (!(e instanceof MessageFailed)) throw e;
  if (e.server === null) throw new SessionLost(e.message, { cause: e });
  try {
    await worker.session.send('rollback');
  } catch {
    throw new SessionLost(e.message, { cause: e });
  }
  return { server: e.server, completed: e.completed };
}

function told(
  worker: Worker,
  failed: Failed,
  step: Step,
  message: script.FileMessage,
  analysis: Analysis | null,
): MigrateError {
  const error = failure(worker.code, failed, step, message, analysis, worker.encoding);
  if (failed.server.code !== '57014' || worker.signal?.aborted !== true) return error;
  return new MigrateError(worker.code, 'cancelled', {
    ...error,
    operation: error.operation,
    message: error.message,
  });
}

/** Between two messages nothing runs, so there is nothing to cancel. */
export function stopIfAborted(worker: Pick<Worker, 'signal' | 'code'>, step: Step): void {
  if (worker.signal?.aborted !== true) return;
  throw new MigrateError(worker.code, 'cancelled', {
    operation: operationOf(step),
    message: 'cancelled before it was run',
  });
}

function leftInvalid(worker: Worker, step: Step, name: string, line: number): MigrateError {
  return new MigrateError(worker.code, 'invalid_index', {
    operation: operationOf(step),
    message: `the index ${name} is INVALID: an earlier build of it failed, and IF NOT EXISTS took it as it was`,
    location: { file: step.file?.path ?? '', line, column: 1 },
    hint: `\`drop index concurrently ${name}\`, then run \`task migrate\` again`,
  });
}
