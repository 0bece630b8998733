/** Whose lock_timeout counts: ours by default, and what is said elsewhere before it; by mode and by statement. */

import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { up } from '../../src/index.ts';
import { block, listener, of, withObjects } from '../support/blocked.ts';
import type { Database } from '../support/database.ts';
import { failureOf } from '../support/failure.ts';
import { folderOf } from '../support/folder.ts';
import { createRole } from '../support/role.ts';
import { connectTo } from '../support/session.ts';

const SAY = `insert into log values (current_setting('lock_timeout'));\n`;
const said = async (database: Database) =>
  (await database.query('select line from log')).map(({ line }) => line);
const has = async (database: Database, index: string) =>
  database.query('select indisvalid as valid from pg_index where indexrelid = to_regclass($1)', [index]);
const SHORT = { timeoutMs: 100 };
const pause = (database: Database, seconds: number) => database.query(`select pg_sleep(${seconds})`);

describe('the lock_timeout of a statement', () => {
  it('is three seconds by default, in every file, and off with 0', async () => {
    const database = await withObjects();
    const files = {
      '1_a.up.sql': `${SAY}set lock_timeout = '7s';`,
      '2_b.up.sql': `-- rungs: no-transaction\n${SAY}`,
      '3_c.up.sql': SAY,
    };
    const options = { database: database.url, migrations: folderOf(files) };
    await up(options);
    const more = folderOf({ ...files, '4_d.up.sql': SAY });
    await up({ ...options, migrations: more, blocked: { timeoutMs: 0 } });
    expect(await said(database)).toEqual(['3s', '3s', '3s', '0']);
  });

  it('is what the connection string or the role says, where one of them does', async () => {
    const database = await withObjects();
    const url = new URL(database.url);
    url.searchParams.set('lock_timeout', '1234');
    const first = { '1_a.up.sql': SAY };
    await up({ database: url.href, migrations: folderOf(first) });
    const role = await createRole('secret', 'superuser');
    await database.query(`alter role ${role.name} set lock_timeout = '4321'`);
    const second = { ...first, '2_b.up.sql': `-- rungs: no-transaction\n${SAY}` };
    await up({ database: role.urlOf(database), migrations: folderOf(second) });
    expect(await said(database)).toEqual(['1234ms', '4321ms']);
  });

  it('is what the file sets, where it does', async () => {
    const database = await withObjects();
    const blocker = await block(database);
    const { heard, onEvent, settled } = listener({ blocked: blocker.go });
    const migrations = folderOf({
      '1_a.up.sql': 'set lock_timeout = 0;\nalter table objects add price int;',
    });
    const options = { database: database.url, onEvent, blocked: SHORT };
    await up({ ...options, migrations });
    await settled();
    expect(of(heard, 'let-go')).toEqual([]);
  });

  it('is none of ours in plain mode, where a file may have committed a part: no second attempt', async () => {
    const database = await withObjects();
    const blocker = await block(database);
    const { heard, onEvent } = listener();
    const migrations = folderOf({
      '1_a.up.sql': `-- rungs: plain\n${SAY}`,
      '2_b.up.sql': `-- rungs: plain\nset lock_timeout = '50ms';\nalter table objects add price int;`,
    });
    const error = await failureOf(up({ database: database.url, migrations, onEvent }));
    await blocker.go();
    expect(await said(database)).toEqual(['0']);
    expect(error).toMatchObject({ reason: 'lock_timeout', sqlstate: '55P03' });
    expect(of(heard, 'let-go')).toEqual([]);
    expect(error.report).toMatchObject({ to: 2n, dirty: true });
  });
});

