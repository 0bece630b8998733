/** An error as three lines to grep and the rest to act on. */

import { CODES, type MigrateError } from '../errors.ts';
import type { MigrationRef, Report } from '../report.ts';
import { fromCodePoints } from '../sql/position.ts';

/** How the user speaks to us, for the commands in hints: `task`, or the command's name (`rungs`, a bundle's). */
export type Voice = string;

/** Hints are written as Taskfile targets; without Task the same is a command. */
export function inVoice(hint: string, voice: Voice): string {
  if (voice === 'task') return hint;
  return hint
    .replaceAll(
      /\btask (?:migrate:(\w+)|db:(backup|restore)|migrate\b)( --(?= ))?/g,
      (_all, verb?: string, dump?: string) => `${voice} ${verb ?? dump ?? 'up'}`,
    )
    .replaceAll(/(?<=`)rungs (?=--help|\w+ --help)/g, `${voice} `)
    .replaceAll('run `task db:start`', 'give `--database URL`');
}

/** `targets`: those of a fleet whose error it is. */
export function errorText(
  e: MigrateError,
  report: Report | null,
  voice: Voice,
  targets: readonly string[] = [],
): string {
  const state = e.sqlstate === null ? '' : ` (SQLSTATE ${e.sqlstate})`;
  const lines = [
    `${e.code}: ${CODES[e.code].title}`,
    ...(targets.length === 0 ? [] : [`  target: ${indented(targets.join(', '))}`]),
    `  operation: ${e.operation}`,
    `  error: ${indented(e.message)}${state}`,
    ...e.details.map((d) => `  ${indented(d)}`),
    ...(e.location === null ? [] : placeLines(e)),
    ...fateLine(report).map((line) => `  ${line}`),
    `  next: ${inVoice(e.hint, voice)}`,
  ];
  return printable(lines.join('\n'));
}

/** Files and servers can say anything; a terminal must not take it for commands. */
export const printable = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not reach a terminal
  text.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '\ufffd');

const indented = (text: string): string => text.replaceAll('\n', '\n    ');

function placeLines({ location, excerpt }: MigrateError): readonly string[] {
  if (location === null) return [];
  const { file, line, column } = location;
  if (line === null) return [`  at: ${file}`];
  const at = `  at: ${file}:${line}${column === null ? '' : `:${column}`}`;
  return excerpt === null || column === null ? [at] : [at, ...frame(line, column, excerpt)];
}

const WIDEST = 100;

/** The line with a caret under the column, cut to what a terminal shows. */
export function frame(line: number, column: number, excerpt: string): readonly string[] {
  // A line may have a hundred megabytes: what is taken apart is what can be shown of it, a half on either side.
  const start = fromCodePoints(excerpt, Math.max(0, column - 1 - WIDEST));
  const end = start + fromCodePoints(excerpt.slice(start, start + 6 * WIDEST), 2 * WIDEST + 1);
  const before = Math.min(column - 1, WIDEST);
  const points = [...excerpt.slice(start, end)];
  const from = Math.max(0, Math.min(before - WIDEST / 2, points.length - WIDEST));
  const shown = points.slice(from, from + WIDEST);
  const lead = start + from > 0 ? '…' : '';
  const tail = from + WIDEST < points.length || end < excerpt.length ? '…' : '';
  const number = String(line).padStart(7);
  const pad = shown.slice(0, before - from).map(blank);
  return [`${number} | ${lead}${shown.join('')}${tail}`, `${' '.repeat(7)} | ${lead && ' '}${pad.join('')}^`];
}

const NARROWEST = /[\p{Mark}\u200d]/u;
const WIDE =
  /[\p{Emoji_Presentation}\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]/u;

/** What takes as much room on a terminal as the character: so the caret lands under the text. */
const blank = (c: string): string => (c === '\t' ? '\t' : NARROWEST.test(c) ? '' : WIDE.test(c) ? '  ' : ' ');

const ids = (list: readonly MigrationRef[]): string => list.map((m) => m.id).join(', ');

const fateOf = ({ rolledBack }: NonNullable<Report['failed']>, { dirty }: Report): string =>
  rolledBack ? 'rolled back' : dirty ? 'half done (dirty)' : 'failed, and could not be looked up';

/** What became of each migration of the plan, where something did. */
export function fateLine(r: Report | null): readonly string[] {
  if (r === null) return [];
  const { applied, failed, notReached, unknown } = r;
  if (failed === null && unknown.length === 0 && applied.length === 0) return [];
  const verb = applied.some((s) => s.direction === 'down') ? 'reverted' : 'applied';
  const parts = [
    ...(applied.length > 0 ? [`${ids(applied)} (kept)`] : ['none']),
    ...(failed === null ? [] : [`${failed.id} ${fateOf(failed, r)}`]),
    ...(unknown.length > 0 ? [`unknown: ${ids(unknown)}`] : []),
    ...(notReached.length > 0 ? [`not reached: ${ids(notReached)}`] : []),
  ];
  return [`${verb}: ${parts.join('; ')}`];
}
