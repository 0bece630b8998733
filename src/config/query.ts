/**
 * Whose each key of the query is: libpq's, golang-migrate's, the server's, or a Go driver's. An unknown one is an
 * error with the key that was probably meant, as in libpq; it might be a misspelt sslmode.
 */

import { isKeyword, KEYWORD_NAMES } from './keywords.ts';
import { MIGRATE_PARAMS } from './migrate-params.ts';
import { nearest } from './nearest.ts';
import { isDriverKey, isSetting, SETTING_NAMES, type Setting } from './settings.ts';
import { decode } from './uri.ts';
import { nameable, urlError } from './url-error.ts';

export interface Query {
  readonly keywords: ReadonlyMap<string, string>;
  readonly migrate: ReadonlyMap<string, string>;
  readonly settings: readonly Setting[];
  readonly warnings: readonly string[];
  /** Passwords before decoding, for redaction. */
  readonly writtenSecrets: readonly string[];
}

export type Pairs = readonly (readonly [key: string, value: string])[];

/** Of a URI, whose values are as written. A `+` is a plus to libpq. To Go it is a blank, and so it is here in what libpq does not know. */
export const readQuery = (query: Pairs): Query => read(query, true);

/** Of the other form, whose values are values already. */
export const readPairs = (pairs: Pairs): Query => read(pairs, false);

function read(query: Pairs, isEncoded: boolean): Query {
  const keywords = new Map<string, string>();
  const migrate = new Map<string, string>();
  const settings: Setting[] = [];
  const warnings: string[] = [];
  const writtenSecrets: string[] = [];
  let before = '';
  for (const [key, written] of query) {
    const decoded = (text: string) => (isEncoded ? decode(text, `value of ${nameable(key)}`) : text);
    const asGo = () => decoded(isEncoded ? written.replaceAll('+', ' ') : written);
    if (MIGRATE_PARAMS.includes(key)) {
      migrate.set(key, asGo());
    } else if (isKeyword(key)) {
      keywords.set(key, decoded(written));
      if (key.endsWith('password')) writtenSecrets.push(written);
      else if (isEncoded && written.includes('+')) {
        warnings.push(`the + in ${key} is a plus, as in psql; a blank is written %20`);
      }
    } else if (key === 'ssl' && written === 'true') {
      // JDBC's. Of this and sslmode libpq takes the later one, which may be the weaker.
      if (query.some(([other]) => other === 'sslmode')) throw urlError('ssl and sslmode are both given');
      keywords.set('sslmode', 'require');
    } else if (isDriverKey(key)) {
      warnings.push(driverWarning(key));
    } else if (isSetting(key)) {
      settings.push([key, asGo()]);
    } else if (before.endsWith('password')) {
      // `password=a&b=c` is more likely a password with an & (or a blank) in it: nothing of it is named.
      const cure = isEncoded ? 'write & in a password as %26' : 'put a password with blanks into quotes';
      throw urlError('an unknown parameter follows a password', cure);
    } else if (key.startsWith('x-')) {
      migrate.set(key, '');
    } else {
      throw unknown(key, isEncoded);
    }
    before = key;
  }
  return { keywords, migrate, settings, warnings, writtenSecrets };
}

/** Prisma's word for a pooler in transaction mode, behind which a session, its lock and its settings are not ours. */
const driverWarning = (key: string): string =>
  key === 'pgbouncer'
    ? '"pgbouncer" says that there is a pooler in between: give the database’s own URL if you can'
    : `${nameable(key)} is for a driver that is not used here, and is ignored`;

/** Names from other drivers' URLs that are spelt too differently. */
const MEANT = new Map([
  ['database', 'dbname'],
  ['username', 'user'],
  ['pass', 'password'],
  ['schema', 'search_path'],
  ['currentSchema', 'search_path'],
  ['ssl', 'sslmode'],
  ['timeout', 'connect_timeout'],
]);

function unknown(key: string, isEncoded: boolean): Error {
  const meant = MEANT.get(key) ?? nearest(key, [...KEYWORD_NAMES, ...SETTING_NAMES, ...MIGRATE_PARAMS]);
  return urlError(
    `the parameter ${nameable(key)} is not known${meant === null ? '' : `; did you mean ${meant}?`}`,
    `any setting of the server can be given as ${isEncoded ? 'options=-c%20name=value' : "options='-c name=value'"}`,
  );
}
