/**
 * Where the server has standard_conforming_strings=off, a backslash in a plain string escapes what is behind it: to the
 * server a string may end elsewhere than to the grammar, and what stands behind the file could end up inside of it.
 */

import { Lexer } from './lexer.ts';

export const UNCONFORMING =
  "the server has standard_conforming_strings=off, and to it this statement ends elsewhere: a backslash in a plain string escapes the quote behind it. Write the string as E'…', with \\\\ for a backslash, or turn the setting on";

/** The UTF-16 index of the first statement that ends elsewhere then; null where none does. */
export function unconforming(text: string): number | null {
  if (!/\\/.test(text)) return null;
  // The semicolon is only seen where no string is open at the end.
  const whole = `${text}\n;`;
  const [usual, other] = [new Lexer(), new Lexer({ escapesEverywhere: true })].map((lexer) =>
    lexer.read(whole, 0),
  );
  const differs = usual?.findIndex((it, i) => it.at !== other?.[i]?.at) ?? -1;
  if (differs < 0) return usual?.length === other?.length ? null : 0;
  const first = usual?.[differs];
  return first?.kind === 'end' ? first.start : 0;
}