describe('in a file that cannot be a transaction', () => {
  it('the statement alone is tried again, and those before it are not', async () => {
    const database = await withObjects();
    const blocker = await block(database);
    const { heard, onEvent, settled } = listener({ 'let-go': blocker.go });
    const migrations = folderOf({
      '1_a.up.sql': `-- rungs: no-transaction\n${SAY}alter table objects add column price int;`,
    });
    const blocked = { timeoutMs: 300, attempts: 1000, delayMs: 1 };
    await up({ database: database.url, migrations, blocked, onEvent });
    await settled();
    expect(await said(database)).toEqual(['300ms']);
    expect(of(heard, 'let-go').length).toBeGreaterThan(0);
    expect(of(heard, 'statement')).toHaveLength(2);
  });

  it('an index build waits for old transactions as long as it must, as it is in nobody’s way', async () => {
    const database = await withObjects();
    const blocker = await block(database);
    const { heard, onEvent, settled } = listener({
      blocked: async () => {
        await pause(database, 0.3);
        await blocker.go();
      },
    });
    const migrations = folderOf({
      '1_a.up.sql': `create index concurrently objects_name on objects (name);\n${SAY}`,
    });
    await up({ database: database.url, migrations, blocked: SHORT, onEvent });
    await settled();
    expect(of(heard, 'blocked')[0]?.blockers).toMatchObject([{ pid: blocker.pid }]);
    expect(await has(database, 'objects_name')).toEqual([{ valid: true }]);
    // For the next statement it counts again.
    expect(await said(database)).toEqual(['100ms']);
  });

  it.each([
    ['is said in a comment', '-- not set by hand: lock_timeout\n', `${SAY}`],
    ['is set local, which ends with its statement', '', `set local lock_timeout = '50ms';\n`],
    ['is set local by set_config', '', `select set_config('lock_timeout', '50ms', true);\n`],
    ['is set local in beforeEach', `set local lock_timeout = '50ms';\n`, ''],
    ['is said in a comment of beforeEach', `-- lock_timeout\nset work_mem = '8MB';\n`, ''],
  ])('and waits so too where a lock_timeout %s', async (_, hook, before) => {
    const database = await withObjects();
    const blocker = await block(database);
    const { heard, onEvent, settled } = listener({
      blocked: async () => {
        await pause(database, 0.3);
        await blocker.go();
      },
    });
    const file = `-- lock_timeout\n${before}create index concurrently objects_name on objects (name);\n`;
    const hooks = { beforeEach: join(folderOf({ 'limits.sql': hook }), 'limits.sql') };
    await up({
      ...{ database: database.url, migrations: folderOf({ '1_a.up.sql': file }), hooks },
      ...{ blocked: SHORT, onEvent },
    });
    await settled();
    expect(of(heard, 'blocked')).not.toEqual([]);
    expect(await has(database, 'objects_name')).toEqual([{ valid: true }]);
  });

  it.each([
    `set lock_timeout = '50ms'`,
    `set session "lock_timeout" = '50ms'`,
    `select set_config('Lock_Timeout', '50ms', false)`,
  ])('but not where beforeEach says %s', async (hook) => {
    const database = await withObjects();
    const blocker = await block(database);
    const file = 'create index concurrently objects_name on objects (name);\n';
    const hooks = { beforeEach: join(folderOf({ 'limits.sql': hook }), 'limits.sql') };
    const error = await failureOf(
      up({ database: database.url, migrations: folderOf({ '1_a.up.sql': file }), hooks }),
    );
    await blocker.go();
    expect(error).toMatchObject({ reason: 'lock_timeout', sqlstate: '55P03' });
  });

  it('what takes its table for itself does not wait longer than it may, and goes on there the next time', async () => {
    const database = await withObjects();
    const blocker = await block(database);
    const migrations = folderOf({ '1_a.up.sql': `${SAY}vacuum full objects;\n${SAY}` });
    const options = { database: database.url, migrations, blocked: SHORT };
    const error = await failureOf(up(options));
    expect(error).toMatchObject({ reason: 'lock_timeout', location: { line: 2, column: 1 } });
    expect(error.hint).toContain('it goes on at this statement');
    await blocker.go();
    await up(options);
    expect(await said(database)).toEqual(['100ms', '100ms']);
  });

  it('the lock_timeout that the file sets counts for index builds too, which then leave what is dropped the next time', async () => {
    const database = await withObjects();
    const blocker = await block(database);
    const file = `set lock_timeout = '50ms';\ncreate index concurrently objects_name on objects (name);\n`;
    const options = { database: database.url, migrations: folderOf({ '1_a.up.sql': file }) };
    const error = await failureOf(up(options));
    expect(error).toMatchObject({ reason: 'lock_timeout', sqlstate: '55P03' });
    expect(await has(database, 'objects_name')).toEqual([{ valid: false }]);
    await blocker.go();
    const report = await up(options);
    expect(report.warnings.map((w) => w.reason)).toEqual(['invalid_index_dropped']);
    expect(await has(database, 'objects_name')).toEqual([{ valid: true }]);
  });
});

describe('who is in the way', () => {
  const migrations = () => folderOf({ '1_a.up.sql': 'alter table objects add price int;' });

  it('is named without what it does, where the role may not see that', async () => {
    const database = await withObjects();
    const role = await createRole();
    await database.query(
      `alter table objects owner to ${role.name}; grant create on schema public to ${role.name}`,
    );
    const blocker = await block(database);
    const { heard, onEvent, settled } = listener({ blocked: blocker.go });
    await up({
      database: role.urlOf(database),
      migrations: migrations(),
      blocked: { timeoutMs: 0 },
      onEvent,
    });
    await settled();
    expect(of(heard, 'blocked')[0]?.blockers).toMatchObject([
      { pid: blocker.pid, application: 'checkout', state: null, query: null, transactionMs: null },
    ]);
  });

  it('is seen by the login, whatever role it acts as', async () => {
    const database = await withObjects();
    const role = await createRole();
    await database.query(
      `alter table objects owner to ${role.name}; grant create on schema public to ${role.name}`,
    );
    const blocker = await block(database);
    const { heard, onEvent, settled } = listener({ blocked: blocker.go });
    const options = { database: database.url, role: role.name, blocked: { timeoutMs: 0 }, onEvent };
    await up({ ...options, migrations: migrations() });
    await settled();
    expect(of(heard, 'blocked')[0]?.blockers[0]?.state).toBe('idle in transaction');
  });

  it('stays unknown where there is no second connection to be had, and nothing else changes', async () => {
    const database = await withObjects();
    const role = await createRole();
    await database.query(
      `alter table objects owner to ${role.name}; grant create on schema public to ${role.name}`,
    );
    await database.query(`alter role ${role.name} connection limit 1`);
    const blocker = await block(database);
    const { heard, onEvent } = listener();
    const blocked = { timeoutMs: 1500, attempts: 1 };
    const options = { database: role.urlOf(database), migrations: migrations(), blocked, onEvent };
    const error = await failureOf(up(options));
    await blocker.go();
    expect(error).toMatchObject({ reason: 'lock_timeout', details: [] });
    expect(error.hint).toContain('another session holds a lock');
    expect(of(heard, 'blocked')).toEqual([]);
  });

  it('may hold its lock without a transaction', async () => {
    const database = await withObjects();
    const { heard, onEvent, settled } = listener({
      blocked: () => holder.query('select pg_advisory_unlock(5)'),
    });
    const holder = await connectTo(database);
    await holder.query('select pg_advisory_lock(5)');
    const file = folderOf({ '1_a.up.sql': 'select pg_advisory_xact_lock(5)' });
    await up({ database: database.url, migrations: file, blocked: { timeoutMs: 0 }, onEvent });
    await settled();
    expect(of(heard, 'blocked')[0]?.blockers).toMatchObject([{ state: 'idle', transactionMs: null }]);
  });
});
