import { beforeAll, expect, test } from 'vitest';
import { dollar, identifier, literal } from '../../src/sql/quote.ts';
import { createDatabase, type Database } from '../support/database.ts';

let database: Database;

beforeAll(async () => {
  database = await createDatabase();
});

const TEXTS = [
  'plain',
  'with space',
  'MixedCase',
  'select',
  'system_user',
  "it's",
  "''",
  '"',
  'a"b""c',
  'back\\slash',
  "\\'; drop table t; --",
  'trailing\\',
  '$$',
  '$1',
  '$rungs$',
  '$rungs',
  '%s %I %%',
  'line\nbreak\r\n\ttab',
  'größe 漢字 😀',
  '-- /* x',
  '\u0001\u007f',
];

test.each(TEXTS)('%j as an identifier is that name to the server', async (name) => {
  const [row] = await database.query(`select 1 as ${identifier(name)}, ${literal(name)} = any (array['x'])`);
  expect(Object.keys(row ?? {})[0]).toBe(name);
});

test.each(TEXTS)('%j as an identifier is what quote_ident makes of it, or its bare form', async (name) => {
  const [row] = await database.query('select quote_ident($1) as quoted', [name]);
  expect([identifier(name), identifier(name).slice(1, -1)]).toContain(row?.quoted);
});

test.each(TEXTS)('%j as a literal is what quote_literal makes of it', async (text) => {
  const [row] = await database.query('select quote_literal($1) as quoted', [text]);
  expect(literal(text).trimStart()).toBe(row?.quoted);
});

test.each(['on', 'off'])('a literal is its text with standard_conforming_strings %s', async (setting) => {
  const list = TEXTS.map((text, i) => `select${literal(text)}::text as value, ${i} as i`).join(' union all ');
  const rows = await database.query(`set standard_conforming_strings = ${setting}; ${list} order by i`);
  expect(rows.map((row) => row.value)).toEqual(TEXTS);
});

test.each(TEXTS)('%j in dollar quotes is that text', async (text) => {
  const [row] = await database.query(`select ${dollar(text)}::text as value`);
  expect(row?.value).toBe(text);
});
