import { MigrateError } from '../errors.ts';

/**
 * A URL that cannot be used. No message quotes a value from it and none carries a cause: a misplaced `@`, `/`, `&`
 * or `#` puts a piece of the password into any part, and golang-migrate printed it (its issue #1242). What may be
 * named is a parameter's key and the `x-` values, which are in golang-migrate's own texts.
 */
export function urlError(message: string, hint?: string): MigrateError {
  return new MigrateError('MIGRATION_INIT_FAILED', 'url', {
    operation: 'read the database URL',
    message,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** A key for a message, if it looks like one. */
export const nameable = (key: string): string =>
  /^[A-Za-z_][\w.-]{0,62}$/.test(key) ? `"${key}"` : 'a parameter';
