/** Which table goes with which layout. */

import type { Layout, Step } from '../migration.ts';
import type { Place } from '../recorded.ts';
import { unrepeated } from './journal.ts';
import type { Ledger } from './ledger.ts';
import { namedRows } from './named-rows.ts';
import { sentinel } from './sentinel.ts';
import { versionRow } from './version-row.ts';

const LEDGERS: Readonly<Record<Layout, Ledger>> = { pairs: versionRow, named: namedRows, script: sentinel };

export const ledgerOf = (layout: Layout): Ledger => LEDGERS[layout];

/** The step is done. A repeatable moves no version: of that the journal alone tells. */
export const record = (
  { ledger, place }: { readonly ledger: Ledger; readonly place: Place },
  step: Step,
  elapsed: string,
): string =>
  step.last === undefined
    ? ledger.record(place, step, elapsed)
    : unrepeated(place, step.migration.id, step.last, ledger.hold(place, step.from));
