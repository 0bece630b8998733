/** Reads a file that is too large to be held: its SQL is kept, and of the data of its COPYs only where that is. */

import { isUtf8 } from 'node:buffer';
import { type FileHandle, open } from 'node:fs/promises';
import type { PsqlParts } from './migration.ts';
import { RunningChecksum } from './sql/checksum.ts';
import { decode, type EncodingFault } from './sql/decode.ts';
import { PsqlReader, SIGNS } from './sql/psql.ts';

export interface Large {
  readonly text: string;
  readonly psql: PsqlParts | null;
  readonly checksum: string;
}

const CHUNK = 1 << 20;
/** Of SQL that is looked at at once. */
const STRETCH = 256 << 10;
const LF = 0x0a;

/** Another after every write. */
export const stampOf = (file: Record<'ino' | 'size' | 'mtimeNs', bigint>): string =>
  `${file.ino} ${file.size} ${file.mtimeNs}`;

/** `size`: of the pieces that it is read in. */
export async function readLarge(path: string, size = CHUNK): Promise<Large | EncodingFault> {
  const handle = await open(path);
  try {
    const stamp = stampOf(await handle.stat({ bigint: true }));
    const reader = new LargeReader(path, stamp);
    for await (const chunk of chunksOf(handle, size)) {
      const fault = reader.take(chunk);
      if (fault !== null) return fault;
    }
    return reader.end();
  } finally {
    await handle.close();
  }
}

/** Whole lines; of a line that is longer than a chunk, whole characters. Each is good until the next is asked for. */
async function* chunksOf(handle: FileHandle, size: number): AsyncGenerator<Buffer> {
  let [room, other] = [Buffer.allocUnsafe(2 * size), Buffer.allocUnsafe(2 * size)];
  let { bytesRead: full } = await handle.read(room, 0, size, null);
  while (full > 0) {
    const line = room.lastIndexOf(LF, full - 1) + 1;
    const end = line > 0 ? line : full < size ? 0 : full - halfCharacter(room.subarray(full - 3, full));
    const held = room.copy(other, 0, end, full);
    // While this chunk is looked at, the next is read: a quarter of the time.
    const next = handle.read(other, held, size, null);
    // Who stops here for a bad byte does not wait for it.
    next.catch(() => {});
    if (end > 0) yield room.subarray(0, end);
    const { bytesRead } = await next;
    if (bytesRead === 0) {
      if (held > 0) yield other.subarray(0, held);
      return;
    }
    [room, other, full] = [other, room, held + bytesRead];
  }
}

/** How many of the last three bytes begin a character that they do not end. */
function halfCharacter(last: Buffer): number {
  const lead = last.findLastIndex((byte) => byte >= 0xc0);
  if (lead < 0) return 0;
  const byte = last[lead] ?? 0;
  const width = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
  const there = last.length - lead;
  return there < width ? there : 0;
}

class LargeReader {
  readonly #path: string;
  readonly #stamp: string;
  readonly #checksum = new RunningChecksum();
  readonly #psql = new PsqlReader();
  /** How many bytes and lines there were before this chunk. */
  #bytes = 0;
  #lines = 0;
  /** A line of SQL whose end is in a later chunk. */
  #half = '';
  /** Up to here the chunk is looked at line by line. */
  #byLine = 0;
  /** The block of data that has begun, and whether the next chunk begins with a line. */
  #data: { readonly start: number; lines: number } | null = null;
  #isLineStart = true;

  constructor(path: string, stamp: string) {
    this.#path = path;
    this.#stamp = stamp;
  }

  take(bytes: Buffer): EncodingFault | null {
    if (!isUtf8(bytes) || bytes.includes(0)) {
      const fault = decode(bytes, { bytes: this.#bytes, lines: this.#lines });
      return 'message' in fault ? fault : null;
    }
    const hasMark = this.#bytes === 0 && bytes.indexOf('\ufeff') === 0;
    this.#byLine = 0;
    let at = hasMark ? 3 : 0;
    this.#checksum.update(bytes.subarray(at));
    while (at < bytes.length) at = this.#psql.wantsData ? this.#rows(bytes, at) : this.#sql(bytes, at);
    this.#isLineStart = bytes.at(-1) === LF;
    this.#bytes += bytes.length;
    return null;
  }

  end(): Large {
    if (this.#half !== '') this.#psql.line(this.#half);
    return { ...this.#psql.end(), checksum: this.#checksum.digest() };
  }

  #sql(bytes: Buffer, at: number): number {
    return this.#plain(bytes, at) ?? this.#line(bytes, at);
  }

  /** Many lines at once, where nothing in them is psql's: each as a string of its own, 28 MB of them took 50 more. */
  #plain(bytes: Buffer, at: number): number | null {
    if (at < this.#byLine || this.#half !== '' || this.#psql.isInCopy) return null;
    const end = bytes.subarray(0, at + STRETCH).lastIndexOf(LF) + 1;
    if (end <= at) return null;
    const text = bytes.toString('utf8', at, end);
    if (SIGNS.test(text)) {
      this.#byLine = end;
      return null;
    }
    this.#psql.line(text);
    this.#lines += linesIn(bytes, at, end);
    return end;
  }

  #line(bytes: Buffer, at: number): number {
    const lf = bytes.indexOf(LF, at);
    const end = lf < 0 ? bytes.length : lf + 1;
    this.#half += bytes.toString('utf8', at, end);
    if (lf < 0) return end;
    this.#psql.line(this.#half);
    this.#half = '';
    this.#lines++;
    return end;
  }

  /** What of the chunk is rows of the block that is wanted, and the line that ends it. */
  #rows(bytes: Buffer, at: number): number {
    this.#data ??= { start: this.#bytes + at, lines: 0 };
    const mark = endMark(bytes, at, at > 0 || this.#isLineStart);
    const rows = linesIn(bytes, at, mark?.start ?? bytes.length);
    this.#lines += rows;
    this.#data.lines += rows;
    if (mark === null) return bytes.length;
    const { start, lines } = this.#data;
    const end = this.#bytes + mark.start;
    const last = bytes[mark.end - 1] === LF ? 1 : 0;
    this.#psql.data({ path: this.#path, start, end, stamp: this.#stamp }, lines + last);
    this.#lines += last;
    this.#data = null;
    return mark.end;
  }
}

/** A line that is `\.` alone. */
function endMark(
  bytes: Buffer,
  from: number,
  isLineStart: boolean,
): { readonly start: number; readonly end: number } | null {
  // Where a line does not begin here, it begins with the next.
  let at = isLineStart ? from : bytes.indexOf('\n\\.', from) + 1;
  while (isLineStart || at > 0) {
    const mark = /^\\\.\r?(\n|$)/.exec(bytes.toString('latin1', at, at + 4));
    if (mark !== null) return { start: at, end: at + mark[0].length };
    at = bytes.indexOf('\n\\.', at) + 1;
    if (at === 0) return null;
  }
  return null;
}

function linesIn(bytes: Buffer, from: number, to: number): number {
  let lines = 0;
  for (let lf = bytes.indexOf(LF, from); lf >= 0 && lf < to; lf = bytes.indexOf(LF, lf + 1)) lines++;
  return lines;
}
