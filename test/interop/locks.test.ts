/** golang-migrate and rungs keep each other out, whichever of golang-migrate's two lock ids is used. */

import type pg from 'pg';
import { describe, expect, test } from 'vitest';
import { lockId } from '../../src/config/lock-id.ts';
import { rungs, startRungs } from '../support/cli.ts';
import { createDatabase, type Database } from '../support/database.ts';
import { folderOf } from '../support/folder.ts';
import { besideGolangMigrate, golang } from '../support/golang-migrate.ts';
import { ledgerOf } from '../support/schema.ts';
import { advisoryLocks, connectTo, disconnect, said, until, waiting } from '../support/session.ts';

/** Its only migration waits for as long as a third party holds the table `gate`. */
const FOLDER = 'test/fixtures/interop/gate';

/** As golang-migrate's command line locks, and as a Go service does that hands over its own connection. */
const idOf = {
  url: (database: Database) => lockId('public', 'schema_migrations', `/${database.name}`),
  instance: (database: Database) => lockId('public', 'schema_migrations', database.name),
};

async function gated(): Promise<{ readonly database: Database; readonly keeper: pg.Client }> {
  const database = await createDatabase();
  await database.query('create table gate (id int)');
  const keeper = await connectTo(database);
  await keeper.query('begin; lock table gate in access exclusive mode');
  return { database, keeper };
}

const ours = (database: Database, ...args: string[]) =>
  startRungs(['up', '--path', FOLDER, ...args], { env: { DATABASE_URL: database.url } });

describe.each(['url', 'instance'] as const)('a session that holds the %s form of the lock', (form) => {
  test('makes our run wait, which goes on when it lets go', async () => {
    const { database, keeper } = await gated();
    await keeper.query('rollback');
    await keeper.query(`select pg_advisory_lock(${idOf[form](database)})`);
    const run = ours(database, '--lock-timeout', '2m');
    await said(run, 'waiting for the migration lock, held by pid');
    expect(await ledgerOf(database)).toBeNull();
    await disconnect(keeper);
    expect(await run.ended).toMatchObject({ code: 0, stdout: 'Migrated from version 0 to 1\n' });
  });

  test('makes our run give up at the timeout, naming it, with nothing done', async () => {
    const { database, keeper } = await gated();
    await keeper.query(`select pg_advisory_lock(${idOf[form](database)})`);
    const { code, stdout, stderr } = await ours(database, '--lock-timeout', '200ms').ended;
    expect({ code, stdout }).toEqual({ code: 12, stdout: '' });
    expect(stderr).toContain("timeout: can't acquire database lock (after 0.2 s)");
    expect(stderr).toContain('application a third party');
    expect(await ledgerOf(database)).toBeNull();
    expect(await advisoryLocks(database)).toEqual([idOf[form](database)]);
  });
});

describe('our own run that is half-way', () => {
  test('through a plain file is waited for, though the version is dirty meanwhile', async () => {
    const { database, keeper } = await gated();
    const folder = folderOf({
      '1_gate.up.sql': '-- rungs: plain\nlock table gate in share mode; create table passed (id int);',
    });
    const start = () =>
      startRungs(['up', '--path', folder, '--lock-timeout', '2m'], { env: { DATABASE_URL: database.url } });
    const first = start();
    await until('it waits at the gate', async () => (await waiting(database, 'relation')) === 1);
    expect(await ledgerOf(database)).toEqual([{ version: '1', dirty: true }]);
    const second = start();
    await said(second, 'waiting for the migration lock, held by pid');
    await keeper.query('rollback');
    expect(await first.ended).toMatchObject({ code: 0, stdout: 'Migrated from version 0 to 1\n' });
    expect(await second.ended).toMatchObject({ code: 0, stdout: 'Already at latest version: 1\n' });
  });
});

besideGolangMigrate('golang-migrate’s lock', () => {
  test.each(['postgres', 'pgx5'] as const)('is the URL form that we compute (%s)', async (driver) => {
    const { database, keeper } = await gated();
    const theirs = golang(database, FOLDER, ['up'], { driver });
    await until('golang-migrate waits at the gate', async () => (await waiting(database, 'relation')) === 1);
    expect(await advisoryLocks(database)).toEqual([idOf.url(database)]);
    await keeper.query('rollback');
    expect((await theirs).code).toBe(0);
  });

  test('makes us wait while it runs a migration; then we find nothing to do', async () => {
    const { database, keeper } = await gated();
    const theirs = golang(database, FOLDER, ['up']);
    await until('golang-migrate waits at the gate', async () => (await waiting(database, 'relation')) === 1);
    const run = ours(database, '--lock-timeout', '2m');
    await said(run, 'waiting for the migration lock, held by pid');
    await keeper.query('rollback');
    expect((await theirs).code).toBe(0);
    expect(await run.ended).toMatchObject({ code: 0, stdout: 'Already at latest version: 1\n' });
  });

  test('does not keep an up-to-date database’s up from saying so, nor status', async () => {
    const { database, keeper } = await gated();
    await keeper.query('rollback');
    await golang(database, FOLDER, ['up']);
    await keeper.query('begin; lock table gate in access exclusive mode');
    await keeper.query(
      `select pg_advisory_lock(${idOf.url(database)}), pg_advisory_lock(${idOf.instance(database)})`,
    );
    const env = { DATABASE_URL: database.url };
    expect(await rungs(['up', '--path', FOLDER], { env })).toMatchObject({
      code: 0,
      stdout: 'Already at latest version: 1\n',
    });
    expect(await rungs(['version', '--path', FOLDER], { env })).toMatchObject({ code: 0, stdout: '1\n' });
  });
});

besideGolangMigrate('our lock', () => {
  test.each(['postgres', 'pgx5'] as const)(
    'makes golang-migrate wait while we run a migration; then it finds nothing to do (%s)',
    async (driver) => {
      const { database, keeper } = await gated();
      const run = ours(database);
      await until('we wait at the gate', async () => (await waiting(database, 'relation')) === 1);
      expect(await advisoryLocks(database)).toEqual(
        [idOf.url(database), idOf.instance(database)].sort((a, b) => (a < b ? -1 : 1)),
      );
      const theirs = golang(database, FOLDER, ['up'], { driver });
      await until(
        'golang-migrate waits for the lock',
        async () => (await waiting(database, 'advisory')) === 1,
      );
      await keeper.query('rollback');
      expect(await run.ended).toMatchObject({ code: 0, stdout: 'Migrated from version 0 to 1\n' });
      expect(await theirs).toEqual({ code: 0, output: 'no change\n' });
    },
  );

  test('keeps out a Go service that locks the library form', async () => {
    const { database, keeper } = await gated();
    const run = ours(database);
    await until('we wait at the gate', async () => (await waiting(database, 'relation')) === 1);
    const service = await connectTo(database, 'a Go service');
    const locked = service.query(`select pg_advisory_lock(${idOf.instance(database)})`);
    await until('the service waits for the lock', async () => (await waiting(database, 'advisory')) === 1);
    expect(await ledgerOf(database)).toEqual([]);
    await keeper.query('rollback');
    await locked;
    expect(await ledgerOf(database)).toEqual([{ version: '1', dirty: false }]);
    await run.ended;
  });

  test('is let go at the end, so that golang-migrate can go back down', async () => {
    const { database, keeper } = await gated();
    await keeper.query('rollback');
    await ours(database).ended;
    expect(await advisoryLocks(database)).toEqual([]);
    expect((await golang(database, FOLDER, ['down', '1'])).code).toBe(0);
    expect(await ledgerOf(database)).toEqual([]);
  });
});
