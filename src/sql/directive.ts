import type { Mode } from '../migration.ts';
import { type Comment, comments } from './comments.ts';

/** What a file's leading `-- rungs:` comments ask for. */
export interface Directive {
  readonly mode: Mode | null;
  /** UTF-16 index of the word that names the mode. */
  readonly offset: number | null;
  readonly problems: readonly DirectiveFault[];
}

export interface DirectiveFault {
  readonly message: string;
  /** UTF-16 index of the word in question. */
  readonly offset: number;
}

const MODES: Readonly<Record<string, Mode>> = {
  'no-transaction': 'resumable',
  plain: 'plain',
  atomic: 'atomic',
};

/** The word for a mode, as it stands in a comment. */
export const wordOf = (mode: Mode): string => Object.keys(MODES).find((word) => MODES[word] === mode) ?? mode;

/** Reads the comments before the first statement, of either kind. */
export function directive(text: string): Directive {
  let mode: Mode | null = null;
  let offset: number | null = null;
  const problems: DirectiveFault[] = [];
  for (const word of directiveWords(text, 0)) {
    const asked = Object.hasOwn(MODES, word.text.toLowerCase()) ? MODES[word.text.toLowerCase()] : undefined;
    if (asked === undefined) {
      problems.push({ message: unknown(word.text), offset: word.offset });
    } else if (mode === null) {
      [mode, offset] = [asked, word.offset];
    } else if (mode !== asked) {
      const message = `\`-- rungs: ${wordOf(asked)}\` contradicts \`-- rungs: ${wordOf(mode)}\` before it`;
      problems.push({ message, offset: word.offset });
    }
  }
  return { mode, offset, problems };
}

/** A directive in a place where it does not count: among comments that begin at `from`, after a statement. */
export function misplaced(text: string, from: number): DirectiveFault | null {
  for (const { offset } of directiveWords(text, from)) {
    return { message: 'a `-- rungs:` comment counts only before the first statement', offset };
  }
  return null;
}

/** The words of all directives in the comments from `from` on; an empty one where a directive has none. */
function* directiveWords(text: string, from: number): Generator<Comment> {
  for (const comment of comments(text, from)) {
    // Of one line only: prose in a block comment may well begin with the tool's name.
    const match = /^[ \t]*rungs[ \t]*:([^\n\r]*)$/i.exec(comment.text);
    if (match === null) continue;
    const said = match[1] ?? '';
    const start = comment.offset + match[0].length - said.length;
    const words = [...said.matchAll(/[^\s,]+/g)];
    if (words.length === 0) yield { text: '', offset: start };
    for (const word of words) yield { text: word[0], offset: start + word.index };
  }
}

function unknown(word: string): string {
  const near = nearest(word.toLowerCase());
  const known = Object.keys(MODES).join(', ');
  if (word === '') return `a \`-- rungs:\` comment needs one of: ${known}`;
  return `unknown word "${word}" in a \`-- rungs:\` comment; ${near === null ? `known are ${known}` : `did you mean ${near}?`}`;
}

/** The words begin differently, so that what a typed one begins with tells which was meant: no_tx, plane, atomc. */
function nearest(typed: string): string | null {
  const letters = typed.replace(/[^a-z]/g, '');
  return letters.length < 2
    ? null
    : (Object.keys(MODES).find((word) => word.startsWith(letters.slice(0, 2))) ?? null);
}
