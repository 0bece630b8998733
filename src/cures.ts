/** What to do about what the server refuses, by SQLSTATE. */

import type { Step } from './migration.ts';
import { REASONS } from './reasons.ts';

/** Cures for errors that come from how a migration is run. */
export const CURES: Readonly<Record<string, string>> = {
  '55P04':
    'a new enum value cannot be used in the transaction that adds it: put it into a file of its own, or begin the file with `-- rungs: no-transaction`',
  '2D000':
    'a DO block or procedure that commits cannot run inside the migration’s transaction: begin the file with `-- rungs: no-transaction`',
  '25001': 'the statement cannot run inside a transaction: begin the file with `-- rungs: no-transaction`',
  '25006': REASONS.read_only.next,
  '40P01': 'it was a deadlock with another session',
  '57014':
    'it was cancelled, by an administrator or by `statement_timeout` (in the URL also `x-statement-timeout`): raise that',
  '53100': 'the server’s disk is full: make room there',
  '55P03': 'another session holds a lock on the object: wait until it is free',
};

/** Those for a repeatable, which always runs in one transaction and finds what the last time has left. */
const VERSIONED = 'put it into a versioned migration';
const AGAIN =
  'it was made when the file was run last: write `create or replace`, or `drop … if exists` before it';
const EARLIER =
  'fix the file; where it needs another repeatable, number both (`R__010_x.sql`), as they run in the order of their names';
const CURES_OF_REPEATABLES: Readonly<Record<string, string>> = {
  ...{ '42P01': EARLIER, '42883': EARLIER },
  ...{ '55P04': VERSIONED, '2D000': VERSIONED, '25001': VERSIONED },
  ...{ '42P07': AGAIN, '42710': AGAIN, '42723': AGAIN, '42701': AGAIN, '42P06': AGAIN },
};

/** Where no lock lasts longer than a transaction, and a file of several is refused. */
const OVER_ANOTHER =
  'begin the file with `-- rungs: no-transaction`, and run it over a direct connection, without `lockStrategy: transaction`';
const CURES_OF_SINGLE: Readonly<Record<string, string>> = {
  '55P04':
    'a new enum value cannot be used in the transaction that adds it: put what uses it into a file of its own',
  '2D000': `a DO block or procedure that commits cannot run inside the migration’s transaction: ${OVER_ANOTHER}`,
  '25001': `the statement cannot run inside a transaction: ${OVER_ANOTHER}`,
};

/** Null where the code alone does not tell. `step` null: whatever was being run. `isSingle`: a file has one transaction. */
export function cureOf(code: string, step: Pick<Step, 'file'> | null, isSingle = false): string | null {
  const ofRepeatable = step?.file?.repeatable === true ? CURES_OF_REPEATABLES[code] : undefined;
  const ofSingle = isSingle ? CURES_OF_SINGLE[code] : undefined;
  return ofRepeatable ?? ofSingle ?? CURES[code] ?? null;
}
