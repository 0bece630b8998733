/** Where in a DO block its error was: the server says only the line, and of the block. */

import type { Statement } from '../migration.ts';

/** What comes before the block's text: the server counts its lines from there. */
const HEAD = /^do\b(?:\s|--[^\n]*\n|\/\*[\s\S]*?\*\/|language\s+(?:[\w"]+|'\w+'))*(?:\$[^\s$]*\$|e?')/i;

/**
 * The first character of that line as an index into `text`, or where the statement starts: they are the same line, it is no
 * DO block, or the error was not in its own lines. `where`: the server's context, the outermost call last, in whatever language.
 */
export function startIn(text: string, { start, end }: Pick<Statement, 'start' | 'end'>, where = ''): number {
  const line = Number(/inline_code_block\D*(\d+)[^\n]*$/.exec(where)?.[1] ?? 0);
  if (line === 0) return start;
  const head = HEAD.exec(text.slice(start, end))?.[0];
  if (head === undefined) return start;
  let at = start + head.length;
  for (let i = 1; i < line; i++) {
    const next = text.indexOf('\n', at) + 1;
    if (next === 0 || next > end) return start;
    at = next;
  }
  if (!text.slice(start, at).includes('\n')) return start;
  return at + (/^[^\S\n]*/.exec(text.slice(at, end))?.[0].length ?? 0);
}
