/** For services that migrate themselves when they start. */

import { up } from './api.ts';
import { heardBy } from './callback.ts';
import { checked } from './checked.ts';
import { MigrateError } from './errors.ts';
import { type Emit, warn } from './event.ts';
import type { MigrateOnStartOptions } from './options.ts';
import type { Report } from './report.ts';

/**
 * Applies what is pending, and resolves when the database is up to date. Fifty replicas may call it at once: one
 * does the work, and an up-to-date database costs two queries and no lock. Null: turned off by `enabledBy`.
 * Throws MigrateError; a service should not start then.
 */
export async function migrateOnStart(options: MigrateOnStartOptions): Promise<Report | null> {
  const {
    url,
    client,
    migrations,
    onAhead = 'refuse',
    enabledBy,
    wait = {},
    ...common
  } = checked('migrateOnStart', options);
  const { attempts = 30, delayMs = 1000, deadlineMs = 60_000 } = wait;
  const emit = heardBy(common.onEvent ?? (() => {}));
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
