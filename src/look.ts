/** The two queries every command makes. Reading needs no DDL, no lock and no CREATE right. */

import { MigrateError } from './errors.ts';
import { decode as decodeIdentity, type Identity, identify, type Tables } from './ledger/identify.ts';
import * as journal from './ledger/journal.ts';
import type { Ledger } from './ledger/ledger.ts';
import { ledgerOf } from './ledger/ledgers.ts';
import { tableName } from './ledger/version-row.ts';
import type { Layout } from './migration.ts';
import type { Session } from './pg/session.ts';
import type { Reason } from './reasons.ts';
import type { Place, Recorded, Row } from './recorded.ts';

/** What we found at the other end. */
export interface Sight {
  readonly identity: Identity;
  readonly place: Place;
  readonly ledger: Ledger;
}

const OLDEST = 140000;

/** `layout` null: whichever table is there. */
export async function look(session: Session, table: Tables, layout: Layout | null): Promise<Sight> {
  const isScript = layout === 'script';
  refuseNameless(table);
  const reply = await session.query(
    identify(table, session.lent, isScript ? table.sentinel : null, session.announced),
  );
  const found = decodeIdentity(reply.sets[0]?.[0] ?? {});
  const identity = isScript ? withSentinel(found, table.name) : found;
  session.pid = identity.pid;
  session.who = identity;
  const operation = 'identify the database';
  const fail = (reason: Reason, message: string) =>
    new MigrateError('MIGRATION_INIT_FAILED', reason, { operation, message });
  if (identity.inTransaction && !session.inOwnTransaction)
    throw fail('in_transaction', 'the client is inside a transaction');
  if (identity.serverVersion < OLDEST) {
    throw fail(
      'server_version',
      `the server is version ${Math.floor(identity.serverVersion / 10000)}, and 14 is the oldest`,
    );
  }
  if (identity.schema === null) throw fail('no_schema', 'no schema: current_schema() is NULL');
  const { name, journal: history, sentinel } = table;
  const place: Place = { schema: identity.schema, table: name, journal: history, sentinel };
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
  const ledger = ledgerOf(layout ?? layoutOf(identity) ?? 'pairs');
  refuseStrangers(identity, place, ledger);
  refuseFiltered(identity, place);
  return { identity, place, ledger };
}

/** As only the API can give them. */
function refuseNameless({ schema, name, journal: history }: Tables): void {
  if (![schema, name, history].some((n) => n === '' || n?.includes('\0'))) return;
  throw new MigrateError('MIGRATION_INIT_FAILED', 'ledger_shape', {
    operation: 'identify the database',
    message: 'the name of the version table, of the journal or of their schema is empty, or holds a NUL',
    hint: 'correct `table`',
  });
}

const NAME_JOURNAL =
  'name another one for the journal with `journal:` in rungs.yaml, or `x-journal-table=` in the URL';

const LAYOUTS = ['pairs', 'named'] as const;

/** What stands for a script's ledger is its sentinel. */
function withSentinel(identity: Identity, table: string): Identity {
  const { sentinel: kind } = identity;
  const layout = kind === null ? layoutOf(identity) : null;
  if (layout !== null) {
    throw new MigrateError('MIGRATION_INIT_FAILED', 'ledger_shape', {
      operation: 'look for the script’s sentinel',
      message: `it is not there, and ${identity.schema}.${table} is ${ledgerOf(layout).what}: this database is migrated by versioned files`,
      hint: 'run those: check `--path`, and `layout:` in rungs.yaml',
    });
  }
  return {
    ...identity,
    ledger: kind === null ? null : { kind, columns: '', isFiltered: false },
    ledgerElsewhere: null,
  };
}

/** Whose table it is; null where there is none, or a stranger's. */
function layoutOf({ ledger: shape }: Identity): Layout | null {
  if (shape === null) return null;
  return LAYOUTS.find((l) => ledgerOf(l).strangeShape(shape.kind, shape.columns) === null) ?? null;
}

function refuseStrangers(identity: Identity, place: Place, ledger: Ledger): void {
  const { ledger: shape, journal: history } = identity;
  const strange = shape === null ? null : ledger.strangeShape(shape.kind, shape.columns);
  if (strange !== null) {
    const other = layoutOf(identity);
    throw new MigrateError('MIGRATION_VERSION_FAILED', 'ledger_shape', {
      operation: 'read the version',
      message: `${tableName(place)} is not ${ledger.what}: ${strange}`,
      ...(other === null
        ? {}
        : {
            hint: `the files are \`${ledger.layout}\`, and the table is that of \`${other}\`: check \`--path\`, or write \`layout: ${other}\` into rungs.yaml`,
          }),
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

/** Without a policy for us a table looks empty, and all would be run again. */
function refuseFiltered({ ledger, journal: history, user }: Identity, place: Place): void {
  const table = ledger?.isFiltered
    ? tableName(place)
    : history?.isFiltered
      ? tableName({ ...place, table: place.journal })
      : null;
  if (table === null) return;
  throw new MigrateError('MIGRATION_VERSION_FAILED', 'permission', {
    operation: 'read the version',
    message: `row-level security hides rows of ${table} from ${user}`,
    hint: `\`alter table ${table} disable row level security\`, or connect as its owner or as a role with BYPASSRLS`,
  });
}

/** The ledger's rows and the journal, in one round trip. */
export async function readRecorded(session: Session, { identity, place, ledger }: Sight): Promise<Recorded> {
  const ledgerExists = identity.ledger !== null;
  const journalExists = identity.journal !== null;
  const parts = [
    ...(ledgerExists ? [ledger.read(place)] : []),
    ...(journalExists ? [journal.read(place)] : []),
  ];
  const sets: (readonly Row[])[] =
    parts.length === 0 ? [] : [...(await session.query(parts.join('; '))).sets];
  const rows = ledgerExists ? (sets.shift() ?? null) : null;
  const history = journal.decode(sets.shift() ?? []);
  return { ledgerExists, journalExists, ...ledger.decode(rows, place, history), journal: history };
}
