/** How the command finds its configuration, and what each part of it changes. */

import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type CliOptions, rungs } from '../support/cli.ts';
import { documentOf, faultsOf } from '../support/documents.ts';
import { folderOf, writeInto } from '../support/folder.ts';
import { type Workplace, workplace } from '../support/workplace.ts';

const FILES = {
  '1_boats.up.sql': 'create table boats (id int);',
  '1_boats.down.sql': 'drop table boats;',
  '2_berths.up.sql': 'create table berths (id int);',
};

/** With a rungs.yaml, and no DATABASE_URL. */
async function configured(more: readonly string[] = []): Promise<Workplace> {
  const place = await workplace(FILES);
  writeInto(place.folder, { 'rungs.yaml': [`database: '${place.database.url}'`, ...more, ''].join('\n') });
  chmodSync(join(place.folder, 'rungs.yaml'), 0o600);
  return place;
}

/** Typed somewhere, with this environment and no other. */
const typed = (cwd: string, words: string, options: CliOptions = {}) =>
  rungs(words.split(' '), { cwd, ...options });

const NOTHING = { code: 0, stderr: '' };

test('rungs.yaml is found from any folder below, with the `.env` and `migrations/` beside it', async () => {
  const { folder, database } = await workplace(FILES);
  writeInto(folder, {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what rungs.yaml has for variables
    'rungs.yaml': 'database: ${SOME_URL}\n',
    '.env': `SOME_URL=${database.url}\n`,
  });
  const deep = join(folder, 'a/b c');
  mkdirSync(deep, { recursive: true });
  expect(await typed(deep, 'up 1')).toMatchObject({
    code: 0,
    stdout: 'Migrated from version 0 to 1\n1 pending\n',
  });
  expect((await typed(deep, 'config')).stdout).toMatch(/^path +\.\.\/\.\.\/migrations +default$/m);
});

test('a folder that all may write to is not believed about the folders in it', async () => {
  const { folder } = await configured();
  const below = join(folder, 'x');
  mkdirSync(below);
  expect((await typed(below, 'config')).stdout).toContain('configuration: ../rungs.yaml\n');
  chmodSync(folder, 0o777);
  expect((await typed(below, 'config')).stdout).toContain('configuration: no file\n');
  expect((await typed(folder, 'config')).stdout).toContain('configuration: rungs.yaml\n');
});

test('--config names another, to which paths are relative; rungs.yml will do, and two of them will not', async () => {
  const { folder, database } = await workplace({});
  writeInto(folder, {
    'conf/prod.yaml': `database: '${database.url}'\npath: ../sql\n`,
    'sql/1_boats.up.sql': 'create table boats (id int);',
    'rungs.yaml': 'nonsense: 1\n',
  });
  chmodSync(join(folder, 'conf/prod.yaml'), 0o600);
  expect(await typed(folder, 'up --config conf/prod.yaml')).toMatchObject({ code: 0 });
  const both = folderOf({ 'rungs.yaml': '', 'rungs.yml': '' });
  expect((await typed(both, 'config')).stderr).toContain('rungs.yaml and rungs.yml are both in ');
  const other = folderOf({ 'rungs.yml': 'path: there\n' });
  expect((await typed(other, 'config')).stdout).toMatch(/^path +there +rungs\.yml:1$/m);
});

