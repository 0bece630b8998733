/** What a text is known by. */

import type { MigrationFile, Step } from '../migration.ts';
import { digest } from './checksum.ts';

/** Its checksum; of a repeatable with values in place of placeholders, these too, as another value is another view. */
export const wordingOf = ({ text, checksum, filled, repeatable }: MigrationFile): string =>
  repeatable !== true || filled === undefined || filled.fillings.length === 0
    ? checksum
    : digest(`${checksum}\n${text}`);

/** What the journal keeps of it. */
export const keptOf = ({ migration: { up }, meaning = null }: Step) => ({
  checksum: up === null ? null : wordingOf(up),
  meaning,
});
