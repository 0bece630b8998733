/** A migration whose statements need locks that others have: how it waits, lets go, tries again, and gives up. */

import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { type Event, up } from '../../src/index.ts';
import { block, listener, of, withObjects } from '../support/blocked.ts';
import { failureOf } from '../support/failure.ts';
import { folderOf } from '../support/folder.ts';
import { connectTo, until, waiting } from '../support/session.ts';

const ALTER = 'create table made (id int);\nalter table objects add column price int;\n';
/** As often as it takes. */
const SOON = { timeoutMs: 300, attempts: 1000, delayMs: 1 };
/** Whoever waits does so until it is let go on. */
const PATIENT = { timeoutMs: 0 };

describe('a migration that does not get a lock in time', () => {
  it('is rolled back and tried again, whole, until it does', async () => {
    const database = await withObjects();
    const blocker = await block(database);
    const { heard, onEvent, settled } = listener({ 'let-go': blocker.go });
    const migrations = folderOf({ '1_a.up.sql': ALTER });
    const report = await up({ database: database.url, migrations, blocked: SOON, onEvent });
    await settled();
    expect(report.applied.map((s) => s.id)).toEqual(['1']);
    const [letGo] = of(heard, 'let-go');
    expect(letGo).toMatchObject({ id: '1', name: 'a', reason: 'lock_timeout', attempt: 1, attempts: 1000 });
    expect(letGo?.retryInMs).toBeLessThanOrEqual(1);
    expect(of(heard, 'started')).toHaveLength(1);
    expect(await database.query('select version::int, dirty from schema_migrations')).toEqual([
      { version: 1, dirty: false },
    ]);
    expect(await database.query('select state from schema_migrations_history')).toEqual([{ state: 'done' }]);
  });

  it('names in the end who was in its way, and how to go on', async () => {
    const database = await withObjects();
    const blocker = await block(database);
    const migrations = folderOf({ '1_a.up.sql': ALTER });
    const blocked = { timeoutMs: 6000, attempts: 1 };
    const error = await failureOf(up({ database: database.url, migrations, blocked }));
    await blocker.go();
    expect(error).toMatchObject({
      code: 'MIGRATION_UP_FAILED',
      reason: 'lock_timeout',
      sqlstate: '55P03',
      location: { line: 2, column: 1 },
    });
    const text = error.details.join('\n');
    expect(text).toMatch(
      /^blocked by pid \d+ \(\w+ from 127\.0\.0\.1, "checkout"\), idle in a transaction for/,
    );
    expect(text).toContain(`its last query: begin; insert into objects values (1, '…')`);
    expect(text).not.toContain('hunter2');
    expect(error.hint).toBe(
      `wait for pid ${blocker.pid} or end it (\`select pg_terminate_backend(${blocker.pid})\`), and run \`task migrate\` again`,
    );
    expect(await database.query(`select to_regclass('made') as made`)).toEqual([{ made: null }]);
    expect(error.report?.failed).toMatchObject({ id: '1', rolledBack: true });
  });

  it('says how often it was tried', async () => {
    const database = await withObjects();
    const blocker = await block(database);
    const { heard, onEvent } = listener();
    const options = { database: database.url, migrations: folderOf({ '1_a.up.sql': ALTER }), onEvent };
    const blocked = { timeoutMs: 50, attempts: 3, delayMs: 1 };
    const error = await failureOf(up({ ...options, blocked }));
    await blocker.go();
    expect(error.reason).toBe('lock_timeout');
    expect(error.details.join()).toMatch(/3 attempts in \d/);
    expect(of(heard, 'let-go').map((e) => e.attempt)).toEqual([1, 2]);
  });

  it('is tried again where statements that create what is there are left out', async () => {
    const database = await withObjects();
    const blocker = await block(database);
    const { heard, onEvent, settled } = listener({ 'let-go': blocker.go });
    const migrations = folderOf({ '1_a.up.sql': `create table log (line text);\n${ALTER}` });
    const options = { database: database.url, migrations, skipDuplicates: true };
    const report = await up({ ...options, blocked: SOON, onEvent });
    await settled();
    expect(report.applied).toHaveLength(1);
    expect(report.warnings.map((w) => w.reason)).toEqual(['duplicate_object']);
    expect(of(heard, 'let-go').length).toBeGreaterThan(0);
  });

  it('ends at once where the caller aborts, while it waits and before it tries again', async () => {
    const database = await withObjects();
    const blocker = await block(database);
    const migrations = folderOf({ '1_a.up.sql': ALTER });
    for (const [kind, blocked] of [
      ['blocked', PATIENT],
      ['let-go', { timeoutMs: 50, delayMs: 3_600_000 }],
    ] as const) {
      const controller = new AbortController();
      const { onEvent } = listener({ [kind]: () => controller.abort() });
      const { signal } = controller;
      const error = await failureOf(up({ database: database.url, migrations, blocked, onEvent, signal }));
      expect(error).toMatchObject({ reason: 'cancelled', hint: 'run `task migrate` to go on' });
    }
    expect(await database.query(`select to_regclass('made') as made`)).toEqual([{ made: null }]);
    await blocker.go();
  });

  it('is tried again where it was the victim of a deadlock', async () => {
    const database = await withObjects();
    const gate = await connectTo(database);
    await gate.query('select pg_advisory_lock(1)');
    const other = new pg.Client({ connectionString: database.url, options: '-c deadlock_timeout=1h' });
    await other.connect();
    await other.query('begin; lock table log');
    const { heard, onEvent } = listener();
    const migrations = folderOf({
      '1_a.up.sql': 'lock table objects;\nselect pg_advisory_xact_lock(1);\nlock table log;',
    });
    const run = up({ database: database.url, migrations, blocked: { ...PATIENT, delayMs: 1 }, onEvent });
    await until('the migration waits', async () => (await waiting(database, 'advisory')) === 1);
    const closed = other.query('lock table objects');
    await until('the other waits for it', async () => (await waiting(database, 'relation')) === 1);
    await gate.query('select pg_advisory_unlock(1)');
    await closed;
    await other.query('commit');
    await run;
    expect(of(heard, 'let-go').map((e) => e.reason)).toEqual(['deadlock']);
    await other.end();
  });
});

