/** Between a file's text with values in place of its placeholders and the file as it is written. */

import type { Analysis, Filling, MigrationFile, Problem } from '../migration.ts';
import { Lexer } from './lexer.ts';

/** The last one for which it holds; of ascending ones, where it holds up to one of them. */
function lastOf(fillings: readonly Filling[], holds: (filling: Filling) => boolean): Filling | undefined {
  let [low, high] = [0, fillings.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const filling = fillings[middle];
    if (filling !== undefined && holds(filling)) low = middle + 1;
    else high = middle;
  }
  return fillings[low - 1];
}

/** An index into the written text as one into the filled one; inside a placeholder, where its value begins. */
export function inFilled(fillings: readonly Filling[], offset: number): number {
  const last = lastOf(fillings, (f) => f.from <= offset);
  if (last === undefined) return offset;
  return offset < last.to ? last.start : last.end + offset - last.to;
}

/** The other way round; inside a value, where its placeholder begins. */
export function inWritten(fillings: readonly Filling[], offset: number): number {
  const last = lastOf(fillings, (f) => f.start <= offset);
  if (last === undefined) return offset;
  return offset < last.end ? last.from : last.to + offset - last.end;
}

/** The same of an index behind something, which a value's last blanks may follow. */
function endInWritten(fillings: readonly Filling[], offset: number): number {
  const last = lastOf(fillings, (f) => f.start < offset);
  return last !== undefined && offset < last.end ? last.to : inWritten(fillings, offset);
}

/** The placeholder in whose value an index of the text is. */
export function placeholderAt({ filled }: Pick<MigrationFile, 'filled'>, offset: number): string | null {
  const last = lastOf(filled?.fillings ?? [], (f) => f.start <= offset);
  return last !== undefined && offset < last.end ? last.name : null;
}

/** What to do where what is wrong with the SQL is a value. */
export const correctValue = (name: string): string =>
  `the value of \${${name}} breaks the SQL here (double a ' in it, for one); correct the value`;

/** How many lines of the values before an index are not the file's. */
export function linesFilledIn(
  { text, filled }: Pick<MigrationFile, 'text' | 'filled'>,
  offset: number,
): number {
  let lines = 0;
  for (const { start, end } of filled?.tall ?? []) {
    if (start >= offset) break;
    for (
      let lf = text.indexOf('\n', start);
      lf >= 0 && lf < Math.min(end, offset);
      lf = text.indexOf('\n', lf + 1)
    )
      lines++;
  }
  return lines;
}

/** A file, or what one is made of. */
type Filled = Pick<MigrationFile, 'text' | 'filled'>;

/** Where something was said to be; of a value there a part alone may be quoted. */
export interface SaidOf {
  readonly file: Filled;
  readonly offset: number | null;
}

/** What somebody else says of files, the server or the grammar, with the names of secret values in their place. */
export function withoutSecrets(files: readonly Filled[], words: string, at: SaidOf | null = null): string {
  const secrets = new Map<string, string>();
  let said = words;
  for (const file of files) {
    const offset = at?.file === file ? at.offset : null;
    for (const { name, start, end, isSecret } of file.filled?.fillings ?? []) {
      if (!isSecret) continue;
      const forms = formsOf(file.text.slice(start, end));
      for (const form of forms) secrets.set(form, `\${${name}}`);
      if (offset === null || offset < start || offset >= end) continue;
      said = said.replaceAll(/"([^"]+)"/g, (all, part) =>
        forms.some((form) => form.includes(folded(part))) ? `"\${${name}}"` : all,
      );
    }
  }
  return [...secrets]
    .sort(([a], [b]) => b.length - a.length)
    .reduce((all, [form, shown]) => struck(all, form, shown), said);
}

/** As the server lowers a name that stands without quotes; no longer and no shorter. */
const folded = (text: string): string => text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());

const ESCAPE = /''|""|\\(?:x([\da-f]{1,2})|([0-7]{1,3})|u([\da-f]{4})|U([\da-f]{8})|([\s\S]))/gi;
const CONTROL: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

/** What the server makes of a value, folded: of one in '…', in "…" and in E'…'. */
function formsOf(value: string): readonly string[] {
  const escaped = value.replaceAll(ESCAPE, (all, x, octal, u, U, plain) => {
    if (plain !== undefined) return CONTROL[plain] ?? plain;
    const code = octal === undefined ? Number.parseInt(x ?? u ?? U, 16) : Number.parseInt(octal, 8);
    return Number.isNaN(code) || code > 0x10ffff ? (all[0] ?? '') : String.fromCodePoint(code);
  });
  const forms = [value, value.replaceAll("''", "'"), value.replaceAll('""', '"'), escaped];
  // Of one or two letters every word would have a hole, and it could be told from what is missing.
  return forms.filter((form) => form.length > 2).map(folded);
}

