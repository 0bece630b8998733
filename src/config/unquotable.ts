/** Texts that may not be quoted in a message, for a password may be in them. */

const URL_SHAPE = /:\/\//;
const CONNINFO_SHAPE = /(pass(word|wd|phrase)?|pwd)\s*=/i;
/** `app:secret@db/app`. A drive of Windows is one letter, and then comes a slash. */
const BARE_SHAPE = /^\s*(?![a-z]:[\\/])[^/\\\s:@]+:.*@/is;

/** What to call a text in the wrong place that may hold a password; null if it can be quoted. */
export function unquotable(text: string): string | null {
  if (URL_SHAPE.test(text)) return 'a URL';
  if (CONNINFO_SHAPE.test(text)) return 'a connection string';
  return BARE_SHAPE.test(text) ? 'a URL without its beginning' : null;
}

/** A text for a message: its beginning, or what it is. */
export const quotable = (text: string): string => unquotable(text) ?? JSON.stringify(text.slice(0, 100));