test('config tells the value and the source of each setting, and no password', async () => {
  const folder = folderOf({
    'rungs.yaml':
      'database:\n  host: db\n  user: u\n  database: d\n  password: hunter2\nlockTimeout: 1500ms\n',
    '.env': 'DB_RETRY_DELAY=2\nPGPORT=7\n',
  });
  const env = {
    DB_RETRY_ATTEMPTS: '9',
    PGPASSWORD: 'hunter3',
    THV_REGISTRY_DATABASE_PASSWORD: 'hunter4',
  };
  const result = await typed(folder, 'config --json --path x --role r', { env });
  const document: unknown = documentOf(result);
  expect(document).toMatchObject({ file: 'rungs.yaml', target: 'u@db:7/d', error: null });
  const { settings } = document as { settings: { key: string; value: unknown; source: string }[] };
  expect(settings.map((s) => `${s.key}: ${s.value} (${s.source})`)).toEqual([
    'database: postgres://u:***@db/d?sslmode=require (rungs.yaml:1)',
    'database.host: db (rungs.yaml:2)',
    'database.user: u (rungs.yaml:3)',
    'database.database: d (rungs.yaml:4)',
    'database.password: *** (THV_REGISTRY_DATABASE_PASSWORD)',
    'path: x (--path)',
    'layout: auto (default)',
    'sentinel: users (default)',
    'table: schema_migrations (default)',
    'journal: null (default)',
    'role: r (--role)',
    'confirm: down (default)',
    'requireSteps: false (default)',
    'backupBeforeDown: false (default)',
    'lockTimeout: 1500ms (rungs.yaml:6)',
    'lockStrategy: session (default)',
    'blocked.timeout: 3s (default)',
    'blocked.attempts: 10 (default)',
    'blocked.delay: 1s (default)',
    'blocked.queue: 0 (default)',
    'batchSize: 1000000 (default)',
    'retry.attempts: 9 (DB_RETRY_ATTEMPTS)',
    'retry.delay: 2s (DB_RETRY_DELAY (.env))',
    'retry.deadline: null (default)',
    'hooks.beforeAll: null (default)',
    'hooks.beforeEach: null (default)',
    'hooks.afterEach: null (default)',
    'hooks.afterAll: null (default)',
    'targets: null (default)',
    'plain: false (default)',
    'onDuplicateObject: fail (default)',
    'allowMissingDown: false (default)',
    'logFormat: text (default)',
    'dryRun: false (default)',
    'PGPORT: 7 (PGPORT (.env))',
    'PGPASSWORD: *** (PGPASSWORD)',
  ]);
  const text = await typed(folder, 'config', { env });
  expect(text.stdout).toContain('configuration: rungs.yaml\nconnects to: u@db:7/d\n');
  expect(text.stdout).toMatch(/^database +postgres:\/\/u:\*\*\*@db\/d\?sslmode=require +rungs\.yaml:1$/m);
  expect([result, text].filter((r) => /hunter/.test(r.stdout + r.stderr))).toEqual([]);
});

test('config says why a connection string cannot be used, and a command that needs it where it stands', async () => {
  const folder = folderOf({ 'rungs.yaml': 'database: postgres://u:hunter2@h/d?sslmod=require\n' });
  chmodSync(join(folder, 'rungs.yaml'), 0o600);
  const fault = 'the parameter "sslmod" is not known; did you mean sslmode?';
  expect(await typed(folder, 'config')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('connects to: -\n'),
    stderr: `warning: rungs.yaml:1 cannot be used: ${fault}\n`,
  });
  const { code, stderr } = await typed(folder, 'status');
  expect(code).toBe(11);
  expect(stderr).toContain(`  error: ${fault}\n  from: rungs.yaml:1\n`);
  const other = await typed(folder, 'status', { env: { DATABASE_URL: 'mysql://u:hunter2@h/d' } });
  expect(other.stderr).toContain('\n  from: DATABASE_URL\n');
});

test('a mistyped command or flag is answered with the one that was probably meant', async () => {
  const folder = folderOf({});
  expect((await typed(folder, 'stauts')).stderr).toContain('unknown command "stauts"; did you mean status?');
  expect((await typed(folder, 'zzz')).stderr).toContain('unknown command "zzz"; there are: up, down, ');
  expect((await typed(folder, 'up --dryrun')).stderr).toContain(
    "Unknown option '--dryrun'; did you mean --dry-run?",
  );
  expect((await typed(folder, 'up --zzz')).stderr).toContain("Unknown option '--zzz'\n");
  expect((await typed(folder, 'up --config=')).stderr).toContain('error: --config has no value');
});

test('config needs no database, and the commands that do say so', async () => {
  const folder = folderOf({});
  expect(await typed(folder, 'config')).toMatchObject({
    ...NOTHING,
    stdout: expect.stringContaining('connects to: -\n'),
  });
  const { code, stderr } = await typed(folder, 'status');
  expect(code).toBe(19);
  expect(stderr).toContain('error: DATABASE_URL environment variable is required');
});

test('table, plain and allowMissingDown do what their flags and parameters do', async () => {
  const { folder, database } = await configured([
    'table: audit.versions',
    'plain: true',
    'allowMissingDown: true',
  ]);
  await database.query('create schema audit');
  expect(await typed(folder, 'up')).toMatchObject({ code: 0 });
  expect(await database.query('select version::int, dirty from audit.versions')).toEqual([
    { version: 2, dirty: false },
  ]);
  const [first] = await database.query('select mode from audit.versions_history limit 1');
  expect(first).toEqual({ mode: 'plain' });
  expect(await typed(folder, 'down')).toMatchObject({ code: 0, stdout: 'Rolled back from version 2 to 1\n' });
});

