/** For services that migrate themselves when they start. */

import { up } from './api.ts';
import { MigrateError } from './errors.ts';
import { type Emit, warn } from './event.ts';
import type { Migrations } from './migration.ts';
import type { RunOptions } from './options.ts';
import type { LentClient } from './pg/lent.ts';
import type { Report } from './report.ts';

export interface MigrateOnStartOptions
  extends Pick<
    RunOptions,
    | 'table'
    | 'layout'
    | 'sentinel'
    | 'placeholders'
    | 'role'
    | 'signal'
    | 'onEvent'
    | 'env'
    | 'applicationName'
    | 'lockTimeoutMs'
    | 'hooks'
    | 'lockStrategy'
    | 'blocked'
    | 'batchSize'
  > {
  /** Where to connect: a URL, or a connected client of the service's, which is given back as it was. */
  readonly url?: string | undefined;
  readonly client?: LentClient;
  /** A folder, a script, or what the esbuild plugin made of one: `import migrations from 'migrations:./db/migrations'`. */
  readonly migrations: string | Migrations;
  /**
   * What to do where the database is newer than every file, as an old image finds it during a rolling deploy:
   * `refuse` (the default) throws MIGRATION_UP_FAILED (ahead), `accept` leaves it alone with a warning.
   */
  readonly onAhead?: 'refuse' | 'accept';
  /** An environment variable that turns this off by `false` or `0`, in any case; anything odd warns and stays on. */
  readonly enabledBy?: string;
  /** How to wait for the database; default 30 attempts, 1,000 ms apart at first, 60,000 ms in all. */
  readonly wait?: { readonly attempts?: number; readonly delayMs?: number; readonly deadlineMs?: number };
}

/**
 * Applies what is pending, and resolves when the database is up to date. Fifty replicas may call it at once: one
 * does the work, and an up-to-date database costs two queries and no lock. Null: turned off by `enabledBy`.
 * Throws MigrateError; a service should not start then.
 */
export async function migrateOnStart(options: MigrateOnStartOptions): Promise<Report | null> {
  const { url, client, migrations, onAhead = 'refuse', enabledBy, wait = {}, ...common } = options;
  const { attempts = 30, delayMs = 1000, deadlineMs = 60_000 } = wait;
  const emit = common.onEvent ?? (() => {});
  if (enabledBy !== undefined && !isEnabled(enabledBy, (common.env ?? process.env)[enabledBy], emit))
    return null;
  const database = client ?? url ?? '';
  if (database === '') throw unset();
  return up({
    applicationName: 'rungs migrateOnStart',
    ...common,
    database,
    migrations,
    retry: { attempts, delayMs, deadlineMs },
    acceptAhead: onAhead === 'accept',
  });
}

/** In the service's words, which knows of a variable rather than of an empty URL. */
const unset = (): MigrateError =>
  new MigrateError('CONFIG_INVALID', 'unset', {
    operation: 'read the options of migrateOnStart',
    message: 'there is neither a url nor a client',
    hint: 'set DATABASE_URL, or what `url` comes from',
  });

/** HoloMUSH's rule for HOLOMUSH_DB_AUTO_MIGRATE. */
function isEnabled(name: string, value: string | undefined, emit: Emit): boolean {
  const text = (value ?? '').trim().toLowerCase();
  if (text === 'false' || text === '0') return false;
  if (text === '' || text === 'true' || text === '1') return true;
  const message = `unrecognized ${name} value, defaulting to true (valid: true, false, 1, 0)`;
  warn(emit, 'enabled_by', message);
  return true;
}
