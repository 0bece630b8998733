import { isUtf8 } from 'node:buffer';
import { at } from './position.ts';

export interface EncodingFault {
  readonly message: string;
  /** Of the first bad byte, from 0; null where the file as a whole is in another encoding. */
  readonly byte: number | null;
}

/** What of a file came before the bytes in question. */
interface Before {
  readonly bytes: number;
  readonly lines: number;
}

/** A file's bytes as text, without byte order mark; or why they cannot be a migration. */
export function decode(
  bytes: Uint8Array,
  before: Before = { bytes: 0, lines: 0 },
): { readonly text: string } | EncodingFault {
  const isStart = before.bytes === 0;
  if (isStart && isUtf16(bytes)) {
    return { message: 'the file is UTF-16; PostgreSQL and rungs read UTF-8', byte: null };
  }
  const hasMark = isStart && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).subarray(hasMark ? 3 : 0);
  const text = body.toString('utf8');
  const skipped = { ...before, bytes: before.bytes + bytes.length - body.length };
  if (!isUtf8(body)) return badByte(body, text, skipped);
  // The grammar reads up to a NUL only and the server refuses it: what comes after it would go unseen.
  const nul = text.indexOf('\0');
  if (nul < 0) return { text };
  const { line, column } = at(text, nul);
  return {
    message: `there is a NUL byte at line ${line + before.lines}, column ${column}`,
    byte: Buffer.byteLength(text.slice(0, nul)) + skipped.bytes,
  };
}

/** By its byte order mark, or by every other byte of the first two characters, which are ASCII in SQL, being NUL. */
function isUtf16(bytes: Uint8Array): boolean {
  const [a, b, c, d] = bytes;
  if ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff)) return true;
  if (d === undefined) return false;
  return a === 0 && c === 0 ? b !== 0 && d !== 0 : a !== 0 && c !== 0 && b === 0 && d === 0;
}

const REPLACEMENT = '\ufffd';

/** Decoding puts U+FFFD where bytes are wrong: the first one that is not in the file itself shows the place. */
function badByte(body: Buffer, text: string, skipped: Before): EncodingFault {
  let byte = 0;
  let from = 0;
  let bad = text.indexOf(REPLACEMENT);
  for (; bad >= 0; bad = text.indexOf(REPLACEMENT, from)) {
    byte += Buffer.byteLength(text.slice(from, bad));
    if (body.toString('latin1', byte, byte + 3) !== '\xef\xbf\xbd') break;
    byte += 3;
    from = bad + 1;
  }
  const { line, column } = at(text, bad);
  const value = (body[byte] ?? 0).toString(16).padStart(2, '0').toUpperCase();
  return {
    message: `not UTF-8: the byte 0x${value} at line ${line + skipped.lines}, column ${column} (byte offset ${byte + skipped.bytes})`,
    byte: byte + skipped.bytes,
  };
}
