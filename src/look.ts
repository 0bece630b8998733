/** The two queries every command makes. Reading needs no DDL, no lock and no CREATE right. */

import { MigrateError, type Reason } from './errors.ts';
import { decode as decodeIdentity, type Identity, identify, type Tables } from './ledger/identify.ts';
import * as journal from './ledger/journal.ts';
import * as ledger from './ledger/version-row.ts';
import type { Place, Recorded } from './migration.ts';
import type { Row } from './pg/message.ts';
import type { Session } from './pg/session.ts';

/** What we found at the other end. */
export interface Sight {
  readonly identity: Identity;
  readonly place: Place;
}

const OLDEST = 140000;

export async function look(session: Session, table: Tables): Promise<Sight> {
  const reply = await session.query(identify(table, session.lent));
  const identity = decodeIdentity(reply.sets[0]?.[0] ?? {});
  session.pid = identity.pid;
  const operation = 'identify the database';
  const fail = (reason: Reason, message: string) =>
    new MigrateError('MIGRATION_INIT_FAILED', reason, { operation, message });
  if (identity.inTransaction) throw fail('in_transaction', 'the client is inside a transaction');
  if (identity.serverVersion < OLDEST) {
    throw fail(
      'server_version',
      `the server is version ${Math.floor(identity.serverVersion / 10000)}, and 14 is the oldest`,
    );
  }
  if (identity.schema === null) throw fail('no_schema', 'no schema: current_schema() is NULL');
  const place: Place = { schema: identity.schema, table: table.name, journal: table.journal };
  const long = [place.table, place.journal].find(journal.isTooLong);
  if (long !== undefined) throw fail('ledger_shape', `the table name ${long} is longer than 63 bytes`);
  if (place.table === place.journal)
    throw fail('ledger_shape', `the version table and the journal are both called ${place.table}`);
  if (identity.ledger === null && identity.ledgerElsewhere !== null) {
    throw fail(
      'ledger_elsewhere',
      `the schema ${identity.schema} now comes first in the search_path, but ${identity.ledgerElsewhere}.${table.name} holds the version`,
    );
  }
  refuseStrangers(identity, place);
  return { identity, place };
}

const NAME_JOURNAL =
  'name another one for the journal with `journal:` in rungs.yaml, or `x-journal-table=` in the URL';

function refuseStrangers({ ledger: shape, journal: history }: Identity, place: Place): void {
  const strange = shape === null ? null : ledger.strangeShape(shape.kind, shape.columns);
  if (strange !== null) {
    throw new MigrateError('MIGRATION_VERSION_FAILED', 'ledger_shape', {
      operation: 'read the version',
      message: `${ledger.tableName(place)} is not golang-migrate’s version table: ${strange}`,
    });
  }
  if (history !== null && !journal.isOurs(history)) {
    throw new MigrateError('MIGRATION_VERSION_FAILED', 'ledger_shape', {
      operation: 'read the journal',
      message: `${place.schema}.${place.journal} is not the journal of rungs: its columns are: ${history.columns}`,
      hint: NAME_JOURNAL,
    });
  }
}

/** The ledger's row and the journal, in one round trip. */
export async function readRecorded(session: Session, { identity, place }: Sight): Promise<Recorded> {
  const ledgerExists = identity.ledger !== null;
  const journalExists = identity.journal !== null;
  const parts = [
    ...(ledgerExists ? [ledger.read(place)] : []),
    ...(journalExists ? [journal.read(place)] : []),
  ];
  const sets: (readonly Row[])[] =
    parts.length === 0 ? [] : [...(await session.query(parts.join('; '))).sets];
  const rows = ledgerExists ? (sets.shift() ?? null) : null;
  return {
    ledgerExists,
    journalExists,
    head: ledger.decode(rows, place),
    ledgerXid: rows?.[0]?.xid ?? null,
    journal: journal.decode(sets.shift() ?? []),
  };
}
