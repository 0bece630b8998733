/** A failed message, told as the user's file sees it: which statement, which line and column, and what to do. */

import { cureOf } from './cures.ts';
import { type ErrorCode, type ErrorDetails, MigrateError } from './errors.ts';
import type { Blockage, Blocker } from './event.ts';
import type { FileMessage } from './file-message.ts';
import { RACED } from './ledger/journal.ts';
import { NO_SENTINEL } from './ledger/sentinel.ts';
import type { Analysis, MigrationFile, Mode, Step } from './migration.ts';
import type { Reason } from './reasons.ts';
import { blockedText, cureFor } from './report/blocked.ts';
import { type FailedRow, type Place, placeOfRow } from './row-failure.ts';
import { ELSEWHERE } from './sql/advisory.ts';
import { spotIn } from './sql/cuts.ts';
import { startIn } from './sql/do-block.ts';
import { correctValue, placeholderAt, withoutSecrets } from './sql/filled.ts';
import { serverOffset } from './sql/position.ts';
import { rightHint, type Who } from './sql/rights.ts';
import { discreet, furtherWords, type ServerError } from './sql/server-error.ts';
import { typeMeant } from './sql/type-names.ts';

export interface Failed {
  readonly server: ServerError;
  /** What the session has heard, and what the server may repeat. */
  readonly files: readonly MigrationFile[];
  readonly completed: readonly string[];
  readonly who: Who | null;
  readonly row: FailedRow | null;
  /** Why the rows of a COPY could not be sent, if it was that. */
  readonly noRows: Error | null;
  readonly blockage: Blockage | null;
  /** Each message takes the locks for itself, so a file can have one transaction only. */
  readonly isSingle: boolean;
}

/** The names of a step in messages: "apply migration 7". */
export const operationOf = (step: Step): string =>
  `${step.direction === 'up' ? 'apply' : 'revert'} migration ${step.migration.id}`;

export function failure(
  code: ErrorCode,
  heard: Failed,
  step: Step,
  message: FileMessage | null,
  analysis: Analysis | null,
  encoding: string,
  mode: Mode,
): MigrateError {
  const place = message === null ? null : locate(heard, step, message, analysis, encoding);
  const at = step.file === null ? null : { file: step.file, offset: place?.offset ?? null };
  const server = discreet(heard.server, heard.files, at);
  const failed = { ...heard, server };
  const statement =
    place === null ? (message?.text ?? '') : (innerStatement(server) ?? statementAt(place, step, analysis));
  const details: ErrorDetails = {
    operation:
      place === null && message !== null ? `record migration ${step.migration.id}` : operationOf(step),
    message: failed.noRows?.message ?? letGoText(failed) ?? server.message,
    sqlstate: failed.noRows === null ? server.code : null,
    details: [...blockedBy(failed), ...furtherWords(server)],
    location:
      place?.location ?? (step.file === null ? null : { file: step.file.path, line: null, column: null }),
    excerpt: place?.excerpt ?? null,
    cause: server,
  };
  const reason = letGoText(failed) === null ? reasonOf(server) : 'lock_timeout';
  return new MigrateError(
    code,
    reason,
    TELLING.includes(reason) ? details : { ...details, hint: next(failed, step, mode, place, statement) },
  );
}

/** What is to be done about them is the same wherever they come up. */
export const TELLING: readonly Reason[] = ['raced', 'sentinel', 'pooler'];

/** Its 57014 was our own doing. */
export function letGoText({ server, blockage }: Failed): string | null {
  if (blockage?.isLetGo !== true || server.code !== '57014') return null;
  return `cancelled, as ${blockage.queued} sessions waited behind it`;
}

const isBlocked = (failed: Failed): boolean => failed.server.code === '55P03' || letGoText(failed) !== null;

export function blockedBy(failed: Failed): readonly string[] {
  const { blockage } = failed;
  return blockage === null || !isBlocked(failed) ? [] : [`blocked by ${blockedText(blockage)}`];
}

/** The one to act on. */
export const blockerOf = (failed: Failed): Blocker | null =>
  (isBlocked(failed) ? failed.blockage?.blockers[0] : null) ?? null;

/** What to do about it, and the command that goes on from where this mode leaves off. */
function next(failed: Failed, step: Step, mode: Mode, place: Place | null, statement: string): string {
  const { server, files, who, noRows, isSingle } = failed;
  const { code } = server;
  const meant = code === '42704' ? typeAt(place) : null;
  const fix = meant === null ? fixFor(server, step, place) : `write ${meant}`;
  const blocker = blockerOf(failed);
  const known = blocker === null ? cureOf(code, step, isSingle) : cureFor(blocker);
  const servers =
    known ?? (code === '42501' ? withoutSecrets(files, rightHint(server, statement, who)) : fix);
  // Where its rows could not be had, the server’s 57014 is our own doing.
  const cure = noRows === null ? servers : 'let nobody write the file';
  const command = commandFor(step);
  if (mode === 'resumable') return `${cure}, and run ${command} again: it goes on at this statement`;
  if (mode === 'atomic') return `${cure}, and run ${command} again`;
  const { id, version } = step.migration;
  const before = step.from.version ?? 0n;
  // Only pairs have a version to force.
  const free = id === String(version) ? `task migrate:force -- ${before}` : 'rungs rollback';
  return `undo by hand what the file has committed, then \`${free}\`; ${cure}, and run ${command} again`;
}

