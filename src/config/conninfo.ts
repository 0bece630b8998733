/**
 * The `host=db user=app password='a b'` form of a connection string, as libpq reads it (fe-connect.c,
 * conninfo_parse; compared with libpq 15.18 on 100,000 random texts).
 */

import { nameable, urlError } from './url-error.ts';

export interface Conninfo {
  readonly pairs: readonly (readonly [key: string, value: string])[];
  /** The secret values with their quotes and backslashes, for redaction. */
  readonly writtenSecrets: readonly string[];
}

// The blanks of C's isspace, which knows fewer than \s.
const BLANK = '[ \\t\\n\\v\\f\\r]';
const NOT = (more: string) => `[^ \\t\\n\\v\\f\\r${more}]`;
const QUOTED = `'(?:[^'\\\\]|\\\\[^])*'`;
/** A backslash takes the next character as it is, a blank too; at the very end it is nothing. */
const BARE = `(?!'|${BLANK})(?:${NOT('\\\\')}|\\\\[^]?)*`;
const PAIR = new RegExp(`(${NOT('=')}*)${BLANK}*=${BLANK}*(${QUOTED}|${BARE})`, 'y');
const BLANKS = new RegExp(`${BLANK}*`, 'y');

/**
 * libpq's test for it is no URI, and an equals sign somewhere. But `app@db/app?sslmode=require` is a URI that lacks its
 * beginning, and no keyword has any of these characters.
 */
export const isConninfo = (text: string): boolean => /^[^=:/@?]*=/.test(text);

export function readConninfo(text: string): Conninfo {
  if (/[\0\p{Surrogate}]/u.test(text))
    throw urlError('the connection string holds a NUL or half a character');
  const values = new Map<string, string>();
  const writtenSecrets: string[] = [];
  for (let next = behind(BLANKS, text, 0); next < text.length; next = behind(BLANKS, text, next)) {
    PAIR.lastIndex = next;
    const match = PAIR.exec(text);
    if (match === null) throw broken(text.slice(next));
    next = PAIR.lastIndex;
    const [, key = '', written = ''] = match;
    const bare = written.startsWith("'") ? written.slice(1, -1) : written;
    const value = bare.replaceAll(/\\(.?)/gs, '$1');
    // libpq takes the last one; it may be the weaker sslmode.
    if ((values.get(key) ?? value) !== value)
      throw urlError(`${nameable(key)} is given twice with different values`);
    values.set(key, value);
    if (key.endsWith('password')) writtenSecrets.push(bare);
  }
  return { pairs: [...values], writtenSecrets };
}

function behind(pattern: RegExp, text: string, from: number): number {
  pattern.lastIndex = from;
  pattern.exec(text);
  return pattern.lastIndex;
}

/** Neither says where: the place may be in the middle of a password. */
const broken = (rest: string): Error =>
  new RegExp(`^${NOT('=')}*${BLANK}*=`).test(rest)
    ? urlError('a quoted value has no closing quote', "write ' in a value as \\' and \\ as \\\\")
    : urlError('a word has no = behind it', "put a value with blanks in it into quotes: key='a value'");
