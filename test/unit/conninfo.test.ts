import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isConninfo, readConninfo } from '../../src/config/conninfo.ts';
import { KEYWORD_NAMES } from '../../src/config/keywords.ts';
import { passwordIn } from '../../src/config/passfile.ts';
import { parseDatabaseUrl } from '../../src/config/url.ts';
import { refusal } from '../support/world.ts';

const ENV = { USER: 'me', HOME: '/home/me', PGSSLMODE: 'disable' };
const parse = (text: string, env: Record<string, string> = {}) => parseDatabaseUrl(text, { ...ENV, ...env });
const pairs = (text: string) => readConninfo(text).pairs.map(([key, value]) => `${key}:${value}`);
const message = (text: string) => refusal(() => parse(text)).message;

describe('a key=value string', () => {
  // Each line was compared with PQconninfoParse of libpq 15.18.
  test.each([
    ['host=h port=5433', ['host:h', 'port:5433']],
    ['  host = h\n\tport\n=\r5433\v\f', ['host:h', 'port:5433']],
    ["password='a b'", ['password:a b']],
    ["password='a\\'b\\\\c\\d'", ["password:a'b\\cd"]],
    ["password=a'b", ["password:a'b"]],
    ['password=a\\ b\\\\c', ['password:a b\\c']],
    ['password=a\\', ['password:a']],
    ["user='u'port=1", ['user:u', 'port:1']],
    ["user='' dbname= port=1", ['user:', 'dbname:port=1']],
    ['dbname=', ['dbname:']],
    ['dbname=a=b', ['dbname:a=b']],
    ['user=ä password=密码🔑', ['user:ä', 'password:密码🔑']],
    // No blank to C.
    ['user=a\u00a0b', ['user:a\u00a0b']],
  ])('%j', (text, expected) => {
    expect(pairs(text)).toEqual(expected);
  });

  test.each([
    ["host=h password='abc", 'a quoted value has no closing quote'],
    ["host=h password='abc\\'", 'a quoted value has no closing quote'],
    ['host=h password=my secret', 'a word has no = behind it'],
    ['host=h password=my s=cret', 'an unknown parameter follows a password'],
    ['host=h =x', 'the parameter a parameter is not known'],
    ['host=h port=x', 'port in the connection string is not a number from 1 to 65535'],
    ['host=h sslmod=require', 'the parameter "sslmod" is not known; did you mean sslmode?'],
    ['sslmode=require sslmode=prefer', '"sslmode" is given twice with different values'],
    ['host=h service=s', 'service in the connection string is not supported: service files are not read'],
    ['host=h\0 x=y', 'the connection string holds a NUL or half a character'],
  ])('%j is refused', (text, expected) => {
    expect(message(text)).toBe(expected);
  });

  test('is one by libpq’s test', () => {
    expect(['host=h', 'x =', 'postgres://h?a=b', ' PGX5://h?a=b', 'dbname', ''].map(isConninfo)).toEqual([
      ...[true, true],
      ...[false, false, false, false],
    ]);
  });

  test('is not what only lacks the beginning of a URL', () => {
    const urls = [
      'app:secret@db/app?sslmode=require',
      'db:5432/app?sslmode=require',
      'app:a=b@db',
      'app@db/a=b',
    ];
    expect(urls.filter(isConninfo)).toEqual([]);
  });

  test('means the same as a URL, settings and golang-migrate’s parameters included', () => {
    const own = parse(
      "host=h1,h2 port=1,2 user=u password='p w' dbname='d b' search_path='\"A b\",public' app.tenant=7 " +
        'x-migrations-table=m target_session_attrs=read-write connect_timeout=9',
    );
    const url = parse(
      'postgres://u:p%20w@h1:1,h2:2/d%20b?search_path=%22A%20b%22,public&app.tenant=7&x-migrations-table=m' +
        '&target_session_attrs=read-write&connect_timeout=9',
    );
    expect(own).toEqual({ ...url, urlPath: null, secrets: own.secrets });
    expect(own.secrets).toContain('p w');
  });

  test('keeps a + as it is, and every form of a password to be struck out', () => {
    expect(parse('host=h search_path=a+b').settings).toEqual([['search_path', 'a+b']]);
    const { secrets, candidates } = parse("host=h password='a\\'b c'");
    expect(candidates[0]?.password).toBe("a'b c");
    expect(secrets).toEqual(expect.arrayContaining(["a\\'b c", "a'b c", "a'b%20c"]));
  });
});

