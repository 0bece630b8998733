/** Servers that are not set up as most are: the work is done, or refused before any of it with what to do. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { lockIds } from '../../src/config/lock-id.ts';
import { status, up, verify } from '../../src/index.ts';
import { contents } from '../support/contents.ts';
import { createDatabase, type Database } from '../support/database.ts';
import { documentOf, errorOf } from '../support/documents.ts';
import { failureOf } from '../support/failure.ts';
import { folderOf } from '../support/folder.ts';
import { createRole, type Role } from '../support/role.ts';
import { connectTo, until } from '../support/session.ts';
import { copyServer, makeServer, type OwnServer } from '../support/tls-servers.ts';
import { type Workplace, workplace } from '../support/workplace.ts';

const FILES = {
  '1_a.up.sql': 'create table a (id int);',
  '1_a.down.sql': 'drop table a;',
  '2_b.up.sql': 'create table b (id int);',
};

describe('a standby', () => {
  const HBA = ['local all all trust', 'host all all 127.0.0.1/32 trust'];
  let standby: OwnServer;
  let url: string;
  const migrations = folderOf(FILES);

  beforeAll(async () => {
    const primary = await makeServer('primary', HBA, {});
    await primary.start();
    const own = `postgres://postgres@127.0.0.1:${primary.port}/postgres?sslmode=disable`;
    await up({ database: own, migrations, steps: 1 });
    // Its log was written out, and there is no more of it to come: it stays where it is.
    await primary.stop();
    standby = await copyServer('standby', primary, {});
    await writeFile(join(standby.data, 'standby.signal'), '');
    await standby.start();
    url = `postgres://postgres@127.0.0.1:${standby.port}/postgres?sslmode=disable`;
  });

  it('is looked at like any other', async () => {
    expect(await standby.query('select pg_is_in_recovery() as is')).toEqual([{ is: true }]);
    expect(await status({ database: url, migrations })).toMatchObject({ version: 1n, dirty: false });
    expect((await up({ database: url, migrations, dryRun: true })).applied).toHaveLength(1);
    // Nothing to do is nothing to write.
    expect(await up({ database: url, migrations, to: 1n })).toMatchObject({ applied: [] });
  });

  it('is not migrated, and what finds the primary is told', async () => {
    const error = await failureOf(up({ database: url, migrations }));
    expect(error).toMatchObject({
      code: 'MIGRATION_UP_FAILED',
      reason: 'read_only',
      sqlstate: '25006',
      hint: expect.stringMatching(
        /^connect to the primary \(with all hosts in the URL, `target_session_attrs=read-write` finds it\)/,
      ),
    });
    expect(error.report).toMatchObject({ applied: [] });
    const checks = await verify({ database: url, migrations });
    expect(checks.find((c) => c.error !== null)).toMatchObject({
      name: 'server',
      error: { reason: 'read_only', message: expect.stringContaining('a standby') },
    });
  });

  it('that takes no connections yet is waited for, and then told in the server’s words', async () => {
    await standby.stop();
    const cold = await copyServer('cold', standby, { hot_standby: 'off' });
    await cold.start().catch(() => {});
    const there = `postgres://postgres@127.0.0.1:${cold.port}/postgres?sslmode=disable`;
    const error = await failureOf(up({ database: there, migrations, retry: { attempts: 2, delayMs: 1 } }));
    expect(error).toMatchObject({
      code: 'MIGRATION_INIT_FAILED',
      reason: 'connection',
      sqlstate: '57P03',
      details: ['2 attempts'],
    });
    await cold.stop().catch(() => {});
  });
});

describe('a role', () => {
  let place: Workplace;
  let role: Role;
  const as = (words: string) =>
    place.rungs(`${words} --json`, { env: { DATABASE_URL: role.urlOf(place.database) } });
  const options = () => ({ database: role.urlOf(place.database), migrations: `${place.folder}/migrations` });
  const set = (setting: string) => place.database.query(`alter role ${role.name} set ${setting}`);

  beforeEach(async () => {
    [place, role] = [await workplace(FILES), await createRole()];
    await place.database.query(`grant create on schema public to ${role.name}`);
  });

  it('with a statement_timeout of a second is told to raise it where a file needs longer, and nothing is left', async () => {
    await set("statement_timeout = '1s'");
    place.write({ '3_slow.up.sql': 'create table slow (id int);\nselect pg_sleep(60);' });
    expect(errorOf(await as('up'))).toMatchObject({
      sqlstate: '57014',
      file: 'migrations/3_slow.up.sql',
      hint: expect.stringContaining('`statement_timeout`'),
    });
    expect([await place.ledger(), await place.tables()]).toEqual([['2'], ['a', 'b']]);
    place.write({ '3_slow.up.sql': 'set statement_timeout = 0;\nselect pg_sleep(1.5);' });
    expect(documentOf(await as('up'))).toMatchObject({ to: '3', error: null });
  });

  it('with a statement_timeout and a lock_timeout waits for the migration lock as long as it is to', async () => {
    await set("statement_timeout = '1s'");
    await set("lock_timeout = '100ms'");
    const other = await connectTo(place.database);
    const [id] = lockIds({
      schema: 'public',
      table: 'schema_migrations',
      database: place.database.name,
      urlPath: null,
    });
    await other.query(`select pg_advisory_lock(${id})`);
    const heard: string[] = [];
    const work = up({ ...options(), lockTimeoutMs: 100_000, onEvent: ({ kind }) => heard.push(kind) });
    await until('it waits', () => heard.includes('waiting-for-lock'));
    await pause(1_500);
    await other.query(`select pg_advisory_unlock(${id})`);
    expect((await work).applied).toHaveLength(2);
  });

  it('with an idle_in_transaction_session_timeout has all the time there is for its answer', async () => {
    await set('idle_in_transaction_session_timeout = 50');
    const confirm = () => pause(1_000, 'yes' as const);
    expect((await up({ ...options(), confirm })).applied).toHaveLength(2);
  });

  it('with an idle_session_timeout that ends during the question loses nothing but the connection', async () => {
    await set('idle_session_timeout = 50');
    const confirm = () => pause(1_000, 'yes' as const);
    expect(await failureOf(up({ ...options(), confirm }))).toMatchObject({
      code: expect.stringMatching(/^MIGRATION_/),
      reason: 'connection_lost',
    });
    expect(await place.tables()).toEqual([]);
    expect((await up(options())).applied).toHaveLength(2);
  });

  it.each([
    ['pairs', FILES],
    ['named', { '001_a.sql': 'create table a (id int);', '002_b.sql': 'create table b (id int);' }],
  ])(
    'from whom row-level security hides the version table is not taken for one with an empty one: %s',
    async (_layout, files) => {
      const own = await workplace(files);
      await own.rungs('up --num-steps 1');
      const { database } = own;
      await database.query(`grant create on schema public to ${role.name};
      grant all on all tables in schema public to ${role.name}; grant all on all sequences in schema public to ${role.name};
      alter table schema_migrations enable row level security`);
      const before = await contents(database);
      const env = { DATABASE_URL: role.urlOf(database) };
      for (const words of ['up', 'status', 'up --dry-run']) {
        expect(errorOf(await own.rungs(`${words} --json`, { env })), words).toMatchObject({
          code: 'MIGRATION_VERSION_FAILED',
          reason: 'permission',
          message: `row-level security hides rows of "public"."schema_migrations" from ${role.name}`,
          hint: expect.stringContaining(
            'alter table "public"."schema_migrations" disable row level security',
          ),
        });
      }
      expect(await contents(database)).toEqual(before);
      // Its owner sees all of it, and so does who is above it.
      expect(documentOf(await own.rungs('up --json'))).toMatchObject({ error: null });
      await database.query(
        'alter table schema_migrations disable row level security; alter table schema_migrations_history enable row level security',
      );
      expect(errorOf(await own.rungs('status --json', { env })).message).toContain(
        '"public"."schema_migrations_history"',
      );
    },
  );
});

describe('an event trigger that refuses DDL', () => {
  const REFUSE = `create function ops_only() returns event_trigger language plpgsql as
    $$ begin raise exception 'no % today', tg_tag using errcode = 'insufficient_privilege', hint = 'ask ops'; end $$;
    create event trigger no_ddl on ddl_command_start execute function ops_only()`;

  it('is named with its words and its function, before the version table and in a file', async () => {
    const { rungs, database, tables, write } = await workplace(FILES);
    await database.query(REFUSE);
    const first = errorOf(await rungs('up --json'));
    expect(first).toMatchObject({
      operation: 'create the version table and the journal',
      message: 'no CREATE TABLE today',
      sqlstate: '42501',
    });
    expect(first.details.join('\n')).toMatch(/server’s hint: ask ops\n.*function ops_only\(\)/s);
    await database.query('alter event trigger no_ddl disable');
    await rungs('up --num-steps 1');
    await database.query('alter event trigger no_ddl enable');
    write({ '2_b.up.sql': 'insert into a values (1);\ncreate table b (id int);' });
    const second = errorOf(await rungs('up --json'));
    expect(second).toMatchObject({
      message: 'no CREATE TABLE today',
      file: 'migrations/2_b.up.sql',
      line: 2,
    });
    expect(second.details.join('\n')).toContain('ops_only()');
    expect([await tables(), await database.query('select from a')]).toEqual([['a'], []]);
  });
});

describe('a database of another encoding', () => {
  const FILE = "create table t (a text);\ninsert into t values ('é');";
  async function inEncoding(encoding: string): Promise<Database & { readonly there: string }> {
    const database = await createDatabase();
    const name = `${database.name}_other`;
    await database.query(`create database ${name} template template0 encoding '${encoding}' locale 'C'`);
    const there = database.url.replace(database.name, name);
    return { ...database, there };
  }
  async function ask(there: string, sql: string) {
    const { default: pg } = await import('pg');
    const client = new pg.Client(there);
    await client.connect();
    try {
      return (await client.query({ text: sql, rowMode: 'array' })).rows as unknown[][];
    } finally {
      await client.end();
    }
  }

  it.each([
    ['LATIN1', 'e9'],
    ['WIN1252', 'e9'],
    ['SQL_ASCII', 'c3a9'],
    ['EUC_JP', '8fabb1'],
  ])('%s has what the file says, in its own bytes', async (encoding, bytes) => {
    const { there, query, name } = await inEncoding(encoding);
    const migrations = folderOf({ '1_é.up.sql': FILE });
    expect((await up({ database: there, migrations })).to).toBe(1n);
    expect(await ask(there, "select encode(a::bytea, 'hex') from t")).toEqual([[bytes]]);
    expect((await status({ database: there, migrations })).migrations).toMatchObject([
      { name: 'é', state: 'applied' },
    ]);
    await query(`drop database ${name}_other with (force)`);
  });

  it.each(['LATIN1', 'SQL_ASCII'])(
    '%s has an error’s place where it is, behind letters of two bytes',
    async (encoding) => {
      const { there, query, name } = await inEncoding(encoding);
      const migrations = folderOf({ '1_a.up.sql': `/* éé */ ${FILE}\nselect 'é', 'é', nowhere;` });
      const { location } = await failureOf(up({ database: there, migrations }));
      expect(location).toMatchObject({ line: 3, column: 18 });
      await query(`drop database ${name}_other with (force)`);
    },
  );

  it('LATIN1 refuses a character that it does not have, with the file’s name, and nothing is left', async () => {
    const { there, query, name } = await inEncoding('LATIN1');
    const migrations = folderOf({
      '1_a.up.sql': FILE,
      '2_b.up.sql': "create table b (id int);\ninsert into t values ('日本');",
    });
    const error = await failureOf(up({ database: there, migrations }));
    expect(error).toMatchObject({ sqlstate: '22P05', location: { file: `${migrations}/2_b.up.sql` } });
    expect(await ask(there, "select to_regclass('b')::text, (select count(*)::int from t)")).toEqual([
      [null, 1],
    ]);
    await query(`drop database ${name}_other with (force)`);
  });
});

describe('standard_conforming_strings=off', () => {
  async function off(files: Readonly<Record<string, string>>) {
    const place = await workplace(files);
    await place.database.query(`alter database ${place.database.name} set standard_conforming_strings = off`);
    return place;
  }

  it('is obeyed in files, as golang-migrate does it, and does not touch what is recorded', async () => {
    const { rungs, database, ledger } = await off({
      "1_it's \\ a.up.sql": "create table a (t text);\ninsert into a values ('x\\ny');",
    });
    expect(documentOf(await rungs('up --json'))).toMatchObject({ to: '1', error: null });
    expect(await database.query('select t from a')).toEqual([{ t: 'x\ny' }]);
    expect(await database.query('select name from schema_migrations_history')).toEqual([
      { name: "it's \\ a" },
    ]);
    expect(await ledger()).toEqual(['1']);
    expect(documentOf(await rungs('status --json'))).toMatchObject({ version: '1', error: null });
  });

  // To one the string ends at the quote, to the other behind it.
  it.each([
    "insert into a values ('it\\'s');",
    "insert into a values ('C:\\');",
    "insert into a values ('C:\\', 'x');",
  ])('makes no other SQL of what is behind the file: %s', async (statement) => {
    const { rungs, ledger, tables } = await off({
      '1_a.up.sql': `create table a (t text, u text);\n${statement}`,
    });
    const error = errorOf(await rungs('up --json'));
    expect(error).toMatchObject({ file: 'migrations/1_a.up.sql' });
    expect(`${error.message} ${error.hint}`).toMatch(/standard_conforming_strings/);
    expect([(await ledger()) ?? [], await tables()]).toEqual([[], []]);
  });
});
