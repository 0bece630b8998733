/** Another session's query as it may be shown: its literals are none of our business, and may be passwords. */

/** A comment, a quoted name, a string, a dollar-quoted one; each may have lost its end, since the server cuts off long queries. */
const TOKENS =
  /--[^\n\r]*|\/\*(?:[\s\S]*\*\/|[\s\S]*)|("(?:[^"]|"")*"?)|'(?:[^']|'')*'?|\$([A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$(?:[\s\S]*?\$\2\$|[\s\S]*)/g;
/** With a backslash it depends on the session where a string ends: then all is one, up to the last quote. */
const TOKENS_WITH_BACKSLASH = new RegExp(
  TOKENS.source.replace(`'(?:[^']|'')*'?`, `'(?:[\\s\\S]*'|[\\s\\S]*)`),
  'g',
);
const LONGEST = 120;

/** One line, with `'…'` for each literal, and nothing of what stands behind PASSWORD. */
export function shown(query: string): string {
  const bare = query
    .replace(query.includes('\\') ? TOKENS_WITH_BACKSLASH : TOKENS, (token, name?: string) => {
      if (name !== undefined) return name;
      return token.startsWith('-') || token.startsWith('/') ? ' ' : "'…'";
    })
    .replace(/\b(password)\b[\s\S]*/i, '$1 …')
    .replace(/\s+/g, ' ')
    .trim();
  const points = [...bare];
  return points.length > LONGEST ? `${points.slice(0, LONGEST - 1).join('')}…` : bare;
}