describe('while a migration waits', () => {
  it('who is in its way is told once, and again when twice as many wait behind it', async () => {
    const database = await withObjects();
    const blocker = await block(database);
    const readers: Promise<unknown>[] = [];
    const read = async () => {
      const reader = await connectTo(database);
      readers.push(reader.query('select from objects'));
    };
    const { heard, onEvent } = listener();
    const migrations = folderOf({ '1_a.up.sql': ALTER });
    const run = up({ database: database.url, migrations, blocked: PATIENT, onEvent });
    await until('it is told', () => of(heard, 'blocked').length === 1);
    const [first] = of(heard, 'blocked');
    expect(first).toMatchObject({ id: '1', name: 'a', direction: 'up', queued: 0 });
    expect(first?.blockers).toMatchObject([
      { pid: blocker.pid, application: 'checkout', state: 'idle in transaction', isWaiting: false },
    ]);
    await read();
    await until('the reader is told of', () => of(heard, 'blocked').length === 2);
    await read();
    await until('they are two', () => of(heard, 'blocked').length === 3);
    expect(of(heard, 'blocked').map((e) => e.queued)).toEqual([0, 1, 2]);
    await blocker.go();
    await run;
    await Promise.all(readers);
  });

  it('the one behind the one that is in its way comes first, as it is the one to act on', async () => {
    const database = await withObjects();
    const culprit = await block(database);
    const between = await connectTo(database, 'another alter');
    const altered = between.query('alter table objects add column other int');
    await until('it waits', async () => (await waiting(database, 'relation')) === 1);
    const { heard, onEvent, settled } = listener({ blocked: culprit.go });
    const migrations = folderOf({ '1_a.up.sql': ALTER });
    await up({ database: database.url, migrations, blocked: PATIENT, onEvent });
    await Promise.all([altered, settled()]);
    expect(of(heard, 'blocked')[0]?.blockers).toMatchObject([
      { pid: culprit.pid, isWaiting: false },
      { application: 'another alter', isWaiting: true },
    ]);
  });

  it('and more wait behind it than they may, it lets them pass and is tried again', async () => {
    const database = await withObjects();
    const blocker = await block(database);
    let readers: Promise<unknown> = Promise.resolve();
    const read = async () => (await connectTo(database)).query('select from objects');
    const { heard, onEvent } = listener({
      blocked: () => {
        readers = Promise.all([read(), read(), read()]);
      },
      // They have passed while the blocker still holds its lock.
      'let-go': () => readers.then(blocker.go),
    });
    const migrations = folderOf({ '1_a.up.sql': ALTER });
    const blocked = { ...PATIENT, queue: 2, delayMs: 1 };
    const report = await up({ database: database.url, migrations, blocked, onEvent });
    expect(of(heard, 'let-go')[0]?.reason).toBe('queue');
    expect(report.applied).toHaveLength(1);
  });

  it('and they are too many at the last attempt, that is what the error says', async () => {
    const database = await withObjects();
    const blocker = await block(database);
    const readers: Promise<unknown>[] = [];
    const { onEvent } = listener({
      blocked: async () => {
        for (let i = 0; i < 2; i++) readers.push((await connectTo(database)).query('select from objects'));
      },
    });
    const blocked = { ...PATIENT, queue: 1, attempts: 1 };
    const migrations = folderOf({ '1_a.up.sql': ALTER });
    const error = await failureOf(up({ database: database.url, migrations, blocked, onEvent }));
    await Promise.all(readers);
    await blocker.go();
    expect(error).toMatchObject({
      reason: 'lock_timeout',
      sqlstate: '57014',
      message: 'cancelled, as 2 sessions waited behind it',
    });
    expect(error.details[0]).toContain(`blocked by pid ${blocker.pid}`);
  });

  it('what a listener throws at being told is no failure of the migration', async () => {
    const database = await withObjects();
    const blocker = await block(database);
    let freed: Promise<void> | null = null;
    const onEvent = ({ kind }: Event) => {
      if (kind !== 'blocked') return;
      freed = blocker.go();
      throw new Error('of the listener');
    };
    const migrations = folderOf({ '1_a.up.sql': ALTER });
    const report = await up({ database: database.url, migrations, blocked: PATIENT, onEvent });
    await freed;
    expect(report.applied).toHaveLength(1);
  });

  it('a client on loan is looked at too, and goes back as it came', async () => {
    const database = await withObjects();
    const blocker = await block(database);
    const client = await connectTo(database, 'the lender');
    const { heard, onEvent, settled } = listener({ blocked: blocker.go });
    const migrations = folderOf({ '1_a.up.sql': ALTER });
    const blocked = { timeoutMs: 60_000 };
    await up({ database: client, migrations, blocked, onEvent });
    await settled();
    expect(of(heard, 'blocked')[0]?.blockers[0]?.pid).toBe(blocker.pid);
    expect((await client.query('show lock_timeout')).rows).toEqual([{ lock_timeout: '0' }]);
  });
});
