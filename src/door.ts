/** How a command reaches its database: over connections of its own, or on a client that the caller lends. */

import { withSetting } from './config/settings.ts';
import { type Database, parseDatabaseUrl, primaryOf } from './config/url.ts';
import { type Emit, warn } from './event.ts';
import type { Door } from './job.ts';
import { journalOf } from './ledger/journal.ts';
import { sentinelOf } from './ledger/sentinel.ts';
import type { Options } from './options.ts';
import type { connect as connectTo } from './pg/connect.ts';
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

export function doorFor(command: string, options: Options, { emit, env, searchPath, now }: Around): Door {
  const { database, signal, role, table: given, applicationName = `rungs ${command}` } = options;
  const named = { schema: given?.schema ?? null, name: given?.name ?? 'schema_migrations' };
  const withJournal = (t: typeof named, name = given?.journal) => ({
    ...t,
    journal: name ?? journalOf(t.name),
    sentinel: sentinelOf(options.sentinel ?? 'users'),
  });
  if (typeof database !== 'string') {
    const loan = () => import('./pg/lend.ts');
    return {
      open: async () => {
        const { lend } = await loan();
        return refused(lend(database, role), 'MIGRATION_INIT_FAILED', `act as the role ${role}`);
      },
      reopen: async () => (await loan()).reopenLike(database, role, PATIENT),
      beside: async () => (await loan()).reopenLike(database, undefined, { attempts: 1, delayMs: 0 }),
      table: withJournal(named),
      tables: (own) => withJournal(own),
      isTableInUrl: false,
      urlPath: null,
      multiStatement: false,
    };
  }
  const said = parseDatabaseUrl(database, env);
  const placed = searchPath === null ? said.settings : withSetting(said.settings, 'search_path', searchPath);
  const parsed = { ...said, settings: role === undefined ? placed : withSetting(placed, 'role', role) };
  for (const message of parsed.warnings) warn(emit, 'url', message);
  // Behind an import, as are all that it needs: pg, sockets and TLS are half of what a command loads.
  const connect: typeof connectTo = async (...how) => (await import('./pg/connect.ts')).connect(...how);
  const isTableInUrl = !isStandard(parsed.table);
  const tables = (own: typeof named) => withJournal(own, parsed.journal ?? given?.journal);
  return {
    open: (layout) => {
      const told = layout === 'script';
      const usual = told ? FOR_SCRIPTS : USUAL;
      const {
        attempts = usual.attempts,
        delayMs = usual.delayMs,
        deadlineMs = Infinity,
      } = options.retry ?? {};
      return connect(parsed, applicationName, { attempts, delayMs, deadlineMs, now, emit, signal, told });
    },
    // A standby knows only what it has replayed by then: that is no answer.
    reopen: () =>
      connect(primaryOf(parsed), applicationName, { ...PATIENT, now, emit: () => {}, signal: undefined }),
    beside: async (signal) => {
      const once = { attempts: 1, delayMs: 0, deadlineMs: Infinity, now, emit: () => {}, signal };
      return connect(said, applicationName, once);
    },
    table: tables(isTableInUrl ? parsed.table : named),
    tables,
    isTableInUrl,
    urlPath: parsed.urlPath,
    multiStatement: parsed.multiStatement,
  };
}
