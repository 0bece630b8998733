/** The search_path that makes a schema a target: the same words whether a session starts with it or is set to it later. */

import { dollar, identifier, literal } from './quote.ts';

/** No schema at all: what is made without naming one fails (3F000), and lands nowhere. */
export const NOWHERE = '';

/** The value for one schema alone, quoted as in SQL. */
export const pathOf = (schema: string): string => identifier(schema);

/** As PGOPTIONS takes it, where blanks part the words. */
export const pathOption = (path: string): string => `-c search_path=${path.replaceAll(/[\\\s]/g, '\\$&')}`;

/** Sets it for the session, and returns no row. What a connection string says is not always what SET would understand. */
export const setPath = (path: string): string =>
  /^"(?:[^"]|"")+"$/.test(path)
    ? `set search_path to ${path}`
    : `do ${dollar(` begin perform pg_catalog.set_config('search_path', ${literal(path)}, false); end `)}`;

/** The first name of the list, as the server reads it (SplitIdentifierString); null where there is none. */
export function firstOf(path: string): string | null {
  const [, quoted, plain] = /^\s*(?:"((?:[^"]|"")+)"|([^\s",]+))/.exec(path) ?? [];
  if (quoted !== undefined) return quoted.replaceAll('""', '"');
  return plain === undefined ? null : plain.toLowerCase();
}

/**
 * A file that goes back to the search_path of the session's start: where sessions are shared, that is another one than
 * this file's target has. One that does it in words not foreseen here finds no schema, and fails.
 */
export const resetsPath = (sql: string): boolean =>
  /\breset\s+(all|search_path)\b|\bdiscard\s+all\b|\bsearch_path\s*(=|\bto\b)\s*default\b/i.test(sql);
