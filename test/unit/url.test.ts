import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { startupOptions } from '../../src/config/settings.ts';
import { parseDatabaseUrl } from '../../src/config/url.ts';
import { MigrateError } from '../../src/errors.ts';

const ENV = { USER: 'me', HOME: '/home/me' };
const parse = (url: string, env: Record<string, string> = {}) => parseDatabaseUrl(url, { ...ENV, ...env });

function failure(url: string, env: Record<string, string> = {}): MigrateError {
  try {
    parse(url, env);
  } catch (error) {
    if (error instanceof MigrateError) return error;
    throw error;
  }
  throw new Error('the URL was accepted');
}

/** `user:password@host:port/database`, as in PQuser, PQpass, PQhost, PQport and PQdb. */
const where = (url: string, env: Record<string, string> = {}) =>
  parse(url, { PGSSLMODE: 'disable', ...env })
    .candidates.map((c) => `${c.user}:${c.password ?? ''}@${c.host}:${c.port}/${c.database}`)
    .join(' ');

/** One word per attempt: its host, how, and the files that were named. */
const how = (url: string, env: Record<string, string> = {}) =>
  parse(url, env).candidates.map((c) => {
    const files = [c.tls?.root, c.tls?.crl, c.tls?.cert, c.tls?.key].flatMap((f) =>
      f === 'system' ? [f] : f?.named === true ? [f.path] : [],
    );
    return [c.host, c.tls?.mode ?? 'plain', ...files, ...(c.onlyAfter === null ? [] : [c.onlyAfter])].join(
      ' ',
    );
  });

