import { expect, it } from 'vitest';
import { isFault, parse } from '../../src/sql/grammar.ts';
import { undo } from '../../src/sql/undo.ts';

/** The drops, and behind `left:` the lines of what they do not cover. */
async function undone(text: string): Promise<string> {
  const parsed = await parse(text);
  if (isFault(parsed)) throw new Error(parsed.message);
  const { drops, left } = undo(parsed);
  return [...drops, ...(left.length === 0 ? [] : [`left: ${left.map((s) => s.line).join(' ')}`])].join('; ');
}

it.each([
  [
    'create table a (id int); create table s.b (id int);',
    'drop table if exists "s"."b"; drop table if exists "a"',
  ],
  ['begin; create table a (id int); commit', 'drop table if exists "a"'],
  ['create view v as select 1', 'drop view if exists "v"'],
  ['create materialized view v as select 1', 'drop materialized view if exists "v"'],
  [
    "create type t as enum ('a'); create type c as (a int)",
    'drop type if exists "c"; drop type if exists "t"',
  ],
  ['create domain "My D" as text', 'drop domain if exists "My D"'],
  [
    "create or replace function s.f(a int) returns int language sql as 'select 1'",
    'drop function if exists "s"."f"',
  ],
  ["create procedure p() language sql as 'select 1'", 'drop procedure if exists "p"'],
  ['create extension if not exists pg_trgm', ''],
  ['create temporary table t (id int)', ''],
  ['create schema s; create schema if not exists public', 'drop schema if exists "s"'],
  ['create schema s create table t (id int)', 'left: 1'],
  ['create index on elsewhere (a)', 'left: 1'],
  ['create index i on s.elsewhere (a)', 'drop index if exists "s"."i"'],
  ['create table a (id int); create index on a (id); insert into a values (1)', 'drop table if exists "a"'],
  ['insert into elsewhere values (1)', 'left: 1'],
  ['alter table elsewhere add column a int', 'left: 1'],
  ['do $$ begin create type t as enum (); end $$;\ncreate role r', 'left: 1 2'],
  [
    "create function f(int) returns int language sql as 'select 1';\ncreate function f(text) returns int language sql as 'select 1'",
    'left: 1 2',
  ],
])('%s', async (text, expected) => {
  expect(await undone(text)).toBe(expected);
});

it('takes away what ties a table to a function, or to another table, before either', async () => {
  const text = `create table a (id int primary key, b int);
    create table b (id int primary key, a int references a);
    create function f() returns trigger language plpgsql as 'begin return new; end';
    create trigger t before insert on a for each row execute function f();
    create policy p on a using (true);
    alter table a add constraint loop foreign key (b) references b;`;
  expect((await undone(text)).split('; ')).toEqual([
    'alter table if exists "a" drop constraint if exists "loop"',
    'drop policy if exists "p" on "a"',
    'drop trigger if exists "t" on "a"',
    'drop function if exists "f"',
    'drop table if exists "b"',
    'drop table if exists "a"',
  ]);
});

it('leaves sequences until no default needs them, as in a dump, and schemas to the end', async () => {
  const text = `create schema s; create table s.a (id int); create sequence s.n;
    alter sequence s.n owned by s.a.id; alter table s.a alter id set default nextval('s.n');`;
  expect((await undone(text)).split('; ')).toEqual([
    'drop table if exists "s"."a"',
    'drop sequence if exists "s"."n"',
    'drop schema if exists "s"',
  ]);
});
