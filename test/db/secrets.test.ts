/** A password with every awkward character in it appears in nothing that we print or write, whatever goes wrong. */

import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type CliOptions, type CliResult, rungs } from '../support/cli.ts';
import { startProxy } from '../support/proxy.ts';
import { createRole, type Role } from '../support/role.ts';
import { type Workplace, workplace } from '../support/workplace.ts';

const PASSWORD = `s3cr:e/t@p#w?o&r=d%+ '"\\\`$\{x};<é😀>${randomBytes(4).toString('hex')}`;
const ENCODED = encodeURIComponent(PASSWORD);

/** Every form of it, and every piece between two characters that end something in a URL or a shell. */
const SECRETS = [
  PASSWORD,
  ENCODED,
  JSON.stringify(PASSWORD).slice(1, -1),
  Buffer.from(PASSWORD).toString('base64'),
  PASSWORD.slice(-8),
  's3cr',
  'e/t@p',
  '😀>',
];

let place: Workplace;
let role: Role;
const hostOf = () => new URL(place.database.url).host;
const url = (more = '') => `${role.urlOf(place.database)}${more}`;

beforeAll(async () => {
  place = await workplace({
    '1_a.up.sql': 'create table a (id int);',
    '1_a.down.sql': 'drop table a;',
    '2_b.up.sql': 'create table b (id int); select pg_sleep(0), current_user, x from a;',
  });
  role = await createRole(PASSWORD, 'superuser');
});

/** `expected` is something of the message, so that the case is the one that was meant. */
async function isSilent(expected: RegExp, words: string, options: CliOptions = {}): Promise<CliResult> {
  const result = await place.rungs(words, options);
  const said = `${result.stdout}${result.stderr}`;
  expect(said).toMatch(expected);
  expect(SECRETS.filter((secret) => said.includes(secret))).toEqual([]);
  return result;
}

