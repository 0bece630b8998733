/** A file whose statements cannot share a transaction: one by one, with their progress recorded, and continued. */

import { untilUnblocked } from './again.ts';
import { isDuplicate, leaveOut } from './duplicates.ts';
import { MigrateError } from './errors.ts';
import { warn } from './event.ts';
import { commandFor, operationOf } from './failure.ts';
import { own } from './file-message.ts';
import { type Ask, isBuilt, leftovers, observe, stillInvalid } from './indexes.ts';
import * as messages from './messages.ts';
import type { MigrationFile, Statement } from './migration.ts';
import { opened } from './opened.ts';
import type { IndexStatement } from './recorded.ts';
import { sumOf } from './rows.ts';
import { attempt, conclude, type Running, stopIfAborted } from './send.ts';
import * as statement from './statement-messages.ts';

export async function resumable(r: Running): Promise<void> {
  const { worker, step } = r;
  const begun = worker.now();
  const row = step.resume?.id ?? (await untilUnblocked(r, (again) => opened(again, 'resumable')));
  // The file that is begun has it with that.
  if (step.resume !== null && worker.envelope.statementLockMs > 0)
    await attempt(r, own(messages.limited(worker.envelope)));
  if (step.resume !== null) await setAgain(r);
  if (step.file !== null) await runStatements(r, step.file, row);
  await untilUnblocked(r, (again) =>
    conclude(again, messages.finish(worker.envelope, step, 'resumable', row, worker.now() - begun)),
  );
}

/** beforeEach has been done with the first part; its settings went with the session. */
async function setAgain(r: Running): Promise<void> {
  for (const hook of r.worker.envelope.hooks.before) {
    for (const [i, { start, end, session }] of hook.analysis.statements.entries()) {
      const part = { hook, before: -start, tagsBefore: -i };
      if (session) await attempt(r, own(hook.file.text.slice(start, end), [part]));
    }
  }
}

async function runStatements(r: Running, file: MigrationFile, row: bigint): Promise<void> {
  const { worker, step, analysis } = r;
  const statements = analysis?.statements ?? [];
  const done = step.resume?.doneStatements.length ?? 0;
  for (const st of statements.slice(0, done)) {
    // The session that had made these settings is gone.
    if (st.session) await attempt(r, statement.alone(file, st));
  }
  const interrupted = step.resume?.indexStatement ?? null;
  if (interrupted !== null) await dropLeftovers(r, interrupted, isLimited(r, statements.slice(0, done)));
  for (const [i, st] of statements.entries()) {
    if (i < done) continue;
    stopIfAborted(worker, step);
    announce(r, i, statements);
    const sum = await sumOf(file, st);
    const isFreed = st.patient && isLimited(r, statements.slice(0, i));
    const progress = [
      statement.progress(worker.envelope, row, i, sum),
      ...(isFreed ? [messages.limited(worker.envelope)] : []),
    ].join('; ');
    if (i === done && interrupted !== null && (await isBuilt(ask(r), interrupted, sum))) {
      await attempt(r, own(progress));
    } else {
      try {
        if (st.run === 'transaction') {
          const message = statement.together(worker.envelope, file, st, row, i, sum);
          await untilUnblocked(r, async (again) => void (await attempt(again, message)));
          continue;
        }
        await runAlone(r, file, row, st, sum, isFreed);
      } catch (e) {
        if (!isDuplicate(r, e)) throw e;
        leaveOut(r, st, `${e.message} (SQLSTATE ${e.sqlstate})`);
      }
      await attempt(r, own(progress));
    }
  }
}

const ask =
  (r: Running): Ask =>
  async (query) =>
    (await attempt(r, own(query), true)).sets[0] ?? [];

async function runAlone(
  r: Running,
  file: MigrationFile,
  row: bigint,
  st: Statement,
  sum: string,
  isFreed: boolean,
): Promise<void> {
  const was = st.concurrentIndex === null ? null : await observe(ask(r), st.concurrentIndex, sum);
  const before = [
    ...(was === null ? [] : [statement.noteIndexes(r.worker.envelope, row, was)]),
    ...(isFreed ? [messages.UNLIMITED] : []),
  ];
  if (before.length > 0) await attempt(r, own(before.join('; ')));
  await attempt(r, statement.alone(file, st));
  const invalid = was === null ? null : await stillInvalid(ask(r), was);
  if (invalid !== null) throw leftInvalid(r, invalid, st.line);
}

/**
 * Whether our lock_timeout counts, which one that the file or beforeEach sets for the session ends. It does not for what waits in nobody's way: an index build
 * that gave up would leave an INVALID index, and have to begin again.
 */
const isLimited = (r: Running, before: readonly Statement[]): boolean =>
  r.worker.envelope.statementLockMs > 0 &&
  !r.worker.envelope.hooks.before.some((h) => h.analysis.statements.some((st) => st.limits)) &&
  !before.some((st) => st.limits);

async function dropLeftovers(r: Running, was: IndexStatement, isOurs: boolean): Promise<void> {
  if (isOurs) await attempt(r, own(messages.UNLIMITED));
  for (const name of await leftovers(ask(r), was)) {
    await attempt(r, own(`drop index concurrently ${name}`));
    const message = `dropped ${name}, which the interrupted statement had left INVALID`;
    const file = r.step.file?.path ?? null;
    warn(r.worker.emit, 'invalid_index_dropped', message, file);
  }
  if (isOurs) await attempt(r, own(messages.limited(r.worker.envelope)));
}

function announce({ worker, step }: Running, i: number, all: readonly Statement[]): void {
  const { id, name } = step.migration;
  worker.emit({
    kind: 'statement',
    id,
    name,
    direction: step.direction,
    statement: i + 1,
    statements: all.length,
    line: all[i]?.line ?? 1,
  });
}

function leftInvalid({ worker, step }: Running, name: string, line: number): MigrateError {
  return new MigrateError(worker.code, 'invalid_index', {
    operation: operationOf(step),
    message: `the index ${name} is INVALID: an earlier build of it failed, and IF NOT EXISTS took it as it was`,
    location: { file: step.file?.path ?? '', line, column: 1 },
    hint: `\`drop index concurrently ${name}\`, then run ${commandFor(step)} again`,
  });
}
