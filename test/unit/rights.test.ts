import { expect, test } from 'vitest';
import { lack } from '../../src/sql/rights.ts';

const who = { user: 'app', database: 'shop', serverVersion: 180000 };

test.each([
  ['permission denied for materialized view mv', 'grant select on table "mv" to "app"'],
  ['permission denied for foreign server fs', 'grant usage on foreign server "fs" to "app"'],
  ['permission denied for foreign-data wrapper fdw', 'grant usage on foreign data wrapper "fdw" to "app"'],
  ['permission denied for table t', 'grant select on table "s"."t" to "app"'],
])('%s: %s', (message, cure) => {
  expect(lack({ message, detail: '' }, 'select * from s.t, mv', who)?.cure).toBe(cure);
});

test.each([
  ['create table x as select * from s.t', 'select'],
  ['create unlogged table if not exists x (a) as\n  (with q as (select 1) table s.t)', 'select'],
  ['create table x (like s.t including all)', 'select'],
  ['create table x (id int generated always as identity, t int references s.t)', 'references'],
  ['create table x (a int, b int generated always as (a * 2) stored references s.t)', 'references'],
])('%s needs %s on the other table', (statement, right) => {
  const words = { message: 'permission denied for table t', detail: '' };
  expect(lack(words, statement, who)?.cure).toBe(`grant ${right} on table "s"."t" to "app"`);
});

test.each([
  ['must be owner of materialized view mv', 'materialized view "mv"'],
  ['must be owner of table t', 'table "s"."t"'],
  ['must be owner of relation t', 'relation "s"."t"'],
  ['must be owner of function s.f(integer)', 'function s.f(integer)'],
])('%s: nothing is to be taken from the owner of %s', (message, object) => {
  const found = lack({ message }, 'select * from s.t, mv', who);
  expect(found).toEqual({ right: 'ownership', object, cure: null });
});
