/** What is handed over to the API and is no plain value: clients, migrations, hooks, versions, signals. As src/kind.ts has kinds. */

import { type GivenHooks, HOOK_NAMES } from './hook.ts';
import { isObject, type Kind, kind, listOr, section, text } from './kind.ts';

export const has = (value: unknown, ...names: readonly string[]): boolean =>
  isObject(value) && names.every((name) => name in value);
const hasMethods = (value: unknown, ...names: readonly string[]): boolean =>
  has(value, ...names) &&
  names.every((name) => typeof (value as Record<string, unknown>)[name] === 'function');
export const hasLists = (value: unknown, ...names: readonly string[]): boolean =>
  has(value, ...names) && names.every((name) => Array.isArray((value as Record<string, unknown>)[name]));

export const url = text('a connection string');

/** Of any version of pg, and of what wraps one. */
const anyClient = kind('a connected client of pg', (v) => hasMethods(v, 'query', 'on', 'removeListener'));
export const client: Kind = {
  ...anyClient,
  faults: (value, at) => {
    if (has(value, 'totalCount')) return [`${at} is a pg.Pool: lend a client of it, from pool.connect()`];
    const faults = anyClient.faults(value, at);
    return faults.length > 0 || isConnected(value as object)
      ? faults
      : [`${at} is a client that is not connected: call its connect() first`];
  },
};

/**
 * What a pg.Client says of itself, in no documented way; others say nothing. Its queries wait until it has been connected, so
 * for ever where nobody does that, or where it has failed.
 */
function isConnected(value: {
  readonly _connected?: unknown;
  readonly _connecting?: unknown;
  readonly _connectionError?: unknown;
}): boolean {
  return value._connected !== false || (value._connecting === true && value._connectionError !== true);
}

const connectionText = text('a connection string, or a connected client of pg');
export const connection: Kind = {
  ...connectionText,
  faults: (value, at) => (hasMethods(value, 'query') ? client : connectionText).faults(value, at),
};

const hasMigrations = (v: unknown): boolean => hasLists(v, 'migrations', 'repeatable', 'ignored');
export const migrations = kind(
  'a folder, a script, or what readMigrations or an import of migrations: has given',
  (v) => typeof v === 'string' || hasMigrations(v),
);

const MOST_VERSION = 2n ** 63n - 1n;
export const version = kind(
  `a whole number from 0 to ${MOST_VERSION}, as in 7 or 7n`,
  (v) =>
    (typeof v === 'bigint' && v >= 0n && v <= MOST_VERSION) || (Number.isSafeInteger(v) && Number(v) >= 0),
);

/** jsdom and others have an AbortSignal of their own. */
export const signal = kind(
  'an AbortSignal',
  (v) => has(v, 'aborted') && hasMethods(v, 'addEventListener', 'removeEventListener'),
);

const hook = kind(
  'the path of an .sql file, an import of one, or a function',
  (v) =>
    ['string', 'function'].includes(typeof v) ||
    hasMigrations(v) ||
    (has(v, 'command') && hasMethods(v, 'run')),
);
export const hooks = section<GivenHooks>(
  {
    beforeAll: listOr(hook, hook),
    beforeEach: listOr(hook, hook),
    afterEach: listOr(hook, hook),
    afterAll: listOr(hook, hook),
  },
  `an object with ${HOOK_NAMES.join(', ')}`,
);

export const placeholder = kind(
  'text, or { secret: text }',
  (v) => typeof v === 'string' || (has(v, 'secret') && typeof (v as { secret: unknown }).secret === 'string'),
  true,
);
