import { describe, expect, it } from 'vitest';
import { readDocument } from '../../src/config/document.ts';
import { originText } from '../../src/config/layer.ts';
import { masked } from '../../src/config/masked.ts';
import { parseDatabaseUrl } from '../../src/config/url.ts';
import { configOf, databaseOf, type Given, problemsOf } from '../support/configuration.ts';

/** ToolHive's own example, without its password. */
const section = (...more: readonly string[]): string =>
  [
    'database:',
    '  host: localhost',
    '  port: 5432',
    '  user: app',
    '  database: registry',
    ...more.map((l) => `  ${l}`),
  ].join('\n');

describe('ToolHive’s section', () => {
  it.each([
    [
      'as documented',
      ['password: secret', 'sslmode: disable'],
      'app:secret@localhost:5432/registry?sslmode=disable',
    ],
    [
      'sslMode',
      ['password: secret', 'sslMode: verify-full'],
      'app:secret@localhost:5432/registry?sslmode=verify-full',
    ],
    ['SSLMODE: Disable', ['SSLMODE: Disable'], 'app@localhost:5432/registry?sslmode=disable'],
    ['TLS where it says nothing', [], 'app@localhost:5432/registry?sslmode=require'],
    ['a password of digits', ['password: 007'], 'app:007@localhost:5432/registry?sslmode=require'],
    [
      'a password of signs',
      ['password: "p@:/?#[]%&= é"'],
      'app:p%40%3A%2F%3F%23%5B%5D%25%26%3D%20%C3%A9@localhost:5432/registry?sslmode=require',
    ],
    [
      'another role to migrate',
      ['password: a', 'migrationUser: m', 'migrationPassword: b'],
      'm:b@localhost:5432/registry?sslmode=require',
    ],
    [
      'whose password is elsewhere',
      ['password: a', 'migrationUser: m'],
      'm@localhost:5432/registry?sslmode=require',
    ],
    [
      'the same role to migrate',
      ['password: a', 'migrationUser: app'],
      'app:a@localhost:5432/registry?sslmode=require',
    ],
    [
      'what is not for us',
      ['maxOpenConns: 25', 'maxIdleConns: 5', 'connMaxLifetime: 5m', 'maxMetaSize: 262144'],
      'app@localhost:5432/registry?sslmode=require',
    ],
  ])('%s', (_what, more, url) => {
    expect(databaseOf({ file: section(...more) })).toBe(`postgres://${url}`);
  });

  it.each(['::1', '/var/run/postgresql', 'a,b'])('host: %s arrives as it is', (host) => {
    const url = databaseOf({ file: `database: { host: "${host}", user: u, database: d/e }` });
    const { candidates } = parseDatabaseUrl(url, {});
    expect(candidates.map((c) => c.host)).toEqual(host.split(','));
    expect(candidates[0]).toMatchObject({ user: 'u', database: 'd/e', port: 5432 });
  });

  it('a password of every sign arrives as it is', () => {
    const password = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i)).join('');
    const file = section(`password: '${password.replaceAll("'", "''").replace('${', '$${')}'`);
    expect(parseDatabaseUrl(databaseOf({ file }), {}).candidates[0]?.password).toBe(password);
  });

  it('is filled in by libpq’s variables, and does not overrule itself by them', () => {
    const environment = { PGHOST: 'h', PGUSER: 'u', PGDATABASE: 'd', PGSSLMODE: 'verify-ca', PGPORT: '1' };
    expect(databaseOf({ file: 'database: { port: 2 }', environment })).toBe('postgres://:2/');
    expect(databaseOf({ file: section(), environment })).toBe('postgres://app@localhost:5432/registry');
  });

  it('without a place names what is missing', () => {
    expect(problemsOf({ file: 'database:\n  port: 5432\n', environment: { PGUSER: 'u' } })).toEqual([
      'rungs.yaml:1:1: database.host is required, or PGHOST',
      'rungs.yaml:1:1: database.database is required, or PGDATABASE',
    ]);
  });

  it('refuses what would need a token, and one setting in two spellings', () => {
    expect(problemsOf({ file: section('dynamicAuth: { awsRdsIam: { region: detect } }') })).toEqual([
      'rungs.yaml:6:3: database.dynamicAuth is a section: it is not supported: have the token put into PGPASSWORD',
    ]);
    expect(problemsOf({ file: section('sslmode: require', 'sslMode: disable') })).toEqual([
      'rungs.yaml:7:3: this key is there twice',
    ]);
  });
});

describe('passwordFile', () => {
  const files = { 'conf/secrets/pw': '\n  p w \r\n', 'conf/empty': '\n' };

  it('is read beside the file, without the blanks around the password', () => {
    expect(databaseOf({ file: section('passwordFile: secrets/pw'), files })).toContain('app:p%20w@');
  });

  it('is of the role that migrates', () => {
    const file = section('password: x', 'migrationUser: m', 'passwordFile: secrets/pw');
    expect(databaseOf({ file, files })).toContain('//m:p%20w@');
  });

  it.each([
    [['passwordFile: gone'], 'database.passwordFile: cannot read conf/gone'],
    [['passwordFile: empty'], 'database.passwordFile: the file is empty'],
    [['password: x', 'passwordFile: secrets/pw'], 'database.passwordFile and a password are both given'],
  ])('%j', (more, message) => {
    const [problem] = problemsOf({ file: section(...more), files });
    expect(problem).toMatch(/^rungs\.yaml:\d:3: /);
    expect(problem).toContain(message);
  });
});

