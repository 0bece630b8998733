/** What a repeatable's text is known by. */

import type { MigrationFile } from '../migration.ts';
import { digest } from './checksum.ts';

/** Its checksum; and with values in place of placeholders, these too, as another value is another view. */
export const wordingOf = ({ text, checksum, filled }: MigrationFile): string =>
  filled === undefined || filled.fillings.length === 0 ? checksum : digest(`${checksum}\n${text}`);