describe('a password', () => {
  it('opens the door and is in neither the output nor the journal', async () => {
    const env = { DATABASE_URL: url() };
    await isSilent(/applied 1 a/, 'up --num-steps 1 --json', { env });
    await isSilent(/Current version: 1/, 'status', { env });
    await isSilent(/"checksum"/, 'status --json', { env });
    const journal = JSON.stringify(await place.database.query('select * from schema_migrations_history'));
    expect(journal).toContain(role.name);
    expect(SECRETS.filter((secret) => journal.includes(secret))).toEqual([]);
  });

  const cases: readonly (readonly [what: string, expected: RegExp, url: () => string])[] = [
    ['of a failing migration', /column "x" does not exist/, () => url()],
    [
      'of a wrong database',
      /database "nowhere" does not exist/,
      () => url().replace(place.database.name, 'nowhere'),
    ],
    [
      'that is wrong',
      /password authentication failed/,
      () => url().replace(role.name, 'nobody_of_that_name'),
    ],
    ['for a server that is not there', /ECONNREFUSED/, () => url().replace(hostOf(), '127.0.0.1:1')],
    ['for a host that is not there', /ENOTFOUND|EAI_AGAIN/, () => url().replace(hostOf(), 'nowhere.invalid')],
    ['beside an unknown parameter', /"ssl_mode" is not known/, () => url('&ssl_mode=require')],
    ['beside a bad port', /port in the URL/, () => url().replace(hostOf(), '127.0.0.1:99999')],
    ['with another scheme', /scheme is not postgres/, () => url().replace(/^postgres(ql)?:/, 'mysql:')],
    ['without a scheme', /MIGRATION_INIT_FAILED/, () => url().replace(/^postgres(ql)?:\/\//, '')],
    [
      'as a parameter',
      /password authentication failed/,
      () => `postgres://nobody_of_that_name@${hostOf()}/app?password=${ENCODED}`,
    ],
    [
      'as a parameter, unencoded',
      /MIGRATION_INIT_FAILED/,
      () => `postgres://app@${hostOf()}/app?password=${PASSWORD}`,
    ],
    ['unencoded', /MIGRATION_INIT_FAILED/, () => `postgres://app:${PASSWORD}@${hostOf()}/app`],
    [
      'unencoded but for its slash',
      /MIGRATION_INIT_FAILED/,
      () => `postgres://app:${PASSWORD.replace('/', '%2F')}@${hostOf()}/app`,
    ],
    ['in key=value form', /MIGRATION_INIT_FAILED/, () => `host=db user=app password='${PASSWORD}'`],
  ];

  it.each(cases)('%s is not printed', async (_what, expected, urlOf) => {
    await isSilent(expected, 'up --json', { env: { DATABASE_URL: urlOf(), PGCONNECT_TIMEOUT: '2' } });
  });

  it.each([
    [
      'PGPASSWORD',
      () => ({ PGPASSWORD: PASSWORD, DATABASE_URL: `postgres://nobody_of_that_name@${hostOf()}/app` }),
    ],
    [
      'DATABASE_URL, of another program’s form',
      () => ({ DATABASE_URL: `jdbc:postgresql://${hostOf()}/app?user=app&password=${ENCODED}` }),
    ],
  ])('in %s is not printed', async (_what, env) => {
    await isSilent(/MIGRATION_INIT_FAILED/, 'up --json', { env: env() });
  });

  it('in .env is not printed, whatever the file looks like', async () => {
    const bare = await workplace({});
    writeFileSync(join(bare.folder, '.env'), `export DATABASE_URL="postgres://app:${PASSWORD}\n`);
    const result = await bare.rungs('up', { env: { DATABASE_URL: '' } });
    expect(result.code).not.toBe(0);
    expect(SECRETS.filter((secret) => `${result.stdout}${result.stderr}`.includes(secret))).toEqual([]);
  });

  it.each([
    'up',
    'goto',
    'force',
    'create',
    'up --path',
    'up --to',
    'up --lock-timeout',
    'up --num-steps',
    'down',
    'status',
    '',
  ])('in a URL that went to the wrong place is not printed: rungs %s URL', async (words) => {
    const wrong = `postgres://app:${PASSWORD.replaceAll(' ', '')}@${hostOf()}/app`;
    const env = { DATABASE_URL: place.database.url };
    // What is printed goes to stderr, the document to stdout: both forms at once.
    const expected = /CONFIG_INVALID|INVALID_VERSION|MIGRATION_SOURCE_FAILED/;
    await isSilent(expected, `${words} ${wrong} --json`.trim(), { env });
  });

  describe.each([
    ['key=value', () => `host=${hostOf()} user=app password='${PASSWORD}'`],
    ['a URL', () => `postgres://app:${PASSWORD}@${hostOf()}/app`],
    ['a URL without its beginning', () => `app:${PASSWORD}@${hostOf()}/app`],
  ])('that went to the wrong place as %s', (_what, wrong) => {
    const at = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
      rungs([...args, '--json'], {
        cwd: place.folder,
        env: { DATABASE_URL: place.database.url, DEBUG: '1', ...env },
      });

    it.each([
      ['--path', 'up', (text: string) => at(['up', '--path', text])],
      ['--path', 'config', (text: string) => at(['config', '--path', text])],
      ['--path', 'create', (text: string) => at(['create', 'a', '--path', text])],
      ['--config', 'up', (text: string) => at(['up', '--config', text])],
      ['--config', 'config', (text: string) => at(['config', '--config', text])],
      ['--role', 'config', (text: string) => at(['config', '--role', text])],
      ['--outfile', 'build', (text: string) => at(['build', '--outfile', text])],
      ['MIGRATION_PATH', 'up', (text: string) => at(['up'], { MIGRATION_PATH: text })],
      ['MIGRATION_PATH', 'config', (text: string) => at(['config'], { MIGRATION_PATH: text })],
      ['DRY_RUN', 'up', (text: string) => at(['up'], { DRY_RUN: text })],
      ['LOG_FORMAT', 'up', (text: string) => at(['up'], { LOG_FORMAT: text })],
    ])('is not printed, but the place is: %s of %s', async (where, _verb, run) => {
      const { code, stdout, stderr } = await run(wrong());
      expect(code).toBe(19);
      expect(JSON.parse(stdout).error.message).toMatch(new RegExp(`^${where} is (a|not a)`));
      expect(SECRETS.filter((secret) => `${stdout}${stderr}`.includes(secret))).toEqual([]);
    });

    it('is not printed: PGDATABASE', async () => {
      const env = { DATABASE_URL: `postgres://app@${hostOf()}`, PGDATABASE: wrong() };
      const [run, config] = [await at(['status'], env), await at(['config'], env)];
      expect(JSON.parse(run.stdout).error.message).toMatch(/^PGDATABASE is a /);
      const said = run.stdout + run.stderr + config.stdout + config.stderr;
      expect(SECRETS.filter((secret) => said.includes(secret))).toEqual([]);
    });
  });

  it('of a connection that is lost is not printed', async () => {
    const proxy = await startProxy(url());
    proxy.judge = ({ text }) => (text.includes('create table b') ? 'cut' : 'pass');
    await isSilent(/it was not committed/, 'up --json', { env: { DATABASE_URL: proxy.url } });
  });

  it('of the holder of the lock, in its last query, is not printed', async () => {
    const proxy = await startProxy(url());
    proxy.judge = ({ text }) => (text.includes('pg_advisory_unlock') ? 'stall' : 'pass');
    const holder = place.rungs('up', { env: { DATABASE_URL: proxy.url } });
    while (!proxy.seen.some(({ text }) => text.includes('pg_advisory_unlock'))) {
      await new Promise((done) => setTimeout(done, 50));
    }
    await isSilent(/timeout: can't acquire database lock/, 'up --lock-timeout 100ms --json', {
      env: { DATABASE_URL: url() },
    });
    proxy.resume();
    await holder;
  });
});