describe('a URL means what it means to libpq', () => {
  // Each line was compared with PQconninfoParse of libpq 15.18, except that no host is localhost here.
  test.each([
    ['postgres://', 'me:@localhost:5432/me'],
    ['postgresql://u@h', 'u:@h:5432/u'],
    ['postgres://u:p@h:5433/db', 'u:p@h:5433/db'],
    ['postgres://u:@h/db', 'u:@h:5432/db'],
    ['postgres://:p@h/db', 'me:p@h:5432/db'],
    ['postgres://u%40corp:p%3A%2F%3F%23%5B%5D%40%25@h/d%20b', 'u@corp:p:/?#[]@%@h:5432/d b'],
    ['postgres://u:p?x#y@h/db#z', 'u:p?x#y@h:5432/db#z'],
    ['postgres://u:p+q@h/db?application_name=a+b', 'u:p+q@h:5432/db'],
    ['postgres://u:pä%C3%B6@h/données', 'u:päö@h:5432/données'],
    ['postgres://u@[::1]:5433/db', 'u:@::1:5433/db'],
    ['postgres://u@[fe80::1%25eth0]/db', 'u:@fe80::1%eth0:5432/db'],
    ['postgres://u@h1:1,h2:2/db', 'u:@h1:1/db u:@h2:2/db'],
    ['postgres://u@h1:1,h2/db', 'u:@h1:1/db u:@h2:5432/db'],
    ['postgres://u@h1,[::1]:2/db', 'u:@h1:5432/db u:@::1:2/db'],
    ['postgres://u@,h2/db', 'u:@localhost:5432/db u:@h2:5432/db'],
    ['postgres://u@/db?host=h1,h2&port=5', 'u:@h1:5/db u:@h2:5/db'],
    ['postgres://u@h:5433/a/b', 'u:@h:5433/a/b'],
    ['postgres:///db?host=/var/run/postgresql', 'me:@/var/run/postgresql:5432/db'],
    ['postgres://%2Fvar%2Frun%2Fpostgresql:5433/db', 'me:@/var/run/postgresql:5433/db'],
    ['postgres://u:p@h:1/db?user=v&password=q&host=i&port=2&dbname=e', 'v:q@i:2/e'],
    ['postgres://h/db?password=', 'me:@h:5432/db'],
    ['postgres://u@h/db?hostaddr=10.0.0.1', 'u:@10.0.0.1:5432/db'],
    ['postgres://u@h:/db?', 'u:@h:5432/db'],
    ['postgres://u@h:/db?host=h&', 'u:@h:5432/db'],
  ])('%s', (url, expected) => {
    expect(where(url)).toBe(expected);
  });

  test('and the PG variables fill in where it is silent', () => {
    const env = { PGHOST: 'h1,h2', PGPORT: '1,2', PGUSER: 'u', PGPASSWORD: 'p', PGDATABASE: 'db' };
    expect(where('postgres://', env)).toBe('u:p@h1:1/db u:p@h2:2/db');
    expect(where('postgres://v:q@i:3/e', env)).toBe('v:q@i:3/e');
    expect(where('postgres://v@i/e', { PGPORT: '9', PGPASSWORD: 'p' })).toBe('v:p@i:9/e');
    expect(where('postgres://v@i:3,j/e', { PGPORT: '9' })).toBe('v:@i:3/e v:@j:5432/e');
    expect(where('postgres://v@i/e?password=', { PGPASSWORD: 'p' })).toBe('v:@i:5432/e');
    const named = parse('postgres://', { PGAPPNAME: 'a', PGCONNECT_TIMEOUT: '7', PGOPTIONS: '-c a.b=c' });
    expect(named).toMatchObject({ applicationName: 'a', connectTimeoutMs: 7000, options: '-c a.b=c' });
    expect(parse('postgres://', { PGTZ: 'UTC', PGDATESTYLE: 'default' }).settings).toEqual([
      ['timezone', 'UTC'],
    ]);
    expect(parse('postgres://?TimeZone=CET', { PGTZ: 'UTC' }).settings).toEqual([['TimeZone', 'CET']]);
  });

  test('an empty variable is unset, but an empty PGSSLMODE is refused: it may have meant verify-full', () => {
    expect(where('postgres://h/db', { PGPORT: '', PGUSER: '', PGOPTIONS: '' })).toBe('me:@h:5432/db');
    expect(failure('postgres://h/db', { PGSSLMODE: '' }).message).toBe('PGSSLMODE is not an sslmode');
  });

  test('a raw @ in a password ends at the last one, as in Go; libpq would look up the rest as a host', () => {
    expect(where('postgres://u:p@ss@h/db')).toBe('u:p@ss@h:5432/db');
    expect(where('postgres://u:p@h?user=a@b')).toBe('a@b:p@h:5432/a@b');
  });

  test('timeouts are in milliseconds, and none of them overflows Node’s timers', () => {
    const timeout = (value: string) => parse(`postgres://h?connect_timeout=${value}`).connectTimeoutMs;
    expect(['0', '-1', '1', '10', '9999999'].map(timeout)).toEqual([0, 0, 2000, 10000, 2147483647]);
    expect(parse('postgres://h').connectTimeoutMs).toBe(null);
    expect(parse('postgres://h?keepalives=0&keepalives_idle=9').keepAliveIdleMs).toBe(null);
    expect(parse('postgres://h?keepalives_idle=9&keepalives_count=3')).toMatchObject({
      keepAliveIdleMs: 9000,
      warnings: ['keepalives_count is ignored: Node cannot set it'],
    });
  });

  test('application_name wins over the fallback', () => {
    const name = (query: string) => parse(`postgres://h?${query}`).applicationName;
    expect(name('fallback_application_name=f')).toBe('f');
    expect(name('fallback_application_name=f&application_name=a')).toBe('a');
    expect(name('')).toBe(null);
  });
});

