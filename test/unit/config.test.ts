// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is what rungs.yaml has for variables

import { describe, expect, it } from 'vitest';
import { originText } from '../../src/config/layer.ts';
import { configOf, type Given, problemsOf } from '../support/configuration.ts';
import { refusal } from '../support/world.ts';

describe('precedence', () => {
  const file = 'path: from-file\nretry:\n  delay: 1s\n';
  const everywhere: Given = {
    file,
    environment: { MIGRATION_PATH: 'from-environment' },
    flags: { path: 'from-flag' },
  };

  it.each([
    ['a default where nothing is said', {}, 'migrations', 'default'],
    ['the file over defaults, relative to itself', { file }, 'conf/from-file', 'rungs.yaml:1'],
    ['.env over the file', { file, dotenv: { MIGRATION_PATH: 'x' } }, 'x', 'MIGRATION_PATH (.env)'],
    [
      'the environment over .env',
      { file, dotenv: { MIGRATION_PATH: 'x' }, environment: { MIGRATION_PATH: 'y' } },
      'y',
      'MIGRATION_PATH',
    ],
    ['a flag over all of them', everywhere, 'from-flag', '--path'],
    [
      'an empty variable is none',
      { file, environment: { MIGRATION_PATH: '' } },
      'conf/from-file',
      'rungs.yaml:1',
    ],
  ] as const)('%s', (_what, given, value, source) => {
    const { path } = configOf(given);
    expect({ value: path.value, source: originText(path.origin) }).toEqual({ value, source });
  });

  it('is for each value of a section by itself', () => {
    const { attempts, delayMs, deadlineMs } = configOf({ file, environment: { DB_RETRY_ATTEMPTS: '7' } });
    expect([attempts, delayMs, deadlineMs].map((s) => [s.value, originText(s.origin)])).toEqual([
      [7, 'DB_RETRY_ATTEMPTS'],
      [1000, 'rungs.yaml:3'],
      [null, 'default'],
    ]);
  });
});

describe('a file', () => {
  it('says every setting', () => {
    const file = `
# yaml-language-server: $schema=./node_modules/rungs/docs/config.schema.json
database: postgres://app@db.example/app
path: db/migrations
layout: named
sentinel: app.users
onDuplicateObject: skip
table: audit.versions
journal: story
role: owner
confirm: always
requireSteps: true
backupBeforeDown: true
lockStrategy: transaction
lockTimeout: 2m
blocked: { timeout: 500ms, attempts: 3, delay: 2s, queue: 20 }
batchSize: 1
retry: { attempts: 5, delay: 250ms, deadline: 60 }
plain: true
allowMissingDown: true
logFormat: json
`;
    const config = configOf({ file });
    const values = Object.entries(config).flatMap(([key, s]) =>
      s === null || !('value' in s) ? [] : [[key, s.value]],
    );
    expect(Object.fromEntries(values)).toEqual({
      database: 'postgres://app@db.example/app',
      path: 'conf/db/migrations',
      layout: 'named',
      sentinel: 'app.users',
      onDuplicateObject: 'skip',
      table: 'audit.versions',
      journal: 'story',
      role: 'owner',
      confirm: 'always',
      requireSteps: true,
      backupBeforeDown: true,
      lockStrategy: 'transaction',
      lockTimeoutMs: 120_000,
      blockedTimeoutMs: 500,
      blockedAttempts: 3,
      blockedDelayMs: 2000,
      blockedQueue: 20,
      batchSize: 1,
      attempts: 5,
      delayMs: 250,
      deadlineMs: 60_000,
      plain: true,
      allowMissingDown: true,
      logFormat: 'json',
      dryRun: false,
    });
  });

  it.each([
    ['nothing', ''],
    ['comments', '# path: x\n'],
    ['a document’s mark', '---\n'],
    ['a byte order mark', '\uFEFFpath: migrations\n'],
    ['Windows line ends', 'path: migrations\r\nconfirm: down\r\n'],
    ['anchors', 'retry: &r\n  attempts: 3\n'],
    ['ToolHive’s other sections', 'sources:\n  - name: ${NOT_OURS}\nauth: { mode: anonymous }\n'],
  ])('may hold %s', (_what, file) => {
    expect(configOf({ file }).confirm.value).toBe('down');
  });

  it('can use an anchor, merge one, and overrule what is merged', () => {
    const file = `
database: &main
  host: a
  user: u
  database: d
  password: &secret pw
  sslmode: disable
  migrationPassword: *secret
`;
    expect(configOf({ file }).database?.value).toBe('postgres://u:pw@a/d?sslmode=disable');
    const merged = 'retry:\n  <<: { attempts: 9, delay: 2s }\n  delay: 4s\n';
    const { attempts, delayMs } = configOf({ file: merged });
    expect([attempts.value, originText(attempts.origin), delayMs.value]).toEqual([9, 'rungs.yaml:2', 4000]);
  });
});