describe('a password file', () => {
  const find = (text: string, name = 'h', port = 5432, database = 'db', user = 'u') =>
    passwordIn(text, { name, port, database, user });

  // Each line was compared with PQpass of libpq 15.18.
  test.each([
    ['h:5432:db:u:secret', 'secret'],
    ['*:*:*:*:secret', 'secret'],
    ['x:*:*:*:no\nh:*:*:*:first\n*:*:*:*:second', 'first'],
    ['#h:*:*:*:no\nh:*:*:*:#yes', '#yes'],
    [' h:*:*:*:no', null],
    ['h:*:*:*:a\\:b\\\\c:d', 'a:b\\c'],
    ['h:*:*:*:a\\', 'a\\'],
    ['h:*:*:*: a ', ' a '],
    ['h:*:*:*:a\r\r\n', 'a'],
    ['h:*:*:*:', ''],
    ['h:*:*:*', null],
    ['h*:*:*:*:no', null],
    ['\\h:5432:\\d\\b:u:yes', 'yes'],
    ['h:5433:db:u:no', null],
    ['H:5432:db:u:no', null],
    ['', null],
  ])('%j', (text, expected) => {
    expect(find(text)).toBe(expected);
  });

  test('names an IPv6 address with or without backslashes, and the default socket as localhost', () => {
    expect(find('\\:\\:1:5432:db:u:a', '::1')).toBe('a');
    expect(find('::1:5432:db:u:a', '::1')).toBe('a');
    expect(find('localhost:5432:db:u:a', '/var/run/postgresql')).toBe('a');
    expect(find('/tmp:5432:db:u:a', '/tmp')).toBe('a');
    expect(find('localhost:5432:db:u:a', '/srv/socket')).toBe(null);
    expect(find('h:5432:d\\:b:u\\:v:a', 'h', 5432, 'd:b', 'u:v')).toBe('a');
  });
});

describe('URLs from a provider’s page are taken as they are', () => {
  test.each([
    'postgresql://owner:npg_x@ep-cool-1234-pooler.eu-central-1.aws.neon.tech/neondb?sslmode=require&channel_binding=require',
    'postgres://owner:npg_x@ep-1.neon.tech/neondb?sslmode=require&options=endpoint%3Dep-1',
    'postgresql://postgres.abcdefgh:pw@aws-0-eu-central-1.pooler.supabase.com:5432/postgres',
    'postgresql://postgres:pw@db.abcdefgh.supabase.co:5432/postgres?sslmode=verify-full&sslrootcert=prod-ca-2021.crt',
    'postgres://app:pw@mydb.abc.eu-central-1.rds.amazonaws.com:5432/app?sslmode=verify-full&sslrootcert=/certs/global-bundle.pem',
    'postgres://app%40myserver:pw@myserver.postgres.database.azure.com:5432/app?sslmode=require',
    'host=myserver.postgres.database.azure.com port=5432 dbname=postgres user=app password=pw sslmode=require',
    'postgres://app:pw@/app?host=/cloudsql/project:europe-west1:instance',
    'postgres://u:pw@p.abc.db.postgresbridge.com:5432/postgres?sslrootcert=system',
    'postgresql://u:pw@free-tier.gcp-us-central1.cockroachlabs.cloud:26257/defaultdb?sslmode=verify-full&options=--cluster%3Dx',
  ])('%s', (text) => {
    expect(parseDatabaseUrl(text, { USER: 'me', HOME: '/home/me' }).warnings).toEqual([]);
  });

  test('a pooler in transaction mode is told of', () => {
    const url = 'postgres://u:pw@h:6543/postgres?pgbouncer=true&connection_limit=1';
    expect(parse(url).warnings).toEqual([
      '"pgbouncer" says that there is a pooler in between: give the database’s own URL if you can',
      '"connection_limit" is for a driver that is not used here, and is ignored',
    ]);
  });
});

test('docs/connection.md tells of every keyword', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/connection.md'), 'utf8');
  expect(KEYWORD_NAMES.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});
