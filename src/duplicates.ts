/** `onDuplicateObject: skip`: a statement that creates what is there already is left out, and the rest of its file runs. */

import { MigrateError } from './errors.ts';
import { type FileMessage, own } from './file-message.ts';
import * as messages from './messages.ts';
import type { Statement } from './migration.ts';
import { MessageFailed } from './pg/message.ts';
import { attempt, conclude, filesOf, type Running, send, settle, stopInside, told } from './send.ts';
import { spotIn } from './sql/cuts.ts';
import { withoutSecrets } from './sql/filled.ts';
import * as statement from './statement-messages.ts';

/** A column, a function, an object of any other kind, a schema, a relation: by PostgreSQL's appendix A, `duplicate_…`. */
const DUPLICATE = ['42701', '42723', '42710', '42P06', '42P07'];

/**
 * Whether the failure is one to leave out. What the grammar could not read is in one piece; and a repeatable without its
 * new view would count as run.
 */
export const isDuplicate = ({ worker, step, analysis }: Running, e: unknown): e is MigrateError =>
  worker.skipDuplicates &&
  step.file?.repeatable !== true &&
  analysis?.parsed === true &&
  e instanceof MigrateError &&
  e.reason !== 'hook' &&
  DUPLICATE.includes(e.sqlstate ?? '');

/** Says which one. */
export function leaveOut(r: Running, st: Statement, message: string): void {
  const { worker, step } = r;
  const { file } = step;
  if (file === null) return;
  const { line, column } = spotIn(file, st.start);
  worker.emit({
    kind: 'warning',
    warning: {
      reason: 'duplicate_object',
      message: withoutSecrets(filesOf(r), `statement left out: ${message}`),
      file: file.path,
      line,
      column,
    },
  });
}

/** Those that can create anything. */
const CREATES = /^(create|alter|do|call|select|with)\b/i;

/** An atomic file again, in one transaction as before, but statement by statement, each behind a savepoint. */
export async function withoutDuplicates(r: Running): Promise<void> {
  const { worker, step, analysis } = r;
  const { file } = step;
  if (file === null) return;
  await attempt(r, messages.beginning(worker.envelope, step, analysis));
  for (const st of analysis?.statements ?? []) {
    await stopInside(r);
    if (!CREATES.test(file.text.slice(st.start, st.end))) await attempt(r, statement.alone(file, st));
    else await unlessDuplicate(r, st, statement.behindSavepoint(file, st));
  }
  await stopInside(r);
  await conclude(r, messages.closing(worker.envelope, step, analysis));
}

async function unlessDuplicate(r: Running, st: Statement, message: FileMessage): Promise<void> {
  try {
    await send(r, message);
  } catch (e) {
    const server = e instanceof MessageFailed ? e.server : null;
    if (server === null || !DUPLICATE.includes(server.code)) {
      throw told(r, await settle(r.worker, e, message, filesOf(r)), message);
    }
    await attempt(r, own(statement.BACK_TO_SAVEPOINT));
    leaveOut(r, st, `${server.message} (SQLSTATE ${server.code})`);
  }
}