describe('sslmode means what it means to libpq', () => {
  test.each([
    ['', ['h encrypt', 'h plain tls-failed']],
    ['sslmode=disable', ['h plain']],
    ['sslmode=allow', ['h plain', 'h encrypt refused']],
    ['sslmode=prefer', ['h encrypt', 'h plain tls-failed']],
    ['sslmode=require', ['h encrypt']],
    ['ssl=true', ['h encrypt']],
    ['sslmode=verify-ca', ['h verify-ca']],
    ['sslmode=verify-full', ['h verify-full']],
    ['sslmode=verify-full&sslrootcert=/ca', ['h verify-full /ca']],
    ['sslmode=require&sslrootcert=/ca', ['h verify-ca /ca']],
    ['sslrootcert=/ca', ['h verify-ca /ca', 'h plain tls-failed']],
    ['sslrootcert=system', ['h verify-full system']],
    ['sslmode=require&sslrootcert=/ca&sslcrl=/crl', ['h verify-ca /ca /crl']],
    ['sslmode=require&sslcert=/c&sslkey=/k', ['h encrypt /c /k']],
    ['sslmode=require&sslcert=/c', ['h encrypt /c']],
    ['sslmode=require&sslcert=/c&sslkey=/k&sslcertmode=disable', ['h encrypt']],
    ['sslmode=require&host=h1,h2', ['h1 encrypt', 'h2 encrypt']],
    ['host=h1,h2', ['h1 encrypt', 'h1 plain tls-failed', 'h2 encrypt', 'h2 plain tls-failed']],
    ['sslmode=verify-full&host=/run', ['/run plain']],
    ['sslmode=verify-full&host=/run,h2&sslrootcert=/ca', ['/run plain', 'h2 verify-full /ca']],
  ])('%s', (query, expected) => {
    expect(how(`postgres://h/db?${query}`)).toEqual(expected);
  });

  test('and has files at home where none is named', () => {
    const tls = parse('postgres://h?sslmode=verify-full').candidates[0]?.tls;
    const at = (keyword: string, name: string) => ({
      path: `/home/me/.postgresql/${name}`,
      keyword,
      named: false,
    });
    expect(tls).toMatchObject({
      root: at('sslrootcert', 'root.crt'),
      crl: at('sslcrl', 'root.crl'),
      cert: at('sslcert', 'postgresql.crt'),
      key: at('sslkey', 'postgresql.key'),
    });
    const windows = parseDatabaseUrl('postgres://h', { USERNAME: 'me', APPDATA: 'C:\\me' });
    expect(windows.candidates[0]?.tls?.root).toMatchObject({
      path: 'C:\\me/postgresql/root.crt',
      named: false,
    });
    expect(windows.passfile).toMatchObject({ path: 'C:\\me/postgresql/pgpass.conf', named: false });
    expect(parse('postgres://h').passfile).toMatchObject({ path: '/home/me/.pgpass', named: false });
    expect(parse('postgres://h?passfile=/p', { PGPASSFILE: '/q' }).passfile).toMatchObject({
      path: '/p',
      named: true,
    });
    expect(parse('postgres://h', { PGPASSFILE: '/q' }).passfile).toMatchObject({ path: '/q', named: true });
    const system = parse('postgres://h?sslrootcert=system', { SSL_CERT_FILE: '/ca' }).candidates[0]?.tls;
    expect(system).toMatchObject({ mode: 'verify-full', root: { path: '/ca', named: true } });
  });

  test('and comes from PGSSLMODE or PGREQUIRESSL where the URL is silent', () => {
    expect(how('postgres://h', { PGSSLMODE: 'require', PGSSLROOTCERT: '/ca' })).toEqual(['h verify-ca /ca']);
    expect(how('postgres://h', { PGREQUIRESSL: '1' })).toEqual(['h encrypt']);
    expect(how('postgres://h?sslmode=disable', { PGREQUIRESSL: '1' })).toEqual(['h plain']);
  });

  test('the certificate has to name the host as written, wherever hostaddr says it is', () => {
    const names = (q: string) => parse(`postgres://${q}`).candidates.map((c) => c.tls?.servername);
    expect(names('db.example/x?hostaddr=10.0.0.1&sslmode=require')).toEqual(['db.example']);
    expect(names('?hostaddr=10.0.0.1&sslmode=require')).toEqual(['10.0.0.1']);
    // libpq: "host name must be specified for a verified SSL connection".
    expect(failure('postgres://?hostaddr=10.0.0.1&sslmode=verify-full').message).toMatch(
      /needs a host beside/,
    );
  });

  test('versions are within limits, 1.2 if nothing is said', () => {
    const versions = (query: string) => {
      const { minVersion, maxVersion } = parse(`postgres://h?${query}`).candidates[0]?.tls ?? {};
      return `${minVersion} ${maxVersion}`;
    };
    expect(versions('')).toBe('TLSv1.2 TLSv1.3');
    expect(versions('ssl_min_protocol_version=tlsv1.3')).toBe('TLSv1.3 TLSv1.3');
    expect(versions('ssl_min_protocol_version=&ssl_max_protocol_version=TLSv1.1')).toBe('TLSv1 TLSv1.1');
  });

  test('a public authority’s certificate is not enough for a mode that checks no name', () => {
    expect(failure('postgres://h?sslrootcert=system&sslmode=verify-ca').message).toMatch(
      /only with .*verify-full/,
    );
    expect(() => parseDatabaseUrl('postgres://u@h?sslmode=verify-full', {})).toThrow(/needs sslrootcert/);
  });
});

