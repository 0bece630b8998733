import { expect, test } from 'vitest';
import { lack } from '../../src/sql/rights.ts';

const who = { user: 'app', database: 'shop', serverVersion: 180000 };

test.each([
  ['must be owner of materialized view mv', 'alter materialized view "mv" owner to "app"'],
  ['must be owner of foreign table ft', 'alter table "ft" owner to "app"'],
  ['permission denied for materialized view mv', 'grant select on table "mv" to "app"'],
  ['permission denied for foreign server fs', 'grant usage on foreign server "fs" to "app"'],
  ['permission denied for foreign-data wrapper fdw', 'grant usage on foreign data wrapper "fdw" to "app"'],
  ['permission denied for table t', 'grant select on table "s"."t" to "app"'],
])('%s: %s', (message, cure) => {
  expect(lack({ message, detail: '' }, 'select * from s.t, mv', who)?.cure).toBe(cure);
});
