/**
 * No ledger: of a script the database remembers only what the script has made, one table of which says that it has
 * run. The journal beside it tells a half-done one, which may have that table too.
 */

import type { JournalRow, Place } from '../recorded.ts';
import { dollar, literal } from '../sql/quote.ts';
import { sentinelKind } from './identify.ts';
import { RACED } from './journal.ts';
import type { Ledger } from './ledger.ts';

/** The SQLSTATE of a script that ends without its sentinel. */
export const NO_SENTINEL = 'RG002';

/** As it is written in the configuration. */
export const sentinelName = ({ sentinel: { schema, name } }: Pick<Place, 'sentinel'>): string =>
  schema === null ? name : `${schema}.${name}`;

export function sentinelOf(text: string): Place['sentinel'] {
  const dot = text.indexOf('.');
  return { schema: dot < 0 ? null : text.slice(0, dot), name: text.slice(dot + 1) };
}

/** What began last and has not ended: statement by statement, or with its own transaction control. */
export function halfRun(journal: readonly JournalRow[]): JournalRow | null {
  const last = journal.findLast((row) => row.kind !== 'accepted' && row.state !== 'failed');
  return last?.state === 'started' && last.version === null ? last : null;
}

/** Without it the script would run again at each start; so it is looked for in the script's own transaction. */
const mustBeThere = (p: Place): string =>
  `do ${dollar(` begin
  if ${sentinelKind(p.sentinel)} is null then
    raise exception using errcode = '${NO_SENTINEL}',
      message = ${literal(`the script has run, and there is no table ${sentinelName(p)}`)};
  end if;
end `)}`;

const mustNotBeThere = (p: Place): string =>
  `do ${dollar(` begin
  if ${sentinelKind(p.sentinel)} is not null then
    raise exception using errcode = '${RACED}', message = ${literal(`the table ${sentinelName(p)} is there by now`)};
  end if;
end `)}`;

export const sentinel: Ledger = {
  layout: 'script',
  what: 'a script’s sentinel',
  create: () => '',
  // Whether it is there was asked for with the identity (look.ts); who may not read it may still know.
  read: () => 'select',
  needs: { rights: [], counter: null },
  decode: (_rows, _place, journal) => ({
    head: { version: null, dirty: halfRun(journal) !== null },
    ledgerXid: null,
    records: [],
  }),
  strangeShape: () => null,
  unmoved: mustNotBeThere,
  record: mustBeThere,
  hold: () => '',
  begin: () => '',
  end: mustBeThere,
  accept: () => '',
  key: ({ id }) => ({ version: null, name: id }),
};