describe('golang-migrate’s URLs work', () => {
  test.each(['pgx', 'pgx4', 'pgx5', 'PGX5'])('with the scheme %s', (scheme) => {
    expect(where(`${scheme}://u:p@h:1/db`)).toBe('u:p@h:1/db');
  });

  test.each([
    ['', null, 'schema_migrations'],
    ['x-migrations-table=', null, 'schema_migrations'],
    ['x-migrations-table=a.b', null, 'a.b'],
    ['x-migrations-table="a"', null, '"a"'],
    ['x-migrations-table=%22a%22.%22b%22&x-migrations-table-quoted=1', 'a', 'b'],
    ['x-migrations-table="a.b"&x-migrations-table-quoted=T', null, 'a.b'],
    ['x-migrations-table="my+schema"."t"&x-migrations-table-quoted=true', 'my schema', 't'],
    ['x-migrations-table="a""b"&x-migrations-table-quoted=TRUE', 'a', 'b'],
    ['x-migrations-table=a.b&x-migrations-table-quoted=F', null, 'a.b'],
  ])('and name the table: %s', (query, schema, name) => {
    expect(parse(`postgres://h/db?${query}`)).toMatchObject({ table: { schema, name }, warnings: [] });
  });

  test.each([
    [
      'x-migrations-table=a.b&x-migrations-table-quoted=true',
      `x-migrations-table must be quoted (for instance '"migrate"."schema_migrations"') when x-migrations-table-quoted is enabled, current value is: a.b`,
    ],
    [
      'x-migrations-table="a"."b"."c"&x-migrations-table-quoted=true',
      '""a"."b"."c"" MigrationsTable contains too many dot characters',
    ],
    [
      'x-migrations-table-quoted=yes',
      'unable to parse option x-migrations-table-quoted: strconv.ParseBool: parsing "yes": invalid syntax',
    ],
    ['x-migrations-table-quoted=true', 'x-migrations-table-quoted is enabled without x-migrations-table'],
    ['x-migrations-table="&x-migrations-table-quoted=true', 'x-migrations-table has an empty name in it'],
    ['x-migrations-table="".""&x-migrations-table-quoted=true', 'x-migrations-table has an empty name in it'],
    [
      'x-statement-timeout=5s',
      'unable to parse option x-statement-timeout: strconv.Atoi: parsing "5s": invalid syntax',
    ],
    ['x-lock-strategy=row', 'unknown lock strategy "row"'],
  ])('and fail as there: %s', (query, message) => {
    expect(failure(`postgres://h/db?${query}`).message).toBe(message);
  });

  test('and say how files are run', () => {
    const more = (query: string) => parse(`pgx5://h/db?${query}`);
    expect(more('x-multi-statement=true')).toMatchObject({ multiStatement: true, warnings: [] });
    expect(more('x-multi-statement=0')).toMatchObject({ multiStatement: false, warnings: [] });
    const timeout = 'x-statement-timeout=500';
    expect(more(timeout)).toMatchObject({ settings: [['statement_timeout', '500']], warnings: [] });
    expect(more(`${timeout}&Statement_Timeout=5s`).settings).toEqual([['Statement_Timeout', '5s']]);
    expect(more('x-statement-timeout=0').settings).toEqual([]);
  });

  test('and what has no meaning here is parsed, and said to be unused', () => {
    const query = 'x-multi-statement-max-size=0&x-lock-strategy=table&x-lock-table=l&x-multi-tenant=1';
    const database = parse(
      `pgx://h/db?${query}&pool_max_conns=4&default_query_exec_mode=exec&binary_parameters=yes`,
    );
    expect(database).toMatchObject({
      unused: {
        multiStatementMaxSize: 10485760,
        lockStrategy: 'table',
        lockTable: 'l',
      },
    });
    expect(database.warnings.map((w) => w.split(/:| is /)[0])).toEqual([
      '"pool_max_conns"',
      '"default_query_exec_mode"',
      '"binary_parameters"',
      '"x-multi-tenant"',
      'x-multi-statement-max-size',
      'x-lock-strategy',
      'x-lock-table',
    ]);
  });

  test('and settings of the server go to the server, in the way Go reads them', () => {
    const { settings } = parse('postgres://h?search_path="My+App",public&lock_timeout=5s&app.tenant=a%2Bb');
    expect(settings).toEqual([
      ['search_path', '"My App",public'],
      ['lock_timeout', '5s'],
      ['app.tenant', 'a+b'],
    ]);
    // Read back from PostgreSQL 15 with current_setting().
    expect(startupOptions('-c a.b=1', settings)).toBe(
      '-c a.b=1 -c search_path="My\\ App",public -c lock_timeout=5s -c app.tenant=a+b',
    );
    expect(startupOptions(null, [['app.x', 'a\\b\tc']])).toBe('-c app.x=a\\\\b\\\tc');
    expect(startupOptions(null, [])).toBe(null);
  });

  test.each([
    ['postgres://h/app', '/app'],
    ['postgres://h/donn%C3%A9es?sslmode=disable', '/données'],
    ['postgres://h/', '/'],
    ['postgres://h/app?dbname=other', '/app'],
    ['postgres://h?dbname=app', null],
    ['postgres://h', null],
  ])('and the path for the lock id of %s is %s', (url, path) => {
    expect(parse(url).urlPath).toBe(path);
  });
});

