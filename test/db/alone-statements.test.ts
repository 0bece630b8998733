import { beforeAll, describe, expect, test } from 'vitest';
import { aloneStatement } from '../../src/sql/alone.ts';
import { isFault, parse } from '../../src/sql/grammar.ts';
import { createDatabase, type Database, serverMajor } from '../support/database.ts';

let database: Database;

beforeAll(async () => {
  database = await createDatabase();
  await database.query(`create table t (a int); create index ti on t (a);
    create table p (a int) partition by range (a); create index pi on p (a);
    create table p1 partition of p for values from (0) to (9)`);
});

/** Inside a transaction: what the server answers to the statement, '00000' for success. All is rolled back. */
async function answer(statement: string, before = ''): Promise<unknown> {
  try {
    await database.query(`begin; ${before}; ${statement}; rollback`);
    return '00000';
  } catch (e) {
    return (e as { code?: unknown }).code;
  }
}

async function isAlone(statement: string): Promise<boolean> {
  const parsed = await parse(statement);
  if (isFault(parsed) || parsed[0] === undefined) throw new Error(`${statement}: not a statement`);
  return aloneStatement(parsed[0].node) !== null;
}

/** A statement, and the first major version that has it. */
type Case = readonly [statement: string, since?: number];

const onThisServer = (cases: readonly Case[]): readonly string[] =>
  cases.filter(([, since = 0]) => since <= serverMajor).map(([statement]) => statement);

const REFUSED: readonly Case[] = [
  ['create database zz'],
  ['drop database if exists zz'],
  ['alter database postgres set tablespace pg_default'],
  ["create tablespace zz location '/zz'"],
  ['drop tablespace if exists zz'],
  ['create index concurrently on t (a)'],
  ['create unique index concurrently if not exists ti on t (a)'],
  ['drop index concurrently ti'],
  ['drop index concurrently if exists nothing'],
  ['reindex index concurrently ti'],
  ['reindex table concurrently t'],
  ['reindex (concurrently) table t'],
  ['reindex (verbose, concurrently on) table t'],
  ["reindex (concurrently 'TRUE') table t"],
  ['reindex (concurrently 1) table t'],
  ['reindex (concurrently false) table concurrently t'],
  ['reindex schema public'],
  ['reindex schema concurrently public'],
  ['reindex database', 16],
  ['reindex system', 16],
  ['vacuum'],
  ['vacuum t'],
  ['vacuum (analyze) t'],
  ['cluster'],
  ["alter system set work_mem = '4MB'"],
  ['alter system reset all'],
  ['discard all'],
  ["commit prepared 'zz'"],
  ["rollback prepared 'zz'"],
  ['alter table p detach partition p1 concurrently'],
  ["create subscription s connection 'dbname=zz' publication a"],
  ["create subscription s connection 'dbname=zz' publication a with (connect, enabled = false)"],
];

const ALLOWED: readonly Case[] = [
  ['alter database postgres connection limit -1'],
  ['alter tablespace pg_default set (seq_page_cost = 1)'],
  ['create index on t (a)'],
  ['drop index ti'],
  ['reindex index ti'],
  ['reindex table t'],
  ['reindex (concurrently false) table t'],
  ['reindex (concurrently off) table t'],
  ['reindex (concurrently 0) table t'],
  ['reindex (concurrently, concurrently off) table t'],
  ['analyze'],
  ['analyze t'],
  ['cluster t using ti'],
  ['discard plans'],
  ['discard temp'],
  ['checkpoint'],
  ["load 'plpgsql'"],
  ['alter table p detach partition p1'],
  ["alter type nothing add value 'a'"],
  ["create subscription s connection 'host=/zz' publication a with (connect = false)"],
  ["create subscription s connection 'host=/zz' publication a with (create_slot = off, slot_name = zz)"],
];

describe('a statement goes alone exactly if the server refuses it in a transaction', () => {
  test.each(onThisServer(REFUSED))('%s: refused', async (statement) => {
    expect(await answer(statement)).toBe('25001');
    expect(await isAlone(statement)).toBe(true);
  });
  test.each(onThisServer(ALLOWED))('%s: allowed', async (statement) => {
    expect(await answer(statement)).not.toBe('25001');
    expect(await isAlone(statement)).toBe(false);
  });
});

describe('so does one of a subscription', () => {
  const make = (options = '') =>
    `create subscription s connection 'host=/zz' publication a, b with (connect = false${options})`;
  const enabled = `${make()}; alter subscription s enable`;

  test.each(
    onThisServer([
      ['drop subscription s'],
      ['alter subscription s refresh publication'],
      ['alter subscription s set publication c'],
      ['alter subscription s set publication c with (refresh)'],
      ['alter subscription s add publication c'],
      ['alter subscription s drop publication b'],
    ]),
  )('%s: refused', async (statement) => {
    expect(await answer(statement, enabled)).toBe('25001');
    expect(await isAlone(statement)).toBe(true);
  });
  test.each(
    onThisServer([
      ['alter subscription s set (failover = true)', 17],
      ['alter subscription s set (failover = false)', 17],
      ['alter subscription s set (two_phase = false)', 18],
    ]),
  )('%s: refused', async (statement) => {
    expect(await answer(statement, make())).toBe('25001');
    expect(await isAlone(statement)).toBe(true);
  });
  test.each(
    onThisServer([
      ['alter subscription s enable'],
      ['alter subscription s disable'],
      ['alter subscription s set publication c with (refresh = false)'],
      ['alter subscription s drop publication b with (refresh = off)'],
      ["alter subscription s connection 'host=/yy'"],
      ['alter subscription s set (synchronous_commit = off)'],
      ['alter subscription s set (two_phase = true)', 18],
      ['alter subscription s rename to r'],
    ]),
  )('%s: allowed', async (statement) => {
    expect(await answer(statement, make())).toBe('00000');
    expect(await isAlone(statement)).toBe(false);
  });
});

describe('three need the catalogue, and are taken for the usual case', () => {
  test('REINDEX of a partitioned table', async () => {
    expect(await answer('reindex table p')).toBe('25001');
    expect(await isAlone('reindex table p')).toBe(false);
  });
  test('CLUSTER of a partitioned table, where there is that', async () => {
    expect(await answer('cluster p using pi')).toBe(serverMajor < 15 ? '0A000' : '25001');
    expect(await isAlone('cluster p using pi')).toBe(false);
  });
  test('DROP SUBSCRIPTION of one without a slot', async () => {
    const without = `create subscription s connection 'host=/zz' publication a with (connect = false, slot_name = none)`;
    expect(await answer('drop subscription s', without)).toBe('00000');
    expect(await isAlone('drop subscription s')).toBe(true);
  });
});

test('one of them and another statement cannot share a message, whatever comes between', async () => {
  const shared = (text: string) =>
    database.query(text).then(
      () => null,
      (e) => e.code,
    );
  expect(await shared('vacuum t')).toBeNull();
  expect(await shared('vacuum t; select 1')).toBe('25001');
  expect(await shared('begin; select 1; commit; vacuum t')).toBe('25001');
});
