/** Takes a file apart into what is for the server and what is for psql, a line at a time. */

import type { Cut, PsqlParts, Stretch } from '../migration.ts';
import { Lexer } from './lexer.ts';
import { refusal } from './meta-command.ts';

/** What can only be psql's, or hides what is: a file with none of it need not be looked through. */
export const SIGNS = /\\|\bstd(?:in|out)\b/i;

export interface Apart {
  readonly text: string;
  readonly psql: PsqlParts | null;
}

/** Of a whole file. */
export function takeApart(whole: string): Apart {
  if (!SIGNS.test(whole)) return { text: whole, psql: null };
  const reader = new PsqlReader();
  let i = 0;
  while (i < whole.length) {
    if (reader.wantsData) {
      const end = endOfData(whole, i);
      if (end === null) break;
      const data = whole.slice(i, end);
      reader.data(data, data.split('\n').length - 1);
      i = end;
    } else {
      const lf = whole.indexOf('\n', i);
      const end = lf < 0 ? whole.length : lf + 1;
      reader.line(whole.slice(i, end));
      i = end;
    }
  }
  return reader.end();
}

/** The index after the line that is `\.` alone; null where there is none. */
function endOfData(text: string, from: number): number | null {
  for (let i = from; ; i = text.indexOf('\n\\.', i) + 1) {
    END.lastIndex = i;
    if (END.test(text)) return END.lastIndex;
    if (text.indexOf('\n\\.', i) < 0) return null;
  }
}

const END = /\\\.\r?(?:\n|$)/y;

/** What the file itself is read by: lines of SQL, and blocks of data wherever it wants them. */
export class PsqlReader {
  readonly #lexer = new Lexer();
  readonly #pieces: string[] = [];
  readonly #cuts: Cut[] = [];
  readonly #refused: { message: string; offset: number }[] = [];
  /** Where the COPYs begin whose data comes next, in their order. */
  readonly #copies: { readonly start: number; readonly line: number }[] = [];
  #length = 0;
  #line = 1;
  #statementLine = 1;

  /** A COPY ... FROM STDIN stands on the line before, and its data comes now. */
  get wantsData(): boolean {
    return this.#copies.length > 0;
  }

  /** A COPY ... FROM STDIN has begun, and any line may be its last. */
  get isInCopy(): boolean {
    return this.#lexer.open?.isCopy === true;
  }

  /** A line of SQL with its line break; the last may have none. Outside of a COPY, several at once if none has a sign. */
  line(line: string): void {
    let kept = line;
    for (const found of this.#lexer.read(line, this.#length)) {
      if (found.kind === 'command') kept = this.#command(line, found.at - this.#length);
      else if (found.isCopy) {
        const line = found.start < this.#length ? this.#statementLine : this.#line;
        this.#copies.push({ start: found.start, line });
      }
    }
    const begun = (this.#lexer.open?.start ?? -1) - this.#length;
    if (begun >= 0) this.#statementLine = this.#line + linesIn(line, begun);
    this.#pieces.push(kept);
    this.#length += kept.length;
    this.#line += linesIn(line, line.length);
  }

  /** The block up to and with the line that ends it, which `lines` counts too. */
  data(content: string | Stretch, lines: number): void {
    const copy = this.#copies.shift();
    this.#cuts.push({ at: this.#length, line: this.#line, lines, copy: copy?.start ?? 0, content });
    this.#line += lines;
  }

  /** The file is over. */
  end(): Apart {
    for (const { start, line } of this.#copies) this.#refuse(start, endless(line));
    const { open } = this.#lexer;
    if (open?.isCopy === true) this.#refuse(open.start, dataless(this.#statementLine));
    const [cuts, refused] = [this.#cuts, this.#refused];
    const psql = cuts.length === 0 && refused.length === 0 ? null : { cuts, refused };
    return { text: this.#pieces.join(''), psql };
  }

  /** What is left of the line: a command that is refused stays, for the error to show it. */
  #command(line: string, at: number): string {
    const end = /\r?\n?$/.exec(line)?.index ?? line.length;
    const content = line.slice(at, end);
    const why = refusal(content);
    if (why !== null) {
      this.#refuse(this.#length + at, why);
      return line;
    }
    this.#cuts.push({ at: this.#length + at, line: this.#line, lines: 0, copy: null, content });
    return line.slice(0, at) + line.slice(end);
  }

  #refuse(offset: number, message: string): void {
    this.#refused.push({ message, offset });
  }
}

function linesIn(text: string, end: number): number {
  let lines = 0;
  for (let lf = text.indexOf('\n'); lf >= 0 && lf < end; lf = text.indexOf('\n', lf + 1)) lines++;
  return lines;
}

/** A file that was cut off looks the same, so psql's rule that the file's end is the data's is not kept. */
const endless = (line: number): string =>
  `the data of COPY ... FROM stdin at line ${line} has no end: \`\\.\` on a line of its own is missing`;

const dataless = (line: number): string =>
  `COPY ... FROM stdin at line ${line} has no data: end it with \`;\`, and write the rows below it, and \`\\.\` on a line of its own behind them`;