/** So much of a value tells which one it is, where the server cuts it: a row's fields at 64 bytes, names at 63. */
const TELLING_LENGTH = 16;

function struck(words: string, form: string, shown: string): string {
  const low = folded(words);
  const head = form.slice(0, TELLING_LENGTH);
  let [said, from] = ['', 0];
  for (let at = low.indexOf(head); at >= 0; at = low.indexOf(head, Math.max(at + 1, from))) {
    let end = at + head.length;
    while (end - at < form.length && low[end] === form[end - at]) end++;
    if (end - at < form.length && !/^(?:\.\.\.|")/.test(low.slice(end, end + 3))) continue;
    said += words.slice(from, at) + shown;
    from = end;
  }
  return said + words.slice(from);
}

function analysisAt(
  analysis: Analysis,
  start: (offset: number) => number,
  end: (offset: number) => number,
): Analysis {
  const range = <T extends { readonly start: number; readonly end: number }>(r: T): T => ({
    ...r,
    start: start(r.start),
    end: end(r.end),
  });
  return {
    ...analysis,
    statements: analysis.statements.map(range),
    wrapper: analysis.wrapper.map(range),
    ...(analysis.first === undefined ? {} : { first: analysis.first.map(range) }),
    extensions: analysis.extensions.map((e) => ({ ...e, start: start(e.start) })),
  };
}

/** A build's analysis, which is of the written text, as one of the filled text. */
export function filledAnalysis(analysis: Analysis, { filled }: MigrationFile): Analysis {
  const move = (offset: number) => inFilled(filled?.fillings ?? [], offset);
  return analysisAt(analysis, move, move);
}

/** An analysis of the filled text for a build to keep. */
export function writtenAnalysis(analysis: Analysis, { filled }: MigrationFile): Analysis {
  const fillings = filled?.fillings ?? [];
  // With other values it says something else.
  const { meaning: _, ...kept } = analysis;
  return analysisAt(
    kept,
    (offset) => inWritten(fillings, offset),
    (offset) => endInWritten(fillings, offset),
  );
}

const all = ({ statements, wrapper, first = [] }: Analysis) => [...statements, ...wrapper, ...first];

/**
 * What of an analysis would not hold with other values, by which its file is still to be run: whether statements end
 * where they do in it is for each run's values (`unsettled`).
 */
export function undecided(analysis: Analysis, { path, filled }: MigrationFile): readonly Problem[] {
  const fillings = (filled?.fillings ?? []).filter(({ name }) => name !== null);
  const extensions = new Set(analysis.extensions.map((e) => e.start));
  return all(analysis).flatMap((st): readonly Problem[] => {
    const first = fillings.find((f) => f.end > st.start && f.start < st.end);
    if (first === undefined) return [];
    const isNamed = extensions.has(st.start) || ('concurrentIndex' in st && st.concurrentIndex !== null);
    const message = first.start <= st.start ? BEGINS : isNamed ? NAMES : null;
    return message === null ? [] : [{ reason: 'placeholder', message, file: path, offset: first.start }];
  });
}

const BEGINS =
  'in a build no statement can begin with a placeholder: how it is to be run is told by its first word';
const NAMES =
  'in a build no placeholder can be in CREATE EXTENSION or in a statement with CONCURRENTLY, whose names must be known: write the name itself';

/** What makes a value more than a part of a statement. */
const TELLING = /[;'"$\\]|--|\/\*/;

/** Whether the statements are where the analysis has them, by psql's rules: so a run needs no parser to know. */
export function unsettled(analysis: Analysis, { path, text, filled }: MigrationFile): readonly Problem[] {
  const lexer = new Lexer();
  const starts = lexer.read(text, 0).flatMap((found) => (found.kind === 'end' ? [found.start] : []));
  if (lexer.open !== null) starts.push(lexer.open.start);
  const known = all(analysis)
    .map((st) => st.start)
    .sort((a, b) => a - b);
  const isAsKnown =
    !analysis.parsed || (starts.length === known.length && starts.every((s, i) => s === known[i]));
  if (isAsKnown && lexer.inside === null) return [];
  const fillings = (filled?.fillings ?? []).filter((f) => f.name !== null);
  const telling = fillings.find(({ start, end }) => TELLING.test(text.slice(start, end)));
  const suspect = telling ?? fillings[0];
  const name = suspect?.name ?? '';
  const what =
    telling === undefined ? 'is such' : 'has a quote, a comment or a ; that ends what stands around it, so';
  const message = `the value of \${${name}} ${what} that the file’s statements end elsewhere than when it was built`;
  const next = `${correctValue(name)}, and run the same command again`;
  return [{ reason: 'placeholder', message, file: path, offset: suspect?.start ?? null, next }];
}