describe('nothing is ignored in silence', () => {
  test.each([
    ['sslmod=require', 'the parameter "sslmod" is not known; did you mean sslmode?'],
    ['SSLMODE=require', 'the parameter "SSLMODE" is not known; did you mean sslmode?'],
    ['serch_path=a', 'the parameter "serch_path" is not known; did you mean search_path?'],
    ['schema=a', 'the parameter "schema" is not known; did you mean search_path?'],
    ['ssl=false', 'the parameter "ssl" is not known; did you mean sslmode?'],
    ['constructor=a', 'the parameter "constructor" is not known'],
    ['service=s', 'service in the URL is not supported: service files are not read'],
    ['load_balance_hosts=random', /load_balance_hosts in the URL is supported only as disable/],
    ['sslnegotiation=direct', 'sslnegotiation in the URL is supported only as postgres yet'],
    ['gssencmode=require', /gssencmode .* only as disable or prefer: GSSAPI is not supported/],
    ['channel_binding=required', 'channel_binding in the URL can only be disable, prefer or require'],
    ['target_session_attrs=', /target_session_attrs in the URL can only be any, read-write, read-only, /],
    [
      'target_session_attrs=writable',
      /target_session_attrs in the URL can only be any, .* or prefer-standby/,
    ],
    ['require_auth=scram-sha-256', 'require_auth in the URL is not supported yet'],
    ['sslcrldir=/f', 'sslcrldir in the URL is not supported: sslcrl, a file, is'],
    ['sslcertmode=require', /sslcertmode in the URL is supported only as disable or allow/],
    ['sslsni=no', 'sslsni in the URL can only be 0 or 1'],
    ['ssl_min_protocol_version=TLSv1.4', 'ssl_min_protocol_version in the URL is not a version of TLS'],
    [
      'ssl_min_protocol_version=TLSv1.3&ssl_max_protocol_version=TLSv1.2',
      /is above ssl_max_protocol_version/,
    ],
    ['hostaddr=db.example', 'hostaddr is not an address'],
    ['requirepeer=postgres', /requirepeer in the URL is not supported/],
    ['sslmode=verify_full', 'sslmode in the URL is not an sslmode'],
    ['sslmode=', 'sslmode in the URL is not an sslmode'],
    ['sslmode=disable&sslmode=require', '"sslmode" is given twice with different values'],
    ['sslmode=verify-full&ssl=true', 'ssl and sslmode are both given'],
    ['connect_timeout=', 'connect_timeout in the URL is not a whole number'],
    ['port=0', 'port in the URL is not a number from 1 to 65535'],
    ['port=1,2', 'there are 2 ports for 1 host'],
    ['hostaddr=1.1.1.1,2.2.2.2', 'there are 1 hosts and 2 addresses in hostaddr'],
    ['host=@abstract', /abstract sockets/],
    ['sslmode', 'a parameter after the ? has no ='],
    ['application_name=%zz', /value of "application_name" holds a % without/],
    ['application_name=%00', /holds a NUL/],
  ])('%s', (query, message) => {
    expect(() => parse(`postgres://h/db?${query}`)).toThrow(message);
  });

  test('what asks for nothing else is accepted', () => {
    const harmless =
      'gssencmode=prefer&client_encoding=UTF8&service=&sslnegotiation=postgres&load_balance_hosts=disable';
    expect(parse(`postgres://h/db?${harmless}`).warnings).toEqual([]);
    expect(parse('postgres://h?options=-c+a.b%3Dc').warnings[0]).toMatch(/^the \+ in options is a plus/);
  });

  test('a variable that cannot be honoured is named', () => {
    const { message, hint } = failure('postgres://h', { PGSERVICE: 's' });
    expect([message, hint]).toEqual([
      'PGSERVICE is not supported: service files are not read',
      'unset PGSERVICE',
    ]);
    expect(failure('postgres://h', { PGPORT: 'x' }).message).toBe('PGPORT is not a number from 1 to 65535');
  });

  test.each([
    ['', 'the URL is empty'],
    ['h:5432/db', 'the URL does not begin with postgres://'],
    ['mysql://h/db', 'the URL’s scheme is not postgres or postgresql'],
    ['postgres://[::1/db', 'the brackets around a host are not right'],
    ['postgres://::1/db', 'port in the URL is not a number from 1 to 65535'],
    [
      'postgres://h?user=a@b',
      'there is an @ after a ?, and psql would take all before it for user and password',
    ],
    ['postgres://u:1/p@h/db', 'there is an @ after the first /'],
  ])('%s', (url, message) => {
    expect(failure(url)).toMatchObject({ code: 'MIGRATION_INIT_FAILED', reason: 'url', message });
  });
});

