/** What `adopt` found and would write: its result, for the report. */

import type { MigrateError } from '../errors.ts';
import type { Place } from '../recorded.ts';
import type { Entry } from './mapping.ts';

/** What another tool's table says, what it means for ours, and whether that was written. */
export interface Adoption {
  /** As `--from` names it. */
  readonly tool: string;
  readonly title: string;
  /** Its table, which stays as it is. */
  readonly from: Pick<Place, 'schema' | 'table'>;
  /** Ours. */
  readonly ledger: Place;
  /** What the setting `table` has to be from now on; null where it is right already. */
  readonly setting: string | null;
  /** The newest applied version; null where nothing is applied. */
  readonly version: bigint | null;
  readonly entries: readonly Entry[];
  readonly written: boolean;
  /** Why it cannot be written. */
  readonly error: MigrateError | null;
}

/** What `baseline` found and did. */
export interface Baseline {
  readonly version: bigint;
  readonly ledger: Place;
  /** The migrations that count as applied, in order. */
  readonly migrations: readonly { readonly id: string; readonly version: bigint; readonly name: string }[];
  /** How many objects were looked for, and are there. */
  readonly objects: number;
  readonly written: boolean;
}
