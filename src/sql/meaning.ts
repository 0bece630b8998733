/** What a file says, as one number: its parse trees without the places in the text, and the rows that it brings. */

import type { MigrationFile } from '../migration.ts';
import { digest } from './checksum.ts';
import { dataOf, rowsIn } from './cuts.ts';
import type { Parsed } from './grammar.ts';
import { LARGE } from './large-limit.ts';

/** `location`, `name_location`, `rexpr_list_start`: where something stands, of which layout and comments are all. */
const PLACE = /(^|_)(location|list_start|list_end)$/;

/** Null where it cannot be told: too deep to be walked, with rows not in memory, or so large that its INSERTs were not read. */
export function meaningOf(file: MigrationFile, parsed: readonly Parsed[]): string | null {
  const rows = dataOf(file).map(({ content }) => (typeof content === 'string' ? rowsIn(content) : null));
  if (rows.includes(null) || file.text.length > LARGE) return null;
  const trees = parsed.map(({ node }) => node);
  try {
    const isPlace = (key: string) => PLACE.test(key);
    return digest(JSON.stringify([trees, rows], (key, value) => (isPlace(key) ? undefined : value)));
  } catch (e) {
    // The parser takes more terms in a row than JSON.stringify has stack for.
    if (e instanceof RangeError) return null;
    throw e;
  }
}