test.each([
  ['app:secret@db/app', 'put postgres:// before it'],
  ['app:secret@db/app?sslmode=require', 'put postgres:// before it'],
  ['db:5432/app', 'put postgres:// before it'],
  ['postgres:app:secret@db/app', 'behind the scheme comes ://, as in postgres://user@host:5432/database'],
  ['pgx5:/app:secret@db/app', 'behind the scheme comes ://, as in postgres://user@host:5432/database'],
  ['jdbc:postgresql://db/app?password=secret', 'write it as postgres://user@host:5432/database'],
  ['app', 'write it as postgres://user@host:5432/database'],
])('a URL without its beginning is told how to begin, and not quoted: %s', (url, hint) => {
  const error = failure(url);
  expect(error).toMatchObject({ message: 'the URL does not begin with postgres://', hint });
  expect(inspect(error)).not.toContain('secret');
});

const AWKWARD = [
  ':/?#[]@!$&\'()*+,;=%"<>\\^`{|} ~',
  '%',
  '%41%zz',
  '100%',
  ' leading and trailing ',
  'päßwörd-密码-🔑',
  'postgres://u:p@h/db',
  "';drop table x;--",
  '\t\n',
];
const percent = (text: string) => encodeURIComponent(text);
const all = (text: string) =>
  [...Buffer.from(text)].map((b) => `%${b.toString(16).padStart(2, '0')}`).join('');

