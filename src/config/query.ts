/**
 * Whose each key of the query is: libpq's, golang-migrate's, the server's, or a Go driver's. An unknown one is an
 * error with the key that was probably meant, as in libpq; it might be a misspelt sslmode.
 */

import { isKeyword, KEYWORD_NAMES } from './keywords.ts';
import { MIGRATE_PARAMS } from './migrate-params.ts';
import { nearest } from './nearest.ts';
import { isDriverKey, isSetting, SETTING_NAMES, type Setting } from './settings.ts';
import { decode, type Uri } from './uri.ts';
import { nameable, urlError } from './url-error.ts';

export interface Query {
  readonly keywords: ReadonlyMap<string, string>;
  readonly migrate: ReadonlyMap<string, string>;
  readonly settings: readonly Setting[];
  readonly warnings: readonly string[];
  /** `password=` before decoding, for redaction. */
  readonly writtenPassword: string | null;
}

/** A `+` is a plus to libpq. To Go it is a blank, and so it is here in what libpq does not know. */
export function readQuery(query: Uri['query']): Query {
  const keywords = new Map<string, string>();
  const migrate = new Map<string, string>();
  const settings: Setting[] = [];
  const warnings: string[] = [];
  let writtenPassword: string | null = null;
  let before = '';
  for (const [key, written] of query) {
    const read = (text: string) => decode(text, `value of ${nameable(key)}`);
    if (MIGRATE_PARAMS.includes(key)) {
      migrate.set(key, read(written.replaceAll('+', ' ')));
    } else if (isKeyword(key)) {
      keywords.set(key, read(written));
      if (key === 'password') writtenPassword = written;
      else if (written.includes('+')) {
        warnings.push(`the + in ${key} is a plus, as in psql; a blank is written %20`);
      }
    } else if (key === 'ssl' && written === 'true') {
      // JDBC's. Of this and sslmode libpq takes the later one, which may be the weaker.
      if (query.some(([other]) => other === 'sslmode')) throw urlError('ssl and sslmode are both given');
      keywords.set('sslmode', 'require');
    } else if (isDriverKey(key)) {
      warnings.push(`${nameable(key)} is for a driver that is not used here, and is ignored`);
    } else if (isSetting(key)) {
      settings.push([key, read(written.replaceAll('+', ' '))]);
    } else if (before.endsWith('password')) {
      // `password=a&b=c` is more likely a password with an & in it: nothing of it is named.
      throw urlError('an unknown parameter follows a password', 'write & in a password as %26');
    } else if (key.startsWith('x-')) {
      migrate.set(key, '');
    } else {
      throw unknown(key);
    }
    before = key;
  }
  return { keywords, migrate, settings, warnings, writtenPassword };
}

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

function unknown(key: string): Error {
  const meant = MEANT.get(key) ?? nearest(key, [...KEYWORD_NAMES, ...SETTING_NAMES, ...MIGRATE_PARAMS]);
  return urlError(
    `the parameter ${nameable(key)} is not known${meant === null ? '' : `; did you mean ${meant}?`}`,
    'any setting of the server can be given as options=-c%20name=value',
  );
}