/** What the server points at may be a value. */
function fixFor({ code, position }: ServerError, { file }: Step, place: Place | null): string {
  const at = position === undefined ? null : (place?.offset ?? null);
  const name = file === null || at === null ? null : placeholderAt(file, at);
  if (name === null) return 'fix the file';
  return code === '42601' ? correctValue(name) : `correct the value of \${${name}}, or the file`;
}

/** The text of the statement at the place; of the whole file where that is not known. */
function statementAt({ offset }: Place, { file }: Step, analysis: Analysis | null): string {
  const text = file?.text ?? '';
  const st = analysis?.statements.find((s) => offset !== null && s.start <= offset && offset <= s.end);
  return st === undefined ? text : text.slice(st.start, st.end);
}

/** Inside a function, what it was running is in the context. */
const innerStatement = ({ where }: ServerError): string | undefined =>
  /^SQL statement "([\s\S]*?)"$/m.exec(where ?? '')?.[1];

/** What goes on in the direction of the step. Not with the number that was typed: a part of that may be done. */
export const commandFor = ({ direction }: Pick<Step, 'direction'>): string =>
  direction === 'up' ? '`task migrate`' : '`task migrate:down`';

/** The type that was meant where an unknown one is. */
function typeAt(place: Place | null): string | null {
  if (place === null || place.excerpt === null || place.location.column === null) return null;
  return typeMeant([...place.excerpt].slice(place.location.column - 1).join(''));
}

export function reasonOf(server: ServerError): Reason {
  if (server.code === RACED) return 'raced';
  if (server.code === ELSEWHERE) return 'pooler';
  if (server.code === NO_SENTINEL) return 'sentinel';
  if (server.code === '42501') return 'permission';
  if (server.code === '25006') return 'read_only';
  if (server.code === '55P03') return 'lock_timeout';
  if (server.code === '40P01') return 'deadlock';
  return 'sql';
}

/** Null where the failure was in our own part of the message. */
function locate(
  { server, completed, row }: Failed,
  step: Step,
  message: FileMessage,
  analysis: Analysis | null,
  encoding: string,
): Place | null {
  const file = step.file;
  if (file === null) return null;
  if (row !== null) return placeOfRow(file, row);
  const offset = offsetOf(server, message, encoding);
  if (offset !== null) {
    if (offset < message.offset || offset > file.text.length) return null;
    const { line, column, excerpt } = spotIn(file, offset);
    return { location: { file: file.path, line, column }, excerpt, offset };
  }
  // No position (a violated constraint, an error inside a function): the tags say which statement it was.
  const index = completed.length - message.tagsBefore;
  const statements = analysis?.statements ?? [];
  const here =
    analysis === null || !analysis.parsed || isUnreadable(server, completed, message)
      ? undefined
      : statementAfter(completed, message, analysis);
  if (here === undefined) {
    // Behind the file's last statement comes `set constraints all immediate`: a deferred constraint of the file's.
    // And a message of which nothing was run is one that the server could not read: 22P05, a character that its
    // encoding does not have.
    const isUnread = completed.length === 0 && message.tagsBefore >= 0 && Number.isFinite(message.tagsBefore);
    // Behind a hook that the grammar could not read.
    const isUncounted = !Number.isFinite(message.tagsBefore) && message.before < message.text.length;
    const isFiles = isUnread || isUncounted || analysis?.parsed === false || index === statements.length;
    return isFiles
      ? { location: { file: file.path, line: null, column: null }, excerpt: null, offset: null }
      : null;
  }
  const start = startIn(file.text, here, server.where);
  const { line, column, excerpt } = spotIn(file, start);
  return { location: { file: file.path, line, column }, excerpt, offset: start };
}

/** The one that the tags have come to. */
function statementAfter(completed: readonly string[], message: FileMessage, analysis: Analysis) {
  const { offset, tagsBefore, statements: count = 1 } = message;
  const { statements, first = [] } = analysis;
  const index = completed.length - tagsBefore;
  if (offset > 0) {
    const begin = statements.findIndex((s) => s.start === offset);
    return statements[begin + Math.max(0, Math.min(index, count - 1))];
  }
  // Behind BEGIN come those that the analysis has taken to the front.
  return statements[index] ?? (index < 0 && Number.isFinite(index) ? first[completed.length - 1] : undefined);
}

/** Of several statements the server could read none: 22P05 and 22021 are of characters, 54001 is of nesting. */
const isUnreadable = (
  { code }: ServerError,
  completed: readonly string[],
  { statements = 1 }: FileMessage,
): boolean => statements > 1 && completed.length === 0 && ['22P05', '22021', '54001'].includes(code);

/** The server's position as an index into the file's text. */
function offsetOf(server: ServerError, message: FileMessage, encoding: string): number | null {
  const index = serverOffset(server.position, message.text, encoding);
  return index === null ? null : index - message.before + message.offset;
}
