/** Which table goes with which layout. */

import type { Layout } from '../migration.ts';
import { unrepeated } from './journal.ts';
import type { Ledger } from './ledger.ts';
import { namedRows } from './named-rows.ts';
import { sentinel } from './sentinel.ts';
import { versionRow } from './version-row.ts';

/** Repeatables move no version and have no row: of them the journal alone tells. */
const withRepeatables = (ledger: Ledger): Ledger => ({
  ...ledger,
  unmoved: (p, step) =>
    step.last === undefined ? ledger.unmoved(p, step) : unrepeated(p, step.migration.id, step.last, null),
  record: (p, step, elapsed) =>
    step.last === undefined
      ? ledger.record(p, step, elapsed)
      : unrepeated(p, step.migration.id, step.last, ledger.hold(p, step.from)),
});

const LEDGERS: Readonly<Record<Layout, Ledger>> = {
  pairs: withRepeatables(versionRow),
  named: withRepeatables(namedRows),
  script: sentinel,
};

export const ledgerOf = (layout: Layout): Ledger => LEDGERS[layout];
