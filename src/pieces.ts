/**
 * A large file in one transaction of several messages. The server reads all of a message before it runs any of it: of 20 MB
 * of INSERTs it holds a gigabyte.
 */

import type { FileMessage } from './file-message.ts';
import * as messages from './messages.ts';
import type { Analysis, MigrationFile } from './migration.ts';
import { attempt, conclude, type Running, stopInside } from './send.ts';
import * as statement from './statement-messages.ts';

/** In UTF-16 units. */
const LONGEST = 1_000_000;

/**
 * What says how the server is to read what follows: of one message all has been read before any of it is run. What pg_dump
 * writes is what is so anyway.
 */
const READING =
  /\bset\s+(session\s+|local\s+)?names\b|\b(client_encoding|standard_conforming_strings|backslash_quote)\b(?!\s*(=|to)\s*('utf-?8'|utf-?8\b|on\b|'on'))/i;

export const isLarge = ({ step: { file }, analysis }: Running): boolean =>
  analysis?.parsed === true && file !== null && file.text.length > LONGEST && !READING.test(file.text);

/** An atomic file, as it would be in one message. */
export async function inPieces(r: Running): Promise<void> {
  const { worker, step, analysis } = r;
  await attempt(r, messages.beginning(worker.envelope, step, analysis));
  if (step.file !== null && analysis !== null) {
    for (const piece of piecesOf(step.file, analysis)) {
      await stopInside(r);
      await attempt(r, piece);
    }
  }
  await stopInside(r);
  await conclude(r, messages.closing(worker.envelope, step, analysis));
}

/** As many whole statements as there is room for; a longer one by itself. */
function* piecesOf(file: MigrationFile, { statements, first: taken }: Analysis): Generator<FileMessage> {
  let first = 0;
  for (const i of statements.keys()) {
    const [from, next] = [statements[first], statements[i + 1]];
    if (from !== undefined && next !== undefined && next.end - from.start <= LONGEST) continue;
    yield statement.several(file, statements.slice(first, i + 1), taken);
    first = i + 1;
  }
}
