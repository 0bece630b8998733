import { expect, test } from 'vitest';
import { checksum } from '../../src/sql/checksum.ts';
import { standingAfter } from '../../src/sql/standing.ts';

/** What the texts leave standing, as `kind name`, with the schema and the table where they are known. */
async function left(...texts: readonly string[]): Promise<readonly string[]> {
  const files = texts.map((text, i) => ({
    path: `${i}.up.sql`,
    text,
    checksum: checksum(text),
    psql: null,
    analysis: null,
  }));
  const { objects, faults } = await standingAfter(files);
  expect(faults).toEqual([]);
  return objects.map(({ kind, schema, name, on, anywhere }) => {
    const own = schema === null ? name : `${schema}.${name}`;
    return `${kind} ${own}${on === null ? '' : ` on ${on}`}${anywhere ? ' anywhere' : ''}`;
  });
}

test.each([
  ['create table a (); create unlogged table s.b ()', ['table a', 'table s.b']],
  ['create table a as select 1; select 1 into b', ['table a', 'table b']],
  ['create temp table a (); create index i on a (x); create temp view v as select 1', []],
  ['create table pg_temp.a ()', []],
  ['create table if not exists a (); create table if not exists a ()', ['table a']],
  ['create index i on s.t (x); create index on t (x)', ['index s.i on t']],
  ['create view v as select 1; create materialized view m as select 1', ['view v', 'materialized view m']],
  ['create sequence q; create domain d as text', ['sequence q', 'domain d']],
  ["create type e as enum ('a'); create type c as (x int)", ['type e', 'type c']],
  ['create type r as range (subtype = int)', ['type r']],
  ['create function f() returns int language sql as $$ select 1 $$', ['function f']],
  ["create procedure s.p() language sql as ''", ['procedure s.p']],
  ['create schema s; create extension e', ['schema s', 'extension e']],
  ['create trigger g before insert on s.t execute function f()', ['trigger s.g on t']],
  ['alter table t add column x int, add y text, drop column x', ['column y on t']],
])('%s', async (text, objects) => {
  expect(await left(text)).toEqual(objects);
});

test.each([
  ['create table a (); create table b ()', 'drop table a', ['table b']],
  ['create table public.a ()', 'drop table if exists a', []],
  ['create table a ()', 'drop table other.a, public.a', []],
  ['create table x.a ()', 'drop table y.a', ['table x.a']],
  ['create table a (); create index i on a (x); alter table a add y int', 'drop table a', []],
  ['create index i on a (x)', 'drop index concurrently i', []],
  ['create trigger g before insert on t execute function f()', 'drop trigger g on t', []],
  ['create trigger g before insert on t execute function f()', 'drop trigger g on u', ['trigger g on t']],
  ['create function f(int) returns int return 1', 'drop function f(int)', []],
  ["create type e as enum ('a')", 'drop type e', []],
  ['create schema s; create table s.t ()', 'drop schema s cascade', []],
  ['create table a (); create view v as select 1', 'drop table a cascade', []],
  ['create table a (); create view v as select 1', 'drop function f() cascade', ['table a']],
  ['create unique index i on a (x)', 'alter table a add constraint c unique using index i', []],
])('%s, and then %s', async (first, second, objects) => {
  expect(await left(first, second)).toEqual(objects);
});

test.each([
  ['create table a (); create index i on a (x)', 'alter table a rename to b', ['table b', 'index i on b']],
  ['create index i on a (x)', 'alter index i rename to j', ['index j on a']],
  ['create view v as select 1', 'alter view v rename to w', ['view w']],
  ["create type e as enum ('a')", 'alter type e rename to f', ['type f']],
  ['create function f() returns int return 1', 'alter function f() rename to g', ['function g']],
  ['create schema s; create table s.t ()', 'alter schema s rename to z', ['schema z', 'table z.t']],
  ['alter table t add x int', 'alter table t rename x to y', ['column y on t']],
  [
    'create table a (); create index i on a (x)',
    'alter table a set schema z',
    ['table z.a', 'index z.i on a'],
  ],
  ['create table a ()', 'alter table a rename constraint x to y', ['table a']],
])('%s, and then %s', async (first, second, objects) => {
  expect(await left(first, second)).toEqual(objects);
});

test('where it is unclear whether something is there, it is not asked for', async () => {
  const code = "do $$ begin execute 'drop table ' || 'a'; drop view if exists v; end $$";
  expect(await left('create table a (); create view v as select 1; create table k ()', code)).toEqual([
    // One letter that the code has in it, too: better one too few.
    'table k',
  ]);
  expect(await left('create table accounts ()', "do $$ begin perform 'accounts'; end $$")).toEqual([
    'table accounts',
  ]);
  expect(await left('create table a ()', 'drop owned by joe')).toEqual([]);
});

test('behind a search_path, an unqualified name may be anywhere', async () => {
  const text =
    'create table a (); set search_path = x; create table b (); create table s.c (); create schema s';
  expect(await left(text, 'create table d ()')).toEqual([
    ...['table a', 'table b anywhere', 'table s.c', 'schema s', 'table d anywhere'],
  ]);
});

test('a file that asks something of psql is told so, and not that it is no SQL', async () => {
  const psql = { cuts: [], refused: [{ message: 'why not', offset: 9 }] };
  const text = 'select 1 \\gexec';
  const { faults } = await standingAfter([{ path: 'a.sql', text, checksum: '', psql, analysis: null }]);
  expect(faults).toEqual([{ reason: 'psql', message: 'why not', offset: 9, file: 'a.sql' }]);
});

test('a file that the grammar refuses is named', async () => {
  const { faults } = await standingAfter([
    { path: 'a.sql', text: 'creat table', checksum: '', psql: null, analysis: null },
  ]);
  expect(faults).toMatchObject([{ message: 'syntax error at or near "creat"', offset: 0, file: 'a.sql' }]);
});