describe('${NAME} in a file', () => {
  it.each([
    ['the whole of a value', 'path: ${DIR}', 'db'],
    ['a part of it', 'path: x/${DIR}/y', 'x/db/y'],
    ['twice', 'path: ${DIR}/${DIR}', 'db/db'],
    ['in quotes', 'path: "${DIR}"', 'db'],
    ['escaped', 'path: $${DIR}', '${DIR}'],
    ['a lone dollar', 'path: a$b$', 'a$b$'],
    ['what it stands for is not looked at again', 'path: ${NESTED}', '${DIR}'],
  ])('%s', (_what, file, path) => {
    const environment = { DIR: 'db', NESTED: '${DIR}' };
    expect(configOf({ file, environment }).path.value).toBe(`conf/${path}`);
  });

  it('can be a number, a truth value or a time', () => {
    const file = 'requireSteps: ${R}\nlockTimeout: ${T}\nretry:\n  attempts: ${N}\n';
    const config = configOf({ file, dotenv: { R: 'true', T: '3s', N: '4' } });
    expect([config.requireSteps.value, config.lockTimeoutMs.value, config.attempts.value]).toEqual([
      true,
      3000,
      4,
    ]);
  });

  it('that is not set is an error with its line', () => {
    expect(problemsOf({ file: 'confirm: down\npath: ${NOPE}\n' })).toEqual([
      'rungs.yaml:2:1: path: the variable NOPE is not set',
    ]);
  });

  it.each(['${}', '${A-B}', '${A:-default}', '${A', '${A B}'])('%s is not guessed about', (text) => {
    expect(problemsOf({ file: `path: "x${text}"` })).toEqual([
      'rungs.yaml:1:1: path: what follows ${ is not the name of a variable; write $${ for ${ itself',
    ]);
  });

  it('hides what the variable holds from messages', () => {
    const [problem] = problemsOf({ file: 'lockTimeout: ${S}', environment: { S: 'hunter2' } });
    expect(problem).toBe('rungs.yaml:1:1: lockTimeout must be a time: 15s, 500ms, 2m or a number of seconds');
  });
});

describe('a mistake in a file is an error with its place', () => {
  it.each([
    ['lockTimout: 1s', 'rungs.yaml:1:1: lockTimout is not a known key; did you mean lockTimeout?'],
    ['nonsense: 1', 'rungs.yaml:1:1: nonsense is not a known key'],
    ['__proto__: 1', 'rungs.yaml:1:1: __proto__ is not a known key'],
    ['retry:\n  atempts: 1', 'rungs.yaml:2:3: retry.atempts is not a known key; did you mean attempts?'],
    [
      'database: { host: h, user: u, database: d, Pasword: x }',
      'rungs.yaml:1:44: database.Pasword is not a known key; did you mean password?',
    ],
    [
      'confirm: allways',
      'rungs.yaml:1:1: confirm is "allways": it must be one of never, down, always; did you mean always?',
    ],
    ['requireSteps: yes', 'rungs.yaml:1:1: requireSteps is "yes": it must be true or false'],
    ['lockTimeout: soon', /lockTimeout is "soon": it must be a time: 15s/],
    ['lockTimeout: -1s', /must be a time/],
    ['retry: { attempts: 0 }', 'rungs.yaml:1:10: retry.attempts is "0": it must be a number from 1 to 1000'],
    ['blocked: 5s', /blocked is "5s": it must be a section with timeout, attempts, delay or queue/],
    ['blocked: { queue: -1 }', /blocked.queue is "-1": it must be a number from 0/],
    ['retry: 5', 'rungs.yaml:1:1: retry is "5": it must be a section with attempts, delay or deadline'],
    ['path: [a, b]', 'rungs.yaml:1:1: path is a list: it must be a folder'],
    ['path: { a: b }', 'rungs.yaml:1:1: path is a section: it must be a folder'],
    ['path: file:///etc', 'rungs.yaml:1:1: path is a URL: it must be a folder'],
    ['path:', 'rungs.yaml:1:1: path has no value'],
    ['path: ""', 'rungs.yaml:1:1: path has no value'],
    ['table: a.b.c', 'rungs.yaml:1:1: table is "a.b.c": it must be the name of a table, or schema.name'],
    [
      'database: [a]',
      'rungs.yaml:1:1: database must be a connection string, or a section with host, user and database',
    ],
    ['- path: x', 'rungs.yaml:1:1: the file must be a list of `key: value` lines'],
    ['just text', 'rungs.yaml:1:1: the file must be a list of `key: value` lines'],
    ['path: a\npath: b', 'rungs.yaml:2:1: this key is there twice'],
    ['path: a\n---\npath: b', /^rungs.yaml:\d:1: there is a second document/],
    ['retry:\n\tattempts: 3', 'rungs.yaml:2:1: a tab cannot indent: use blanks'],
    ['path: "a', /rungs.yaml:1:\d+: a quote, bracket, colon or comma is missing/],
    ['retry: { attempts: 3', /a quote, bracket, colon or comma is missing|not indented/],
    ['path: !dir x', /a value that begins with ! is a tag/],
    ['path: *nowhere', /is the name of an anchor, and there is none above/],
    ['retry:\n  <<: *nowhere', /^rungs.yaml:2:3: what is behind << must be a section/],
    ['retry:\n  <<: 3', /^rungs.yaml:2:3: what is behind << must be a section/],
    ['path: @x', /a value cannot begin with @/],
    ['path: &a\n  <<: *a\n', /path is a section/],
  ])('%s', (file, expected) => {
    const [problem, ...more] = problemsOf({ file });
    expect(more).toEqual([]);
    if (typeof expected === 'string') expect(problem).toBe(expected);
    else expect(problem).toMatch(expected);
  });
});