test('role is who migrations act as, from the file or --role', async () => {
  const { folder, database } = await configured();
  const role = `${database.name}_owner`;
  await database.query(`create role ${role}; grant create, usage on schema public to ${role}`);
  try {
    expect(await typed(folder, `up 1 --role ${role}`)).toMatchObject({ code: 0 });
    writeInto(folder, { 'rungs.yaml': `database: '${database.url}'\nrole: ${role}\n` });
    expect(await typed(folder, 'up')).toMatchObject({ code: 0 });
    const owners = await database.query('select distinct tableowner from pg_tables where schemaname = $1', [
      'public',
    ]);
    expect(owners).toEqual([{ tableowner: role }]);
  } finally {
    await database.query(`drop owned by ${role} cascade; drop role ${role}`);
  }
});

test('retry comes from DB_RETRY_ATTEMPTS and DB_RETRY_DELAY, and each attempt is told', async () => {
  const folder = folderOf({ 'migrations/1_a.up.sql': 'select 1;' });
  const env = { DATABASE_URL: 'postgres://u@127.0.0.1:1/d', DB_RETRY_ATTEMPTS: '3', DB_RETRY_DELAY: '1ms' };
  const { code, stderr } = await typed(folder, 'status', { env });
  expect(code).toBe(11);
  expect(stderr.match(/attempt \d\/3/g)).toEqual(['attempt 1/3', 'attempt 2/3']);
});

test('DRY_RUN=true changes nothing, whatever the command', async () => {
  const { rungs: run, ledger } = await workplace(FILES);
  const env = { DRY_RUN: 'true' };
  expect(await run('up', { env })).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Dry run - /) });
  expect(await ledger()).toBeNull();
  expect(await run('force 2', { env })).toMatchObject({
    code: 19,
    stderr: expect.stringContaining('DRY_RUN is set'),
  });
  expect(await ledger()).toBeNull();
  expect(await run('up', { env: { DRY_RUN: 'ture' } })).toMatchObject({ code: 19 });
  expect(await ledger()).toBeNull();
});

test('LOG_FORMAT=json makes each line on stderr an object with time and kind; stdout is as ever', async () => {
  const { rungs: run, write } = await workplace(FILES);
  write({ '3_wrong.up.sql': 'create table boats (id int);' });
  const { stdout, stderr, code } = await run('up --json', { env: { LOG_FORMAT: 'json' } });
  expect(code).toBe(12);
  expect(faultsOf(JSON.parse(stdout))).toEqual([]);
  const lines = stderr
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { time: string; kind: string });
  expect(lines.filter(({ time }) => new Date(time).toISOString() !== time)).toEqual([]);
  const kinds = lines.map(({ kind }) => kind);
  expect(kinds.filter((kind) => kind === 'finished').length).toBe(2);
  expect(kinds.at(-1)).toBe('error');
  expect(lines.at(-1)).toMatchObject({ error: { code: 'MIGRATION_UP_FAILED', sqlstate: '42P07' } });
});

test('DEBUG tells every event and where an error comes from; DEBUG=0 does not', async () => {
  const { rungs: run, write } = await workplace(FILES);
  write({ '3_wrong.up.sql': 'create table boats (id int);' });
  expect((await run('up', { env: { DEBUG: '0' } })).stderr).not.toContain('debug:');
  const { stderr } = await run('up', { env: { DEBUG: '1' } });
  expect(stderr).toMatch(/^debug: \{"kind":"started","id":"3"/m);
  expect(stderr).toMatch(/^debug: MigrateError: relation "boats" already exists\n +at /m);
  expect(stderr).toMatch(/^debug: caused by error: relation "boats" already exists/m);
});

test('migrate is another name: `migrate up`, and a bare `migrate` goes up', async () => {
  const { rungs: run } = await workplace(FILES);
  expect(await run('migrate --dry-run')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^Dry run/),
  });
  expect(await run('migrate up --num-steps 1')).toMatchObject({
    stdout: 'Migrated from version 0 to 1\n1 pending\n',
  });
  expect(await run('migrate')).toMatchObject({ stdout: 'Migrated from version 1 to 2\n' });
  expect(await run('migrate status')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('Current version: 2'),
  });
  expect(await run('migrate --help')).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Usage: /) });
  expect(await run('migrate nonsense')).toMatchObject({ code: 19 });
  const failed = await run('migrate goto 9 --json');
  expect(JSON.parse(failed.stdout)).toMatchObject({ command: 'goto' });
});
