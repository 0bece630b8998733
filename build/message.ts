/** A finding as esbuild tells it: line from 1, column from 0 and in UTF-8 bytes, with the line's text. */

import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { PartialMessage } from 'esbuild';
import type { MigrationFile } from '../src/migration.ts';
import { spotIn } from '../src/sql/cuts.ts';
import { decode } from '../src/sql/decode.ts';
import type { Finding } from './survey.ts';

/** `files`: by path, of what could be read; `folder`: where the files really are. */
export function messageOf(
  { message, file, offset, reason }: Finding,
  files: ReadonlyMap<string, MigrationFile>,
  folder: string,
): PartialMessage {
  const found = files.get(file);
  const place =
    reason === 'encoding'
      ? badByte(join(folder, basename(file)))
      : found === undefined || offset === null
        ? {}
        : inText(found, offset);
  return { text: message, location: { file, ...place } };
}

interface Place {
  readonly line?: number;
  readonly column?: number;
  readonly lineText?: string;
}

function inText(file: MigrationFile, offset: number): Place {
  const { line, column, excerpt } = spotIn(file, offset);
  const before = [...excerpt].slice(0, column - 1).join('');
  return { line, column: Buffer.byteLength(before), lineText: excerpt };
}

/** What cannot be decoded has no text to look in. */
function badByte(path: string): Place {
  try {
    const bytes = readFileSync(path);
    const fault = decode(bytes);
    if ('text' in fault || fault.byte === null) return {};
    const before = bytes.subarray(0, fault.byte);
    const start = before.lastIndexOf(0x0a) + 1;
    const lf = bytes.indexOf(0x0a, fault.byte);
    return {
      line: before.filter((byte) => byte === 0x0a).length + 1,
      column: fault.byte - start,
      lineText: bytes.toString('utf8', start, lf < 0 ? bytes.length : lf),
    };
  } catch {
    return {};
  }
}
