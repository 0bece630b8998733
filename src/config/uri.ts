/**
 * The syntax of a connection URI as libpq reads it (fe-connect.c, conninfo_uri_parse_options; compared with libpq
 * 15.18 on 100,000 random URIs). `new URL` cannot do it: several hosts, `?` or `#` in a password and sockets are
 * errors there. Where libpq only fails and Go's net/url does not (a raw `@` in a password, `=` in a value), Go's
 * reading is taken.
 */

import { nameable, urlError } from './url-error.ts';

export interface Uri {
  /** In lower case. */
  readonly scheme: string;
  /** user, password, host, port, dbname: only those that are there and not empty, as libpq has it. */
  readonly parts: ReadonlyMap<string, string>;
  /** Percent-decoded, with its slash; null where there is none. */
  readonly path: string | null;
  /** Keys are decoded, values as written: whose rules decode them depends on the key. */
  readonly query: readonly (readonly [key: string, written: string])[];
  /** The password before decoding, for redaction. */
  readonly writtenPassword: string | null;
}

/** libpq's decoding: `+` is a plus, and NUL is refused. `what` names the place, never its content. */
export function decode(written: string, what: string): string {
  let text: string;
  try {
    text = decodeURIComponent(written);
  } catch {
    throw urlError(
      `the ${what} holds a % without two hexadecimal digits, or bytes that are not UTF-8`,
      'write % itself as %25',
    );
  }
  if (/[\0\p{Surrogate}]/u.test(text)) throw urlError(`the ${what} holds a NUL or half a character`);
  return text;
}

export function readUri(text: string): Uri {
  const [, scheme = '', rest = ''] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(text.trim()) ?? [];
  if (scheme === '') {
    throw unbegun(text.trim());
  }
  const parts = new Map<string, string>();
  const put = (key: string, value: string) => {
    if (value !== '') parts.set(key, value);
  };

  const end = endOfCredentials(rest);
  const credentials = end === -1 ? '' : rest.slice(0, end);
  const colon = credentials.indexOf(':');
  const writtenPassword = colon === -1 ? null : credentials.slice(colon + 1) || null;
  put('user', decode(colon === -1 ? credentials : credentials.slice(0, colon), 'user'));
  put('password', decode(writtenPassword ?? '', 'password'));

  const { hosts, ports, next } = readHosts(rest, end + 1);
  put('host', hosts.join(','));
  put('port', ports.join(','));

  const mark = rest.indexOf('?', next);
  const writtenPath = rest.slice(next, mark === -1 ? undefined : mark);
  if (writtenPath.includes('@')) {
    throw urlError(
      'there is an @ after the first /',
      'write / in a user or password as %2F, and @ in the name of a database as %40',
    );
  }
  const path = writtenPath === '' ? null : decode(writtenPath, 'path');
  put('dbname', path?.slice(1) ?? '');
  const query = mark === -1 ? [] : readQuery(rest.slice(mark + 1));
  return { scheme: scheme.toLowerCase(), parts, path, query, writtenPassword };
}

/** `app@db/app`, `db:5432/app`, `postgres:app@db/app`: psql would take all of it for the name of a database. */
function unbegun(text: string): Error {
  if (text === '') return urlError('the URL is empty');
  const hint = /^(postgres(ql)?|pgx[45]?)[:/]/i.test(text)
    ? 'behind the scheme comes ://, as in postgres://user@host:5432/database'
    : /[@:/]/.test(text) && !text.includes('://')
      ? 'put postgres:// before it'
      : undefined;
  return urlError('the URL does not begin with postgres://', hint);
}

/**
 * The index of the `@` after user and password; -1 if there are none. libpq takes the first `@` before any `/`, so
 * that the host of `u:p@ss@h` is "ss@h", a piece of the password; Go takes the last one.
 */
function endOfCredentials(rest: string): number {
  const head = rest.split('/', 1)[0] ?? '';
  const first = head.indexOf('@');
  if (first === -1) return -1;
  if (/\?[\w.-]+=/.test(head.slice(0, first))) {
    throw urlError(
      'there is an @ after a ?, and psql would take all before it for user and password',
      'write @ in a parameter as %40, and ? in a user or password as %3F',
    );
  }
  const mark = head.indexOf('?', first);
  return head.lastIndexOf('@', mark === -1 ? head.length : mark);
}

/** `h1:1,[::1]:2,h3`: a list of each, with '' where there is no port. */
function readHosts(rest: string, from: number) {
  const one = /(?:\[([^\]]+)\]|(?!\[)([^:/?,]*))(?::([^/?,]*))?(?=[,/?]|$)/y;
  const hosts: string[] = [];
  const ports: string[] = [];
  let next = from;
  do {
    one.lastIndex = hosts.length === 0 ? next : next + 1;
    const m = one.exec(rest);
    if (m === null)
      throw urlError('the brackets around a host are not right', 'write an IPv6 address as [::1]');
    hosts.push(decode(m[1] ?? m[2] ?? '', 'host'));
    ports.push(decode(m[3] ?? '', 'port'));
    next = one.lastIndex;
  } while (rest[next] === ',');
  return { hosts, ports, next };
}

/** A key twice: libpq takes the last value, Go's drivers the first, and it may be the sslmode. */
function readQuery(text: string): Uri['query'] {
  const query = new Map<string, string>();
  for (const pair of text.split('&').filter((p) => p !== '')) {
    const equals = pair.indexOf('=');
    if (equals === -1) {
      throw urlError('a parameter after the ? has no =', 'write & in a value as %26');
    }
    const key = decode(pair.slice(0, equals), 'name of a parameter');
    const written = pair.slice(equals + 1);
    if ((query.get(key) ?? written) !== written)
      throw urlError(`${nameable(key)} is given twice with different values`);
    query.set(key, written);
  }
  return [...query];
}
