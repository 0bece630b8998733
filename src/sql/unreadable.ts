/** Why a file cannot be read as SQL at all. */

import type { MigrationFile, Problem } from '../migration.ts';

/** What a file has that is no SQL, and over which the grammar could only stumble: psql’s language, unfilled placeholders. */
export const unreadable = ({ path, psql, filled }: MigrationFile): readonly Problem[] => [
  ...(psql?.refused ?? []).map((refused) => ({ ...refused, reason: 'psql', file: path }) as const),
  ...(filled?.problems ?? []),
];
