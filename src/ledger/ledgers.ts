import type { Layout } from '../migration.ts';
import type { Ledger } from './ledger.ts';
import { namedRows } from './named-rows.ts';
import { versionRow } from './version-row.ts';

export const ledgerOf = (layout: Layout): Ledger => (layout === 'named' ? namedRows : versionRow);
