/** What was found wrong with migrations that share a message, when somebody looked for it. */

import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { type Event, up } from '../../src/index.ts';
import { listener, of } from '../support/blocked.ts';
import { createDatabase, type Database } from '../support/database.ts';
import { failureOf } from '../support/failure.ts';
import { folderOf } from '../support/folder.ts';
import { type Seen, startProxy, type Verdict } from '../support/proxy.ts';
import { recorder } from '../support/recorder.ts';
import { advisoryLocks, connectTo, until, waiting } from '../support/session.ts';

const tables = (count: number, more: Readonly<Record<string, string>> = {}) =>
  folderOf({
    ...Object.fromEntries(
      Array.from({ length: count }, (_, i) => [`${i + 1}_t.up.sql`, `create table t${i + 1} (id int);\n`]),
    ),
    ...more,
  });
const ids = (steps: readonly { readonly id: string }[] | undefined) => steps?.map((s) => s.id);
const kinds = (heard: readonly Event[]) =>
  heard.flatMap((e) =>
    ['started', 'finished', 'blocked', 'unblocked'].includes(e.kind) && 'id' in e
      ? [`${e.kind} ${e.id}`]
      : [],
  );

async function latin1(): Promise<{ readonly url: string; readonly drop: () => Promise<unknown> }> {
  const admin = await createDatabase();
  const name = `latin_${admin.name}`;
  await admin.query(`create database ${name} encoding 'LATIN1' locale 'C' template template0`);
  const url = new URL(admin.url);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => admin.query(`drop database ${name} with (force)`) };
}

describe('a connection that is lost', () => {
  async function cutAt(count: number, verdict: Verdict, database: Database) {
    const proxy = await startProxy(database.url);
    let markers = 0;
    // Notices come before the end of the message only here.
    proxy.judge = ({ from, type, bytes }: Seen) =>
      from === 'server' && type === 'N' && bytes.includes('INFO') && ++markers === count ? verdict : 'pass';
    return proxy;
  }

  it('behind the last marker is looked up, and all are applied', async () => {
    const database = await createDatabase();
    const proxy = await cutAt(3, 'pass-and-cut', database);
    const report = await up({ database: proxy.url, migrations: tables(3) });
    expect(ids(report.applied)).toEqual(['1', '2', '3']);
    expect(report.warnings.map((w) => w.reason)).toEqual(['connection_lost']);
  });

  it('leaves the one that was not committed as failed, and those behind it as not reached', async () => {
    const database = await createDatabase();
    const proxy = await startProxy(database.url);
    const migrations = tables(4, { '3_t.up.sql': 'select pg_sleep(60);\n' });
    const { heard, onEvent } = listener();
    const run = failureOf(up({ database: proxy.url, migrations, onEvent }));
    await until('the third sleeps', async () => {
      const rows = await database.query(
        `select pid from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'`,
      );
      return rows.length === 1;
    });
    await database.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'`,
    );
    const { report, message } = await run;
    expect(message).toContain('looked up: it was not committed');
    expect(ids(report?.applied)).toEqual(['1', '2']);
    expect(report?.failed).toMatchObject({ id: '3', rolledBack: true });
    expect(ids(report?.notReached)).toEqual(['4']);
    expect(kinds(heard)).toEqual(['started 1', 'finished 1', 'started 2', 'finished 2', 'started 3']);
  });
});

it('a client that gives each message so long is sent one at a time', async () => {
  const database = await createDatabase();
  const client = new pg.Client({ connectionString: database.url, query_timeout: 60_000 });
  await client.connect();
  const report = await up({ database: client, migrations: tables(3) });
  await client.end();
  expect(ids(report.applied)).toEqual(['1', '2', '3']);
  const times = await database.query(
    `select count(distinct started_at)::int as n from schema_migrations_history`,
  );
  expect(times).toEqual([{ n: 3 }]);
});

it('a client that gives up waiting for a message has no locks of ours when it is given back', async () => {
  const database = await createDatabase();
  const client = new pg.Client({ connectionString: database.url, query_timeout: 500 });
  await client.connect();
  const migrations = folderOf({ '1_a.up.sql': 'create table a (); select pg_sleep(1);' });
  await failureOf(up({ database: client, migrations, lockTimeoutMs: 2000 }));
  await until('the locks are let go', async () => (await advisoryLocks(database)).length === 0);
  await client.end();
});

it('what a listener throws ends the run as it does one at a time, and what was committed is in the report', async () => {
  const database = await createDatabase();
  const onEvent = (e: Event) => {
    if (e.kind === 'finished' && e.id === '2') throw new Error('the listener');
  };
  const error = await failureOf(up({ database: database.url, migrations: tables(4), onEvent }));
  expect(error.message).toContain('the listener');
  expect(ids(error.report?.applied)).toEqual(['1', '2', '3', '4']);
  expect(await database.query('select version::int from schema_migrations')).toEqual([{ version: 4 }]);
});

