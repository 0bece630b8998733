/** Which table goes with which layout. */

import type { Layout } from '../migration.ts';
import type { Ledger } from './ledger.ts';
import { namedRows } from './named-rows.ts';
import { sentinel } from './sentinel.ts';
import { versionRow } from './version-row.ts';

const LEDGERS: Readonly<Record<Layout, Ledger>> = { pairs: versionRow, named: namedRows, script: sentinel };

export const ledgerOf = (layout: Layout): Ledger => LEDGERS[layout];