describe('all mistakes', () => {
  const given: Given = {
    file: 'pth: x\nconfirm: maybe\nrole: ${NOPE}\ndatabase:\n  prot: 1\n  port: many\n',
    environment: { DB_RETRY_DELAY: 'soon', DB_RETRY_ATTEMPTS: '2.5', DRY_RUN: 'yes' },
    dotenv: { LOG_FORMAT: 'jsno' },
    flags: { 'lock-timeout': 'x', path: '' },
  };

  it('are told at once, each with its place or source, key and value', () => {
    expect(problemsOf(given)).toEqual([
      'rungs.yaml:1:1: pth is not a known key; did you mean path?',
      'rungs.yaml:2:1: confirm is "maybe": it must be one of never, down, always',
      'rungs.yaml:3:1: role: the variable NOPE is not set',
      'rungs.yaml:4:1: database.host is required, or PGHOST',
      'rungs.yaml:4:1: database.user is required, or PGUSER',
      'rungs.yaml:4:1: database.database is required, or PGDATABASE',
      'rungs.yaml:5:3: database.prot is not a known key; did you mean port?',
      'rungs.yaml:6:3: database.port is "many": it must be a number from 1 to 65535',
      'DB_RETRY_ATTEMPTS is "2.5": it must be a number from 1 to 1000',
      'DB_RETRY_DELAY is "soon": it must be a time: 5s, 500ms, 2m or a number of seconds',
      'LOG_FORMAT (.env) is "jsno": it must be one of text, json; did you mean json?',
      '--path has no value',
      '--lock-timeout is "x": it must be a time: 15s, 500ms, 2m or a number of seconds',
      'DRY_RUN is "yes": it must be true or false',
    ]);
  });

  it('are one CONFIG_INVALID, whose reason tells flags from the rest', () => {
    expect(refusal(() => configOf(given))).toMatchObject({ code: 'CONFIG_INVALID', reason: 'config' });
    const { flags = {} } = given;
    expect(refusal(() => configOf({ flags }))).toMatchObject({ code: 'CONFIG_INVALID', reason: 'flag' });
  });
});

describe('variables', () => {
  it.each([
    ['5s', 5000],
    ['500ms', 500],
    ['5', 5000],
    ['0.5s', 500],
    ['2m', 120_000],
    ['0', 0],
  ])('DB_RETRY_DELAY=%s', (DB_RETRY_DELAY, ms) => {
    expect(configOf({ environment: { DB_RETRY_DELAY } }).delayMs.value).toBe(ms);
  });

  it.each([
    ['true', true],
    ['1', true],
    ['false', false],
    ['0', false],
    ['', false],
  ])('DRY_RUN=%s', (DRY_RUN, on) => {
    expect(configOf({ environment: { DRY_RUN } }).dryRun.value).toBe(on);
  });

  it.each(['TRUE', 'yes', 'on', 'ture', ' true'])('DRY_RUN=%s is not guessed about', (DRY_RUN) => {
    expect(problemsOf({ dotenv: { DRY_RUN } })).toEqual([
      `DRY_RUN (.env) is ${JSON.stringify(DRY_RUN)}: it must be true or false`,
    ]);
  });
});

it('tells of a connection string that cannot be used beside all other problems, without a word of it', () => {
  const said = 'cannot be used: port in the URL is not a number from 1 to 65535';
  const url = 'postgres://u:hunter2@h:99999/d';
  expect(problemsOf({ file: `confirm: nope\ndatabase: ${url}\n` })).toEqual([
    'rungs.yaml:1:1: confirm is "nope": it must be one of never, down, always',
    `rungs.yaml:2:1: database ${said}`,
  ]);
  const environment = { DATABASE_URL: url, LOG_FORMAT: 'xml' };
  expect(problemsOf({ environment })).toEqual([
    'LOG_FORMAT is "xml": it must be one of text, json',
    `DATABASE_URL ${said}`,
  ]);
  // What is told already is not told twice.
  expect(problemsOf({ file: 'database: ${NOPE}\n' })).toHaveLength(1);
  expect(problemsOf({ file: 'database:\n' })).toHaveLength(1);
  // By itself it is for the command to refuse that needs a database.
  expect(configOf({ environment: { DATABASE_URL: url } }).database?.value).toBe(url);
});