describe('a file that holds a password', () => {
  const dollar = '$';
  it.each([
    ['database: postgres://u:pw@h/d', true],
    [`database: postgres://u:pw@${dollar}{HOST}/d`, true],
    [`database: postgres://u:${dollar}{PW}@h/d`, false],
    ['database: postgres://u@h/d', false],
    [`database: ${dollar}{PW}`, false],
    ["database: host=h password='p w'", true],
    ['database:\n  password: pw', true],
    [`database:\n  password: pw-${dollar}{PW}`, true],
    [`database:\n  migrationPassword: ${dollar}{PW}`, false],
    ['path: password', false],
  ])('%s: %s', (file, holds) => {
    expect(readDocument(file, 'rungs.yaml', { PW: 'x', HOST: 'h' }).holdsPassword).toBe(holds);
  });
});

describe('which database', () => {
  const file = section('password: from-file', 'sslmode: disable');
  const DATABASE_URL = 'postgres://e@h/env';

  it.each([
    [
      'DATABASE_URL over the file',
      { file, environment: { DATABASE_URL } },
      DATABASE_URL,
      'DATABASE_URL',
      'rungs.yaml:1',
    ],
    ['.env’s too', { file, dotenv: { DATABASE_URL } }, DATABASE_URL, 'DATABASE_URL (.env)', 'rungs.yaml:1'],
    [
      'a flag over both',
      { file, environment: { DATABASE_URL }, flags: { database: 'x' } },
      'x',
      '--database',
      null,
    ],
    ['the file alone', { file: 'database: host=a' }, 'host=a', 'rungs.yaml:1', null],
    [
      'a file that names the variable, which is then not passed over',
      { file: `database: ${'$'}{DATABASE_URL}`, environment: { DATABASE_URL } },
      DATABASE_URL,
      'DATABASE_URL',
      null,
    ],
  ] as readonly [string, Given, string, string, string | null][])(
    '%s',
    (_what, given, url, source, other) => {
      const { database, overruled } = configOf(given);
      expect(database?.value).toBe(url);
      expect(database === null ? null : originText(database.origin)).toBe(source);
      expect(overruled === null ? null : originText(overruled)).toBe(other);
    },
  );

  it('none is no error yet: not every command needs one', () => {
    expect(configOf({}).database).toBeNull();
  });

  it('ToolHive’s variables win over a section’s passwords, and mean nothing without one', () => {
    const environment = { THV_REGISTRY_DATABASE_PASSWORD: 'a', THV_REGISTRY_DATABASE_MIGRATIONPASSWORD: 'b' };
    expect(databaseOf({ file: section('password: x', 'sslmode: disable'), environment })).toContain('app:b@');
    const { THV_REGISTRY_DATABASE_PASSWORD } = environment;
    expect(
      databaseOf({ file: section('password: x'), environment: { THV_REGISTRY_DATABASE_PASSWORD } }),
    ).toContain('app:a@');
    expect(databaseOf({ environment })).toBe('none');
    expect(databaseOf({ environment: { ...environment, DATABASE_URL } })).toBe(DATABASE_URL);
  });
});

describe('no message holds a password', () => {
  const SECRET = 'pa55word';

  it.each([
    `database: postgres://u:${SECRET}@h/d\nlockTimout: 1`,
    `database: [postgres://u:${SECRET}@h/d]`,
    `database:\n  password: { ${SECRET}: 1 }`,
    `database:\n  password: *${SECRET}`,
    `database:\n  password: !${SECRET}`,
    `database:\n  password: @${SECRET}`,
    `database:\n  password: %${SECRET}`,
    `database:\n  password: "\\q${SECRET}"`,
    `database:\n  password: '${SECRET}`,
    `database:\n  password: 'a'${SECRET}`,
    `database:\n  password: ${SECRET}: x`,
    `database:\n  password: [${SECRET}`,
    `database:\n  password: &${SECRET}`,
    `database:\n  passwordFile: x\n  password: ${SECRET}`,
    `path: postgres://u:${SECRET}@h/d`,
    `postgres://u:${SECRET}@h/d`,
    `database:\npostgres://u:${SECRET}@h/d`,
  ])('%s', (file) => {
    expect(problemsOf({ file }).join('\n')).not.toContain(SECRET);
  });
});

describe('a connection string for people to see', () => {
  it.each([
    ['postgres://u:p@h:1/d?sslmode=disable', 'postgres://u:***@h:1/d?sslmode=disable'],
    ['postgres://u:p%40q@h/d', 'postgres://u:***@h/d'],
    ['postgres://u:p@q@h/d', 'postgres://u:***@h/d'],
    ['postgres://u@h/d?password=pw', 'postgres://u@h/d?password=***'],
    ['postgres://u:one@h/d?password=two', 'postgres://u:***@h/d?password=***'],
    ['postgres://u@h/d', 'postgres://u@h/d'],
    ['postgres://u:pw@h/d?sslmode=verify-full', 'postgres://u:***@h/d?sslmode=verify-full'],
    ['host=h user=u password=pw', 'host=h user=u password=***'],
    ["host=h password='p w' user=u", 'host=h password=*** user=u'],
    ["password = 'p w' host=h", '***'],
    ['postgres://app:app@app/app', 'postgres://app:***@app/app'],
    ['not a connection string: pw', '***'],
    ['postgres://u:pw@h/d?passwrd=pw', '***'],
  ])('%s', (text, shown) => {
    expect(masked(text)).toBe(shown);
  });
});
