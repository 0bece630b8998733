/** The rows of a COPY on their way to the server: from memory, or from the file that they are still in. */

import { open } from 'node:fs/promises';
import { stampOf } from './large.ts';
import type { Cut, MigrationFile, Statement, Stretch } from './migration.ts';
import { RunningChecksum, statementChecksum } from './sql/checksum.ts';
import { dataOf, rowsIn } from './sql/cuts.ts';

const CHUNK = 256 << 10;

/** Each is good until the next is asked for. Throws where the file is not the one that was read. */
export async function* rowsOf({ content }: Cut): AsyncGenerator<Uint8Array> {
  if (typeof content !== 'string') yield* fromDisk(content);
  else {
    const bytes = Buffer.from(rowsIn(content));
    for (let at = 0; at < bytes.length; at += CHUNK) yield bytes.subarray(at, at + CHUNK);
  }
}

async function* fromDisk({ path, start, end, stamp }: Stretch): AsyncGenerator<Uint8Array> {
  const handle = await open(path);
  const refuseAnother = async () => {
    if (stampOf(await handle.stat({ bigint: true })) !== stamp) throw new Error(CHANGED);
  };
  try {
    await refuseAnother();
    const room = Buffer.allocUnsafe(CHUNK);
    for (let at = start; at < end; ) {
      const { bytesRead } = await handle.read(room, 0, Math.min(CHUNK, end - at), at);
      if (bytesRead === 0) throw new Error(CHANGED);
      yield room.subarray(0, bytesRead);
      at += bytesRead;
    }
    await refuseAnother();
  } finally {
    await handle.close();
  }
}

const CHANGED = 'the file was changed while it was being run';

/** Longer than anybody looks at. */
const LONGEST = 1 << 16;

/** The n-th line of a block, from 1, without its line break; null where the file is gone. */
export async function rowOf(cut: Cut, n: number): Promise<string | null> {
  const found: Buffer[] = [];
  let line = 1;
  try {
    for await (const chunk of rowsOf(cut)) {
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      let from = 0;
      for (; line < n && from < bytes.length; line++) {
        const lf = bytes.indexOf(0x0a, from);
        if (lf < 0) break;
        from = lf + 1;
      }
      if (line < n) continue;
      const lf = bytes.indexOf(0x0a, from);
      found.push(Buffer.from(bytes.subarray(from, lf < 0 ? bytes.length : lf)));
      if (lf >= 0 || Buffer.concat(found).length > LONGEST) break;
    }
  } catch {
    return null;
  }
  return Buffer.concat(found).toString().slice(0, LONGEST).replace(/\r$/, '');
}

/** What a statement that was run is known by: its text, and its rows if it has any. */
export async function sumOf(file: MigrationFile, st: Statement): Promise<string> {
  const text = file.text.slice(st.start, st.end);
  const blocks = dataOf(file, st);
  if (blocks.length === 0) return statementChecksum(text);
  const sum = new RunningChecksum();
  sum.update(Buffer.from(`${text.trim()}\n`));
  for (const block of blocks) for await (const rows of rowsOf(block)) sum.update(Buffer.from(rows));
  return sum.digest();
}