it('who is in the way is told of the one that waits, and each is started once', async () => {
  const database = await createDatabase();
  await database.query('create table o (id int); create table p (id int)');
  const [first, second] = [await connectTo(database), await connectTo(database)];
  await first.query('begin; lock o');
  await second.query('begin; lock p');
  const migrations = tables(3, {
    '1_t.up.sql': 'alter table o add column x int;\n',
    '2_t.up.sql': 'lock p nowait;\n',
  });
  const { heard, onEvent } = listener({ blocked: () => first.query('commit') });
  const blocked = { timeoutMs: 60_000, attempts: 1 };
  const error = await failureOf(up({ database: database.url, migrations, blocked, onEvent }));
  expect(error).toMatchObject({ sqlstate: '55P03', operation: 'apply migration 2' });
  expect(error.details.join()).not.toContain('blocked by');
  expect(kinds(heard).filter((kind) => kind.includes('blocked 2'))).toEqual([]);
  expect(of(heard, 'started').map((e) => e.id)).toEqual(['1', '2']);
  await first.end();
  await second.end();
  expect(await waiting(database, 'relation')).toBe(0);
});

it('a hook around each counts for the size of a message', async () => {
  const database = await createDatabase();
  const hook = `${folderOf({ 'long.sql': `select 1; -- ${'x'.repeat(100_000)}\n` })}/long.sql`;
  const { client, sent } = await recorder(database);
  await up({ database: client, migrations: tables(30), hooks: { beforeEach: hook } });
  await client.end();
  expect(sent.filter((text) => text.includes('create table t')).length).toBeGreaterThan(3);
  expect(Math.max(...sent.map((text) => text.length))).toBeLessThan(1_000_000);
});

it('one may empty the journal', async () => {
  const database = await createDatabase();
  const migrations = tables(3, { '2_t.up.sql': 'delete from schema_migrations_history;\n' });
  expect(ids((await up({ database: database.url, migrations })).applied)).toEqual(['1', '2', '3']);
});

it('what a plain file leaves set reaches the next file, and no further', async () => {
  const database = await createDatabase();
  const migrations = folderOf({
    '1_t.up.sql': '-- rungs: plain\ncreate table t (a text);\nset standard_conforming_strings = off;\n',
    '2_t.up.sql': 'select 1;\n',
    '3_t.up.sql': `insert into t values ('C:\\\\temp');\n`,
  });
  await up({ database: database.url, migrations });
  expect(await database.query('select a from t')).toEqual([{ a: 'C:\\\\temp' }]);
});

describe('what the server cannot read', () => {
  it('of a resumable file is at its own statement', async () => {
    const { url, drop } = await latin1();
    const migrations = folderOf({
      '1_t.up.sql': `-- rungs: no-transaction\ncreate table t (a text);\ninsert into t values ('ok');\ninsert into t values ('日本');\n`,
    });
    const error = await failureOf(up({ database: url, migrations }));
    expect(error).toMatchObject({ sqlstate: '22P05', location: { line: 4 } });
    await drop();
  });

  it('of a large file is in the file', async () => {
    const { url, drop } = await latin1();
    const many = `insert into t values ('${'x'.repeat(100_000)}');\n`.repeat(12);
    const migrations = folderOf({
      '1_t.up.sql': `create table t (a text);\n${many}insert into t values ('日本');\n`,
    });
    const error = await failureOf(up({ database: url, migrations }));
    expect(error).toMatchObject({
      sqlstate: '22P05',
      operation: 'apply migration 1',
      location: { line: null },
    });
    await drop();
  });
});

describe('a large file', () => {
  const large = `insert into t values ('${'ü'.repeat(100_000)}');\n`.repeat(12);

  it('that says how it is to be read is read as a whole, as a small one is', async () => {
    const database = await createDatabase();
    const migrations = folderOf({
      '1_t.up.sql': `create table t (a text);\nset client_encoding = 'LATIN1';\n${large}`,
    });
    const { client, sent } = await recorder(database);
    await up({ database: client, migrations });
    await client.end();
    expect(sent.filter((text) => text.includes('insert into t'))).toHaveLength(1);
    expect(await database.query('select distinct length(a) as n from t')).toEqual([{ n: 100_000 }]);
  });

  it('as pg_dump writes it goes in pieces', async () => {
    const database = await createDatabase();
    const head = `SET client_encoding = 'UTF8';\nSET standard_conforming_strings = on;\ncreate table t (a text);\n`;
    const { client, sent } = await recorder(database);
    await up({ database: client, migrations: folderOf({ '1_t.up.sql': `${head}${large}` }) });
    await client.end();
    expect(sent.filter((text) => text.includes('insert into t')).length).toBeGreaterThan(1);
  });

  it('fails of a deferred constraint as a small one does', async () => {
    const database = await createDatabase();
    const migrations = folderOf({
      '1_t.up.sql': `create table t (a text);\ncreate table p (id int primary key);\ncreate table c (p int references p deferrable initially deferred);\ninsert into c values (1);\n${large}`,
    });
    const error = await failureOf(up({ database: database.url, migrations }));
    expect(error).toMatchObject({ sqlstate: '23503', operation: 'apply migration 1' });
    expect(error.location).toMatchObject({ line: null });
  });
});
