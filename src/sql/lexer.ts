/**
 * Where statements end, by psql's rules (psqlscan.l) and not by a grammar: quotes, comments, parentheses and the bodies
 * of SQL-standard routines. It takes a line at a time, so that a file need not be held whole; test/unit/lexer.test.ts
 * compares its statements with the grammar's.
 */

export interface Ended {
  readonly kind: 'end';
  /** Of the semicolon; all indices are the caller's, in UTF-16 units. */
  readonly at: number;
  /** Of the statement's first token. */
  readonly start: number;
  /** It is a COPY ... FROM STDIN: its data begins on the next line. */
  readonly isCopy: boolean;
}

/** A backslash outside of quotes: psql takes the rest of the line as a command. */
export interface Command {
  readonly kind: 'command';
  readonly at: number;
}

/** A word, space, a dollar quote, a mark, or anything else. Letters are PostgreSQL's: all above ASCII are some. */
const TOKEN =
  /([A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)|([ \t\n\r\f\v]+|--[^\n\r]*)|(\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$)|(\/\*|['"();\\])|\d[\w.]*|[^\w\s'"();\\$/\-\u0080-\uffff]+|[\s\S]/y;
/** What has no meaning between a statement's first words and its end, unless its words have. */
const PLAIN = /[^'"();\\$/-]+/y;
const IN_A_WORD = /[\w$\u0080-\uffff]/;
const COMMENT_MARK = /\/\*|\*\//g;
const STRING_MARK = /['\\]/g;
const ROUTINE = /^create (or replace )?(function|procedure) /;

export class Lexer {
  /** What the text is inside of: what ends it, or null. `'\\` stands for a string with backslash escapes. */
  #inside: string | null = null;
  /** Of nested comments. */
  #depth = 0;
  #start = -1;
  #parens = 0;
  /** BEGIN ATOMIC, and each CASE inside, which has an END too. */
  #blocks = 0;
  /** The statement's first words, each with a space behind it; and the token before, if it was a word or a dot. */
  #head = '';
  #words = 0;
  #before = '';
  #isCopy = false;
  /** The rest of the statement's words mean nothing here: most of a large file is so, and goes by fast. */
  #isPlain = false;
  /** After an escape string's end: a quote on a later line goes on with it. */
  #continues: 'no' | 'here' | 'below' = 'no';
  #commentStart = 0;
  /** In plain strings too, as with standard_conforming_strings=off. */
  readonly #escapesEverywhere: boolean;
  readonly #passed: (from: number, to: number) => void;

  /** `passed`: called with each comment, and each mark that begins a dollar quote. */
  constructor({
    escapesEverywhere = false,
    passed = () => {},
  }: {
    readonly escapesEverywhere?: boolean;
    readonly passed?: (from: number, to: number) => void;
  } = {}) {
    this.#escapesEverywhere = escapesEverywhere;
    this.#passed = passed;
  }

  /** What the text is inside of; null: of nothing that could hide a semicolon. */
  get inside(): string | null {
    return this.#inside;
  }

  /** The statement that has begun and not ended. */
  get open(): { readonly start: number; readonly isCopy: boolean } | null {
    return this.#start < 0 ? null : { start: this.#start, isCopy: this.#isCopy };
  }

  /** `line`: with its line break; it need not be one line if none of psql's language is in it. `base`: its index. */
  read(line: string, base: number): readonly (Ended | Command)[] {
    const found: (Ended | Command)[] = [];
    let i = 0;
    while (i < line.length) {
      if (this.#inside !== null) {
        i = this.#leave(line, i, base, this.#inside);
        continue;
      }
      if (this.#isPlain && this.#continues === 'no') {
        const next = this.#pass(line, i);
        if (next > i) {
          i = next;
          continue;
        }
      }
      TOKEN.lastIndex = i;
      const [token = '', word, space, dollar, mark] = TOKEN.exec(line) ?? [];
      if (space?.startsWith('-') === true || dollar !== undefined) {
        this.#passed(base + i, base + i + token.length);
      }
      if (space !== undefined) {
        if (this.#continues === 'here' && /[\n\r]/.test(space)) this.#continues = 'below';
      } else if (mark === '/*') {
        [this.#inside, this.#depth, this.#continues] = ['*/', 1, 'no'];
        this.#commentStart = base + i;
      } else if (mark === '\\') {
        found.push({ kind: 'command', at: base + i });
        return found;
      } else if (mark === ';' && this.#parens === 0 && this.#blocks === 0) {
        if (this.#start >= 0)
          found.push({ kind: 'end', at: base + i, start: this.#start, isCopy: this.#isCopy });
        this.#reset();
      } else {
        if (this.#start < 0) this.#start = base + i;
        if (word !== undefined) this.#word(word.toLowerCase(), line[i + token.length]);
        else this.#other(token, dollar);
      }
      i += token.length;
    }
    return found;
  }

  /** The index of the next thing that needs a look; the same one where that is here. */
  #pass(line: string, from: number): number {
    PLAIN.lastIndex = from;
    const i = PLAIN.test(line) ? PLAIN.lastIndex : from;
    const c = line[i];
    if (c === '(') this.#parens++;
    else if (c === ')') this.#parens -= this.#parens > 0 ? 1 : 0;
    else if (c === "'") {
      const isEscape = /[eE]/.test(line[i - 1] ?? '') && !IN_A_WORD.test(line[i - 2] ?? '');
      this.#inside = (isEscape && i > from) || this.#escapesEverywhere ? "'\\" : "'";
    } else if (c !== '$' || !IN_A_WORD.test(line[i - 1] ?? '')) return i;
    return i + 1;
  }

  #word(word: string, next: string | undefined): void {
    this.#continues = 'no';
    // The quote itself comes next, and opens it.
    if (word === 'e' && next === "'") {
      this.#before = "e'";
      return;
    }
    if (this.#words < 4) this.#head += `${word} `;
    this.#words++;
    if (this.#words === 4) this.#isPlain = !this.#head.startsWith('copy ') && !ROUTINE.test(this.#head);
    if (this.#parens === 0) {
      if (/^std(in|out)$/.test(word) && this.#before === 'from' && this.#head.startsWith('copy '))
        this.#isCopy = true;
      if (word === 'atomic' && this.#before === 'begin' && ROUTINE.test(this.#head)) this.#blocks ||= 1;
      else if (this.#blocks > 0 && this.#before !== '.' && this.#before !== 'as') {
        if (word === 'case') this.#blocks++;
        if (word === 'end') this.#blocks--;
      }
    }
    this.#before = word;
  }

  #other(token: string, dollar: string | undefined): void {
    const isEscape = this.#escapesEverywhere || this.#before === "e'" || this.#continues === 'below';
    this.#continues = 'no';
    // What begins with anything but a word is no COPY and no CREATE.
    if (this.#words === 0) [this.#words, this.#isPlain] = [4, true];
    this.#before = token.endsWith('.') ? '.' : '';
    if (token === "'") this.#inside = isEscape ? "'\\" : "'";
    else if (token === '"' || dollar !== undefined) this.#inside = token;
    else if (token === '(') this.#parens++;
    else if (token === ')' && this.#parens > 0) this.#parens--;
  }

  /** The index after the end of what the text is inside of, or the line's. */
  #leave(line: string, from: number, base: number, inside: string): number {
    if (inside === '*/') return this.#leaveComment(line, from, base);
    if (inside === "'\\") return this.#leaveEscapes(line, from);
    const end = line.indexOf(inside, from);
    if (end < 0) return line.length;
    // A doubled quote is an end and a beginning, which comes to the same.
    this.#inside = null;
    return end + inside.length;
  }

  #leaveComment(line: string, from: number, base: number): number {
    COMMENT_MARK.lastIndex = from;
    for (let m = COMMENT_MARK.exec(line); m !== null; m = COMMENT_MARK.exec(line)) {
      this.#depth += m[0] === '/*' ? 1 : -1;
      if (this.#depth > 0) continue;
      this.#inside = null;
      this.#passed(this.#commentStart, base + COMMENT_MARK.lastIndex);
      return COMMENT_MARK.lastIndex;
    }
    return line.length;
  }

  #leaveEscapes(line: string, from: number): number {
    STRING_MARK.lastIndex = from;
    for (let m = STRING_MARK.exec(line); m !== null; m = STRING_MARK.exec(line)) {
      const next = m.index + 1;
      if (m[0] === '\\' || line[next] === "'") STRING_MARK.lastIndex = next + 1;
      else {
        this.#inside = null;
        this.#continues = 'here';
        return next;
      }
    }
    return line.length;
  }

  #reset(): void {
    this.#start = -1;
    this.#parens = 0;
    this.#blocks = 0;
    this.#head = '';
    this.#words = 0;
    this.#before = '';
    this.#isCopy = false;
    this.#isPlain = false;
    this.#continues = 'no';
  }
}
