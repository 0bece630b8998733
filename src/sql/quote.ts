/** Text as SQL. Always quoted: which words need it differs between server versions (18 reserves `system_user`). */

export function identifier(name: string): string {
  // PostgreSQL knows no empty name ("zero-length delimited identifier").
  if (name === '') throw new RangeError('an SQL identifier cannot be empty');
  return `"${withoutNul(name).replaceAll('"', '""')}"`;
}

/** A name with what qualifies it, as far as that is there: schema, table. */
export const qualified = (...names: readonly (string | undefined)[]): string =>
  names
    .filter((name) => name !== undefined && name !== '')
    .map((name) => identifier(name ?? ''))
    .join('.');

/**
 * As libpq's PQescapeLiteral does it: with backslashes inside it is an E'' string, and so right whatever
 * standard_conforming_strings says. The space keeps the E apart from a word before it.
 */
export function literal(text: string): string {
  const doubled = withoutNul(text).replaceAll("'", "''");
  return doubled.includes('\\') ? ` E'${doubled.replaceAll('\\', '\\\\')}'` : `'${doubled}'`;
}

/** A dollar-quoted body, under a tag that it does not have inside. */
export function dollar(body: string): string {
  let tag = '$rungs';
  // Without its last `$`: a body that ends in `$rungs` would make the closing tag begin too early.
  for (let n = 1; withoutNul(body).includes(tag); n++) tag = `$rungs${n}`;
  return `${tag}$${body}${tag}$`;
}

function withoutNul(text: string): string {
  if (text.includes('\0')) throw new RangeError('PostgreSQL text cannot hold a NUL character');
  return text;
}
