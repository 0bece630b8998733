/**
 * The first two lines of what a bundle carries: the seal of all that follows, and what that is. `version --embedded`
 * reads no more.
 */

import type { Layout } from '../src/migration.ts';
import type { About, CarriedHooks } from '../tasks/_carried.ts';

export interface Head extends About {
  readonly layout: Layout;
  readonly origin: string;
  /** Absent where there are none. */
  readonly around?: CarriedHooks;
}

/** Of the first line. */
export interface Seal {
  /** How many bytes are behind that line. */
  readonly size: number;
  /** SHA-256 of the front and of those bytes. */
  readonly seal: string;
  /** How many of those bytes are the head and the migrations that it counts. */
  readonly list: number;
  /** `sumOf` them. */
  readonly sum: number;
}

export function sealIn(line: string): Seal | null {
  try {
    const { size, seal, list, sum }: Partial<Seal> = JSON.parse(line.slice(2));
    if (size === undefined || seal === undefined || list === undefined || sum === undefined) return null;
    return { size, seal, list, sum };
  } catch {
    return null;
  }
}

export interface Sealed {
  /** What comes before it. */
  readonly front: Buffer;
  readonly seal: Seal | null;
  /** What is behind its line. */
  readonly bytes: Buffer;
}

export function sealed(file: Buffer, start: number): Sealed {
  const end = file.indexOf('\n', start) + 1 || file.length;
  return {
    front: file.subarray(0, start),
    seal: sealIn(file.toString('latin1', start, end)),
    bytes: file.subarray(end),
  };
}

export const headIn = (bytes: Buffer): Head => JSON.parse(bytes.toString('latin1', 2, bytes.indexOf('\n')));

/** Null where it is not as it was built; the commands behind it, which have not been looked at, are not run. */
export function labelOf({ seal, bytes }: Sealed): About | null {
  if (seal?.size !== bytes.length || seal.sum !== sumOf(bytes.subarray(0, seal.list))) return null;
  const { origin, layout, around, ...about } = headIn(bytes);
  return about;
}

/** FNV-1a, four bytes at a time: for SHA-256 Node's crypto would be loaded, which takes as long as all the rest. */
export function sumOf(bytes: Uint8Array): number {
  const words = new Uint32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + (bytes.length & ~3)));
  const step = (sum: number, value: number) => Math.imul(sum ^ value, 0x01000193);
  let sum = 0x811c9dc5;
  for (const word of words) sum = step(sum, word);
  for (const byte of bytes.subarray(bytes.length & ~3)) sum = step(sum, byte);
  return sum >>> 0;
}
