/** How a command reaches its database: over connections of its own, or on a client that the caller lends. */

import { withSetting } from './config/settings.ts';
import { type Database, parseDatabaseUrl, primaryOf } from './config/url.ts';
import { type Emit, warn } from './event.ts';
import type { Door } from './job.ts';
import type { Tables } from './ledger/identify.ts';
import { journalOf } from './ledger/journal.ts';
import { sentinelOf } from './ledger/sentinel.ts';
import type { Options } from './options.ts';
import type { connect as connectTo } from './pg/connect.ts';
import type { LentClient } from './pg/lent.ts';
import { refused } from './refused.ts';

const USUAL = { attempts: 3, delayMs: 500 };
/** Muse's. */
const FOR_SCRIPTS = { attempts: 5, delayMs: 5000 };

/** Enough attempts to outlive a restart of the server. */
const PATIENT = { attempts: 10, delayMs: 250, deadlineMs: 30_000 };

const isStandard = ({ schema, name }: Database['table']): boolean =>
  schema === null && name === 'schema_migrations';

/** Of api.ts, which alone knows the process and its clock. */
interface Around {
  readonly emit: Emit;
  readonly env: NonNullable<Options['env']>;
  /** Of sessions that are its own, over the connection string's. */
  readonly searchPath: string | null;
  readonly now: () => number;
}

export function doorFor(command: string, options: Options, around: Around): Door {
  const { database, applicationName = `rungs ${command}` } = options;
  return typeof database === 'string'
    ? ownDoor(database, applicationName, options, around)
    : lentDoor(database, options);
}

function lentDoor(client: LentClient, { role, table, sentinel }: Options): Door {
  const lending = () => import('./pg/lend.ts');
  const tables = tablesFor(sentinel, table?.journal);
  return {
    open: async () => {
      const { lend } = await lending();
      return refused(lend(client, role), 'MIGRATION_INIT_FAILED', `act as the role ${role}`);
    },
    reopen: async () => (await lending()).reopenLike(client, role, PATIENT),
    beside: async () => (await lending()).reopenLike(client, undefined, { attempts: 1, delayMs: 0 }),
    table: tables(named(table)),
    tables,
    isTableInUrl: false,
    urlPath: null,
    multiStatement: false,
  };
}

function ownDoor(url: string, applicationName: string, options: Options, around: Around): Door {
  const { signal, role, retry, table, sentinel } = options;
  const { emit, env, searchPath, now } = around;
  const said = parseDatabaseUrl(url, env);
  const placed = searchPath === null ? said.settings : withSetting(said.settings, 'search_path', searchPath);
  const parsed = { ...said, settings: role === undefined ? placed : withSetting(placed, 'role', role) };
  for (const message of parsed.warnings) warn(emit, 'url', message);
  // Behind an import, as are all that it needs: pg, sockets and TLS are half of what a command loads.
  const connect: typeof connectTo = async (...how) => (await import('./pg/connect.ts')).connect(...how);
  const isTableInUrl = !isStandard(parsed.table);
  const tables = tablesFor(sentinel, parsed.journal ?? table?.journal);
  return {
    open: (layout) => {
      const told = layout === 'script';
      const how = { ...(told ? FOR_SCRIPTS : USUAL), deadlineMs: Infinity, ...retry };
      return connect(parsed, applicationName, { ...how, now, emit, signal, told });
    },
    // A standby knows only what it has replayed by then: that is no answer.
    reopen: () =>
      connect(primaryOf(parsed), applicationName, { ...PATIENT, now, emit: () => {}, signal: undefined }),
    beside: async (signal) => {
      const once = { attempts: 1, delayMs: 0, deadlineMs: Infinity, now, emit: () => {}, signal };
      return connect(said, applicationName, once);
    },
    table: tables(isTableInUrl ? parsed.table : named(table)),
    tables,
    isTableInUrl,
    urlPath: parsed.urlPath,
    multiStatement: parsed.multiStatement,
  };
}

const named = (given: Options['table']): Named => ({
  schema: given?.schema ?? null,
  name: given?.name ?? 'schema_migrations',
});

type Named = Pick<Tables, 'schema' | 'name'>;

/** With the journal, which is called like its table unless it is said, and the sentinel. */
const tablesFor =
  (sentinel = 'users', journal?: string | null) =>
  (own: Named): Tables => ({
    ...own,
    journal: journal ?? journalOf(own.name),
    sentinel: sentinelOf(sentinel),
  });
