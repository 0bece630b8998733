/** A message to the server, and where in it are texts of the user's: a failure is told by their lines. */

import type { SqlHook } from './hook.ts';
import type { Cut } from './migration.ts';

/** Where in a message a hook's text is. */
export interface HookPart {
  readonly hook: SqlHook;
  /** UTF-16 length of what stands before it. */
  readonly before: number;
  /** How many tags come before its first statement. */
  readonly tagsBefore: number;
}

/** A message with the file, or a part of it, inside. */
export interface FileMessage {
  readonly text: string;
  /** UTF-16 length of what stands before the file's text. */
  readonly before: number;
  /** Where the text begins in the file (a statement of a resumable file), else 0. */
  readonly offset: number;
  /** How many of the file's are in it, from there on; absent: one, or all where it begins at 0. */
  readonly statements?: number;
  /** How many tags come before the file's first statement. */
  readonly tagsBefore: number;
  /** The rows of its COPYs, in their order. */
  readonly data: readonly Cut[];
  /** The hooks in it. */
  readonly hooks?: readonly HookPart[];
}

/** With nothing of the file in it: an error in it is not at a place in the file. */
export const own = (text: string, hooks: readonly HookPart[] = []): FileMessage => ({
  text,
  before: text.length,
  offset: 0,
  tagsBefore: Number.POSITIVE_INFINITY,
  data: [],
  hooks,
});
