import { expect, test } from 'vitest';
import { quotable, unquotable } from '../../src/config/unquotable.ts';

test.each([
  ['postgres://app:secret@db/app', 'a URL'],
  ['file://migrations', 'a URL'],
  ["host=db user=app password='a secret'", 'a connection string'],
  ['host=db PASSWORD = secret', 'a connection string'],
  ['Server=db;Uid=app;Pwd=secret', 'a connection string'],
  ['sslpassword=secret', 'a connection string'],
  ['app:secret@db/app', 'a URL without its beginning'],
  ['app:sec/ret@db:5432/app', 'a URL without its beginning'],
  ['app:sec ret@db', 'a URL without its beginning'],
])('%s is not quoted', (text, what) => {
  expect([unquotable(text), quotable(text)]).toEqual([what, what]);
});

test.each([
  'db/migrations',
  '../a folder/with=equals',
  'C:\\project\\node_modules\\@scope',
  'C:/project/@scope',
  '/srv/a:b@c',
  'node_modules/.pnpm/pkg@1.0.0/migrations',
  'passwords',
  'add_users',
])('%s is', (text) => {
  expect([unquotable(text), quotable(text)]).toEqual([null, JSON.stringify(text)]);
});
