/** What Muse's documentation promises of `scripts/init-db.sql`, in the order of its checklist. */

import { cpSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { type Event, migrateOnStart } from '../../src/index.ts';
import { type CliResult, rungs } from '../support/cli.ts';
import { createDatabase, type Database } from '../support/database.ts';
import { failureOf } from '../support/failure.ts';
import { folderOf, writeInto } from '../support/folder.ts';
import { listen } from '../support/listener.ts';
import { startProxy } from '../support/proxy.ts';

const MUSE = resolve(import.meta.dirname, '../fixtures/muse');
const DEFAULT = 'layout: script\n';

interface Place {
  readonly folder: string;
  readonly database: Database;
  readonly up: (env?: Readonly<Record<string, string>>) => Promise<CliResult>;
}

/** Muse's project, where one line says what it is; `script` instead of its own. */
async function muse(script?: string, config = DEFAULT): Promise<Place> {
  const database = await createDatabase();
  const folder = folderOf({ 'rungs.yaml': config });
  cpSync(MUSE, folder, { recursive: true });
  if (script !== undefined) writeInto(folder, { 'scripts/init-db.sql': script });
  const up: Place['up'] = (env) =>
    rungs(['up'], { cwd: folder, env: { DATABASE_URL: database.url, ...env } });
  return { folder, database, up };
}

function withMode(text: string, sslmode: string): string {
  const url = new URL(text);
  url.searchParams.set('sslmode', sslmode);
  return url.href;
}

const CONNECTED = `Initializing database...
Attempting to connect to database (attempt 1/5)...
Successfully connected to database
`;

const tablesOf = async ({ database }: Pick<Place, 'database'>): Promise<readonly unknown[]> => {
  const rows = await database.query(
    `select relname from pg_class where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace
     and relname <> 'schema_migrations_history' order by 1`,
  );
  return rows.map((r) => r.relname);
};

test('1: on an empty database all of the script is run, and functions and triggers work', async () => {
  const place = await muse();
  const result = await place.up();
  expect(result).toMatchObject({ code: 0, stdout: 'Database initialized: scripts/init-db.sql\n' });
  expect(result.stderr.replace(/\d+ ms/, 'N ms')).toBe(`${CONNECTED}applied init-db.sql (N ms)\n`);
  expect(await tablesOf(place)).toEqual(['documents', 'users']);
  const { database } = place;
  const [user] = await database.query(
    `update users set username = 'ada' returning updated_at > created_at as touched,
     document_count(id)::int as documents, validate_email('nobody') as valid, obj_description('users'::regclass) as comment`,
  );
  expect(user).toEqual({
    touched: true,
    documents: 0,
    valid: false,
    comment: "User accounts; it's for the Muse AI application",
  });
});

test('2: the second start and the third change nothing, and say so in its four lines', async () => {
  const place = await muse();
  await place.up();
  const state = `select array_agg(xmin::text) as rows, (select count(*)::int from pg_class) as relations,
    (select count(*)::int from schema_migrations_history) as journal from users`;
  const before = await place.database.query(state);
  for (let i = 0; i < 2; i++) {
    expect(await place.up()).toEqual({
      code: 0,
      stdout: 'Nothing to do\n',
      stderr: `${CONNECTED}Database already initialized, skipping migration\n`,
    });
  }
  expect(await place.database.query(state)).toEqual(before);
});

test('2: a database that Muse itself has initialized is left alone, without a table of ours', async () => {
  const place = await muse();
  await place.database.query('create table users (id int)');
  expect((await place.up()).stderr).toBe(`${CONNECTED}Database already initialized, skipping migration\n`);
  expect(await place.database.query(`select to_regclass('schema_migrations_history') as journal`)).toEqual([
    { journal: null },
  ]);
});

test('3: a server that is down is tried as often as DB_RETRY_ATTEMPTS says, with DB_RETRY_DELAY between', async () => {
  const { up } = await muse();
  const begun = performance.now();
  const { port } = await listen('starting');
  const DATABASE_URL = `postgres://muse_ai@127.0.0.1:${port}/muse_ai?sslmode=disable`;
  const result = await up({ DATABASE_URL, DB_RETRY_ATTEMPTS: '3', DB_RETRY_DELAY: '100ms' });
  expect(result.code).toBe(11);
  expect(performance.now() - begun).toBeGreaterThan(300);
  expect(result.stderr.match(/attempt \d\/\d\)\.\.\./g)).toEqual([
    'attempt 1/3)...',
    'attempt 2/3)...',
    'attempt 3/3)...',
  ]);
  expect(result.stderr).not.toContain('Successfully');
});

test('3: one that is up at the third attempt is initialized', async () => {
  const { up, database } = await muse();
  const proxy = await startProxy(database.url);
  proxy.accept = () => (proxy.connections < 3 ? 'reset' : 'server');
  const result = await up({ DATABASE_URL: withMode(proxy.url, 'disable'), DB_RETRY_DELAY: '50ms' });
  expect(result).toMatchObject({ code: 0, stdout: 'Database initialized: scripts/init-db.sql\n' });
  expect(result.stderr).toContain('(attempt 3/5)...\nSuccessfully connected to database\n');
});