describe('a password', () => {
  test.each(AWKWARD)('%j arrives whole by every way, and is not on display', (password) => {
    const urls: [string, Record<string, string>][] = [
      [`postgres://u:${percent(password)}@h/db`, {}],
      [`postgres://u:${all(password)}@h/db`, {}],
      [`postgres://u@h/db?password=${percent(password)}`, {}],
      ['postgres://u@h/db', { PGPASSWORD: password }],
    ];
    for (const [url, env] of urls) {
      const { candidates, display, secrets } = parse(url, env);
      expect(new Set(candidates.map((c) => c.password))).toEqual(new Set([password]));
      expect(display).toBe('u@h:5432/db');
      expect(secrets).toContain(password);
      expect(secrets).toContain(percent(password));
      expect(secrets).toContain(JSON.stringify(password).slice(1, -1));
      const redacted = secrets.reduce((text, secret) => text.replaceAll(secret, '***'), url);
      expect(redacted).not.toContain(percent(password));
      if (url.includes(all(password))) expect(redacted).not.toContain(all(password));
    }
  });

  test('that is empty is none, and there is nothing to strike out', () => {
    for (const url of ['postgres://u:@h', 'postgres://u@h?password=', 'postgres://u@h']) {
      expect(parse(url)).toMatchObject({ secrets: [], candidates: [{ password: null }, { password: null }] });
    }
  });

  test('never shows in an error: not in its text, its JSON, its cause or its stack', () => {
    const password = 'hunter2';
    // Whole, or cut by what should have been percent-encoded: no half of it may be quoted either.
    const urls = [
      ...[
        '/db?sslmode=x',
        '/db?sslmod=x',
        '/db?service=s',
        '/db?x-lock-strategy=x',
        ':x/db',
        '/%zz',
        '/%e9',
        '/d@b',
        '/db?a',
        ':1,h2:2,h3:/db?port=1,2',
        '/db?user=%00',
        '/db?sslmode=require&sslmode=prefer',
      ].map((rest) => `postgres://u:${password}@h${rest}`),
      ...['%zz', '%', '%e9', '%00', '/', '/x?', ':x/', '?a=', '/?a', '#/', '[/', '%zz/'].flatMap((cut) => [
        `postgres://u:${password}${cut}${password}@h/db`,
        `postgres://u:1${cut}${password}@h/db`,
        `postgres://u:${password}${cut}@h:x/db`,
      ]),
      `postgres://u@h/db?password=${password}&${password}=1`,
      `postgres://u@h/db?password=a&x-${password}=1`,
      `postgres://u@h/db?password=a&${password}`,
      `postgres://u@h/db?password=${password}%zz`,
      `postgres://[u:${password}@h`,
      `postgres:u:${password}@h/db`,
      `mysql://u:${password}@h/db`,
      `host=h password=${password}`,
      password,
    ];
    let failed = 0;
    for (const url of urls) {
      try {
        const { display, warnings } = parse(url);
        expect(`${display} ${warnings}`, url).not.toContain(password);
      } catch (error) {
        failed++;
        expect(error).toBeInstanceOf(MigrateError);
        const { message, stack, cause, hint, details } = error as MigrateError;
        const everything = [
          JSON.stringify(error),
          inspect(error, { showHidden: true, depth: 9 }),
          message,
          stack,
          hint,
        ];
        expect([...everything, ...details].join('\n'), url).not.toContain(password);
        expect(cause).toBeUndefined();
      }
    }
    expect(failed).toBeGreaterThan(40);
  });

  test('in the environment never shows in an error either', () => {
    const error = failure('postgres://h:x/db', { PGPASSWORD: 'hunter2' });
    expect(inspect(error, { showHidden: true, depth: 9 }) + JSON.stringify(error)).not.toContain('hunter2');
  });
});

describe('the display', () => {
  test.each([
    ['postgres://u:p@h1:1,[::1]:2/db', 'u@h1:1,[::1]:2/db'],
    ['postgres://u:p@/db?host=/run', 'u@/run:5432/db'],
    ['postgres://u:p@h/db?hostaddr=10.0.0.1', 'u@h:5432/db'],
    ['postgres://u:p@h/d%1B%5B31mb', 'u@h:5432/d?[31mb'],
  ])('of %s is %s', (url, expected) => {
    expect(parse(url).display).toBe(expected);
  });
});
