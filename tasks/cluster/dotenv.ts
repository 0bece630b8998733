import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { replaceFile } from './replace.ts';

const MARKER = '# rungs: the embedded server; `task db:start` updates the next line unless it was edited:';
const LINE = /^\s*(?:export\s+)?DATABASE_URL\s*=\s*(.*?)\s*$/;

/**
 * `written`: the file now names the server. `current`: it did already. `kept`: it names a database of the user's,
 * which is theirs to change. `failed`: it cannot be read or written.
 */
export type DotenvOutcome =
  | { readonly kind: 'written' | 'current' | 'kept' }
  | { readonly kind: 'failed'; readonly why: string };

/** Puts DATABASE_URL into a .env file, unless a line is there that we did not write. */
export async function rememberUrl(file: string, url: string): Promise<DotenvOutcome> {
  try {
    const old = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '';
      throw error;
    });
    const { kind, text } = withUrl(old, url);
    if (kind === 'written') await replaceFile(file, text, { mode: 0o600, likeFolder: true });
    return { kind };
  } catch (error) {
    return { kind: 'failed', why: error instanceof Error ? error.message : String(error) };
  }
}

/** The text of the file with the URL in it, and whether that is a change. */
export function withUrl(text: string, url: string): { kind: 'written' | 'current' | 'kept'; text: string } {
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const lines = text.split(/\r?\n/);
  const found = lines.flatMap((line, index) => {
    const value = LINE.exec(line)?.[1]?.replace(/^(['"])(.*)\1$/, '$2');
    return value === undefined ? [] : [{ index, state: stateOf(value, lines[index - 1], url) }];
  });
  // Readers of .env differ on which of two lines counts, so one line of the user's is enough to keep off.
  if (found.some(({ state }) => state === 'theirs')) return { kind: 'kept', text };
  const [first] = found;
  if (first && found.every(({ state }) => state === 'current')) return { kind: 'current', text };

  const entry = [markerFor(url), `DATABASE_URL=${url}`];
  if (!first) {
    const gap = text === '' || text.endsWith('\n') ? '' : eol;
    return { kind: 'written', text: `${text}${gap}${entry.join(eol)}${eol}` };
  }
  const replaced = lines.flatMap((line, index) => {
    if (index === first.index) return entry;
    const isOurs = found.some((line) => line.index === index) || line.startsWith(MARKER);
    return isOurs ? [] : [line];
  });
  return { kind: 'written', text: replaced.join(eol) };
}

/** A line that is as we wrote it, or that names our port, may be rewritten. Nothing else may. */
function stateOf(value: string, lineAbove: string | undefined, url: string): 'current' | 'ours' | 'theirs' {
  if (value === url) return 'current';
  if (lineAbove === markerFor(value)) return 'ours';
  if (!URL.canParse(value)) return 'theirs';
  const [old, now] = [new URL(value), new URL(url)];
  // 127.0.0.1 with its port: nobody else's server can be there while ours is.
  if (old.host !== now.host) return 'theirs';
  // A line that works already, say for another database on it, was edited for a reason.
  return old.username === now.username && old.password === now.password ? 'current' : 'ours';
}

/** Carries a digest of the value, so that a line edited under the marker is known for the user's own. */
function markerFor(value: string): string {
  return `${MARKER} ${createHash('sha256').update(value).digest('hex').slice(0, 12)}`;
}
