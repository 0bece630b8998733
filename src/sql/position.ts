/**
 * Places in a text. The server counts code points (bytes, if its encoding is SQL_ASCII), the grammar bytes,
 * JavaScript UTF-16 units, people lines and columns. Nothing here builds an array of a text that may have megabytes.
 */

export interface Spot {
  /** From 1. */
  readonly line: number;
  /** From 1, in code points: a tab, an emoji and a combining mark are one each, as for psql. */
  readonly column: number;
  /** The whole line, without its line break. */
  readonly excerpt: string;
}

/**
 * The place of a UTF-16 index; past the end it is the end. Lines end at LF, as for `psql -f`, Git and golang-migrate,
 * and the CR of a CRLF is in no column. A lone CR is a character like others: old Mac files have one long line.
 */
export function at(text: string, offset: number): Spot {
  const index = Math.max(0, Math.min(offset, text.length));
  const start = index === 0 ? 0 : text.lastIndexOf('\n', index - 1) + 1;
  const lf = text.indexOf('\n', index);
  const stop = lf < 0 ? text.length : lf;
  const end = lf > start && text[lf - 1] === '\r' ? lf - 1 : stop;
  return {
    line: lineAt(text, start),
    column: codePoints(text, start, Math.min(index, end)) + 1,
    excerpt: text.slice(start, end),
  };
}

function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let lf = text.indexOf('\n'); lf >= 0 && lf < offset; lf = text.indexOf('\n', lf + 1)) line++;
  return line;
}

/** Is there half of a character before `i`, and the other half at it? */
const insidePair = (text: string, i: number): boolean =>
  isLow(text.charCodeAt(i)) && isHigh(text.charCodeAt(i - 1));

// NaN, which charCodeAt gives outside of the text, is neither.
const isHigh = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;
const isLow = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff;

function codePoints(text: string, from: number, to: number): number {
  let n = 0;
  for (let i = from; i < to; i++) if (!insidePair(text, i)) n++;
  // An index between two halves is the character's own.
  return insidePair(text, to) ? n - 1 : n;
}

/** The index of the code point that has `n` others before it. The server's positions count from 1: give one less. */
export function fromCodePoints(text: string, n: number): number {
  let i = 0;
  for (let left = n; left > 0 && i < text.length; left--) i += insidePair(text, i + 1) ? 2 : 1;
  return i;
}

/** The index of the character that holds the UTF-8 byte with `n` others before it. */
export const fromBytes = (text: string, n: number): number => byteWalk(text)(n).offset;

/** The server's position in a message as an index into it. A SQL_ASCII server does not know characters and counts bytes. */
export function serverOffset(position: string | undefined, text: string, encoding: string): number | null {
  if (position === undefined) return null;
  const count = Number(position) - 1;
  return encoding === 'SQL_ASCII' ? fromBytes(text, count) : fromCodePoints(text, count);
}

/** Turns ascending byte offsets into indices and lines: one pass over the text for all of them. */
export function byteWalk(text: string): (byte: number) => { readonly offset: number; readonly line: number } {
  let offset = 0;
  let bytes = 0;
  let line = 1;
  return (byte) => {
    while (bytes < byte && offset < text.length) {
      const unit = text.charCodeAt(offset);
      const isPair = isHigh(unit) && isLow(text.charCodeAt(offset + 1));
      const width = unit < 0x80 ? 1 : unit < 0x800 ? 2 : isPair ? 4 : 3;
      if (bytes + width > byte) break;
      if (unit === 0x0a) line++;
      bytes += width;
      offset += isPair ? 2 : 1;
    }
    return { offset, line };
  };
}
