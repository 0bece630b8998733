/** What a backup and a restore need of the caller: which database, as whom, and where to tell what happens. */

import { withSetting } from '../../src/config/settings.ts';
import { type Database, parseDatabaseUrl } from '../../src/config/url.ts';
import { MigrateError } from '../../src/errors.ts';
import type { RunOptions } from '../../src/index.ts';
import type { Attempts } from '../../src/pg/connect.ts';
import type { Loaded } from '../_config.ts';
import { hiding } from '../_hidden.ts';
import { ChildFailed } from './child.ts';
import { type Environment, libpqEnvironment } from './environment.ts';

/** The database that a command is about, as we reach it and as pg_dump and pg_restore do. */
export interface Access {
  readonly database: Database;
  /** How the server is to call us. */
  readonly caller: string;
  readonly how: Attempts;
  readonly env: Environment;
  /** A line of narration. */
  readonly say: (text: string) => void;
  readonly signal: AbortSignal | undefined;
}

export function accessTo(
  { config, env }: Loaded,
  { signal, onEvent = () => {} }: RunOptions,
  say: (text: string) => void,
  caller: string,
): Access {
  const said = parseDatabaseUrl(config.database?.value ?? '', env);
  const role = config.role.value;
  const database = role === null ? said : { ...said, settings: withSetting(said.settings, 'role', role) };
  const how: Attempts = {
    attempts: config.attempts.value,
    delayMs: config.delayMs.value,
    deadlineMs: config.deadlineMs.value ?? Number.POSITIVE_INFINITY,
    now: () => performance.now(),
    emit: onEvent,
    signal,
  };
  return { database, caller, how, env: libpqEnvironment(database, process.env, caller), say, signal };
}

/** A program's failure as the one class. Neither of the two prints a password; that it stays so is cheap to see to. */
export function failureOf(
  e: unknown,
  { database }: Access,
  {
    reason,
    operation,
    hint,
  }: { reason: 'backup' | 'restore'; operation: string; hint: (e: ChildFailed) => string },
): unknown {
  if (!(e instanceof ChildFailed)) return e;
  const hidden = hiding(database.secrets);
  return new MigrateError('MIGRATION_INIT_FAILED', e.cancelled ? 'cancelled' : reason, {
    operation,
    message: e.cancelled ? 'ended by a signal' : hidden(e.message),
    details: e.cancelled ? [] : e.details.map(hidden),
    hint: e.cancelled ? 'run the same command again' : hint(e),
    cause: e,
  });
}