test.each([
  ['DB_RETRY_ATTEMPTS', 'many'],
  ['DB_RETRY_ATTEMPTS', '0'],
  ['DB_RETRY_DELAY', 'soon'],
])('3: %s=%s is an error, before anything is tried', async (name, value) => {
  const { up } = await muse();
  const result = await up({ [name]: value });
  expect(result).toMatchObject({ code: 19, stdout: '' });
  expect(result.stderr).toContain(name);
});

test('4: MIGRATION_PATH names the script, also where nothing else is configured', async () => {
  const place = await muse(undefined, '');
  writeInto(place.folder, { 'custom/path/to/migrations.sql': 'create table users (id int)' });
  const result = await place.up({ MIGRATION_PATH: 'custom/path/to/migrations.sql' });
  expect(result).toMatchObject({
    code: 0,
    stdout: 'Database initialized: custom/path/to/migrations.sql\n',
  });
  expect(await tablesOf(place)).toEqual(['users']);
});

test('4: a script that is not there is named', async () => {
  const { up } = await muse();
  const result = await up({ MIGRATION_PATH: 'scripts/init.sql' });
  expect(result.code).toBe(10);
  expect(result.stderr).toContain('  error: scripts/init.sql: no such file or directory\n');
  expect(result.stderr).toContain('`--path FILE` or MIGRATION_PATH');
});

test('4: without DATABASE_URL it says that it is required', async () => {
  const { up } = await muse();
  const result = await up({ DATABASE_URL: '' });
  expect(result.code).toBe(19);
  expect(result.stderr).toContain('DATABASE_URL environment variable is required');
});

test('5: as a library: what New, Initialize and Close are is one call', async () => {
  const { folder, database } = await muse();
  const heard: Event['kind'][] = [];
  const options = {
    url: database.url,
    migrations: join(folder, 'scripts/init-db.sql'),
    layout: 'script',
    sentinel: 'users',
    onEvent: (e: Event) => heard.push(e.kind),
  } as const;
  expect(await migrateOnStart(options)).toMatchObject({ layout: 'script', applied: [{ id: 'init-db.sql' }] });
  expect(heard.slice(0, 3)).toEqual(['initializing', 'connecting', 'connected']);
  heard.length = 0;
  expect(await migrateOnStart(options)).toMatchObject({ applied: [], warnings: [] });
  expect(heard).toEqual(['initializing', 'connecting', 'connected', 'initialized']);
  const left = await database.query(
    `select count(*)::int as n from pg_stat_activity where application_name like 'rungs%' and datname = current_database()`,
  );
  expect(left).toEqual([{ n: 0 }]);
});

test('6: `relation already exists` is told with line and column', async () => {
  const { up } = await muse(
    'create table tokens (id int);\ncreate table users (id int);\n  create table tokens ();',
  );
  const result = await up();
  expect(result.code).toBe(12);
  expect(result.stderr).toContain('error: relation "tokens" already exists (SQLSTATE 42P07)');
  expect(result.stderr).toContain('at: scripts/init-db.sql:3');
});

test('6: a `$$` that is not closed is told with its line, and nothing was run', async () => {
  const place = await muse('create table users (id int);\ncreate function f() returns int as $$ select 1;\n');
  const result = await place.up();
  expect(result.code).toBe(10);
  expect(result.stderr).toContain('at: scripts/init-db.sql:2');
  expect(result.stderr).toContain('unterminated dollar-quoted string');
  expect(await tablesOf(place)).toEqual([]);
});

test('7: a failure half-way leaves no sentinel behind: the next start runs all of it', async () => {
  const place = await muse('create table users (id int);\ninsert into sessions values (1);\n');
  const failed = await place.up();
  expect(failed.code).toBe(12);
  expect(failed.stderr).toContain('init-db.sql rolled back');
  expect(await tablesOf(place)).toEqual([]);
  writeInto(place.folder, {
    'scripts/init-db.sql': 'create table users (id int);\ncreate table sessions ();',
  });
  expect((await place.up()).code).toBe(0);
  expect(await tablesOf(place)).toEqual(['sessions', 'users']);
});

test('8: a script that is idempotent is run again where its sentinel is gone', async () => {
  const script = 'create table if not exists users (id int); create table if not exists tokens (id int);';
  const place = await muse(script);
  await place.up();
  await place.database.query('insert into tokens values (1); drop table users');
  expect((await place.up()).code).toBe(0);
  expect(await place.database.query('select * from tokens')).toEqual([{ id: 1 }]);
});

test('10: sslmode=require is kept: a server without TLS is refused', async () => {
  const { up, database } = await muse();
  const result = await up({ DATABASE_URL: withMode(database.url, 'require'), DB_RETRY_ATTEMPTS: '1' });
  expect(result.code).toBe(11);
  expect(result.stderr).toContain('does not support SSL');
});

test('10: a mistake is found by a check that runs nothing', async () => {
  const { folder, database } = await muse('create table users (id int);\ncreate tabel tokens ();');
  const result = await rungs(['verify'], { cwd: folder, env: { DATABASE_URL: database.url } });
  expect(result.code).toBe(10);
  expect(result.stdout).toContain('scripts/init-db.sql:2:8');
});

test('programs that cannot be initialized learn why from the error', async () => {
  const { url } = await createDatabase();
  const migrations = join(folderOf({ 'init-db.sql': 'create table accounts ();' }), 'init-db.sql');
  const error = await failureOf(migrateOnStart({ url, migrations }));
  expect(error).toMatchObject({ code: 'MIGRATION_UP_FAILED', reason: 'sentinel' });
});
