import { describe, expect, test } from 'vitest';
import { analyseFile } from '../../src/sql/analysis.ts';
import { blanked } from '../../src/sql/wrapper.ts';
import { file } from '../support/world.ts';

const of = async (text: string) => (await analyseFile(file('1_a.up.sql', text).file)).analysis;
const sent = async (text: string) => blanked(text, (await of(text)).wrapper);

describe('BEGIN and COMMIT around a whole file', () => {
  test.each([
    ['BEGIN;\nselect 1;\nCOMMIT;\n', '     ;\nselect 1;\n      ;\n'],
    ['-- why\nstart transaction; select 1; savepoint s; rollback to s; end', undefined],
    ['begin work;select 1;commit work;-- done', undefined],
    ['begin;commit', undefined],
  ])('%j are left out, and the file is atomic', async (text, expected) => {
    expect((await of(text)).mode).toBe('atomic');
    const result = await sent(text);
    expect(result).toHaveLength(text.length);
    expect(result).not.toMatch(/begin|start transaction|commit|\bend\b/i);
    if (expected !== undefined) expect(result).toBe(expected);
  });

  test.each([
    ['with options', 'begin isolation level serializable; select 1; commit;'],
    ['with a chain', 'begin; select 1; commit and chain;'],
    ['with something before', 'select 1; begin; select 2; commit;'],
    ['with something behind', 'begin; select 1; commit; select 2;'],
    ['twice', 'begin; select 1; commit; begin; select 2; commit;'],
    ['rolled back', 'begin; select 1; rollback;'],
    ['without an end', 'begin; select 1;'],
    ['asked for as it is', '-- rungs: plain\nbegin; select 1; commit;'],
  ])('%s are the file’s own affair', async (_what, text) => {
    expect(await of(text)).toMatchObject({ mode: 'plain', wrapper: [] });
  });

  test('are no statements', async () => {
    expect((await of('begin; select 1; commit;')).statements.map((s) => s.start)).toEqual([7]);
  });
});

describe('SET TRANSACTION at the head of an atomic file', () => {
  const first = async (text: string) =>
    ((await of(text)).first ?? []).map(({ start, end }) => text.slice(start, end));

  test.each([
    [
      'set transaction isolation level serializable; select 1',
      ['set transaction isolation level serializable'],
    ],
    ['begin; set transaction read only; select 1; commit', ['set transaction read only']],
    [
      "set role a; set transaction_isolation = 'serializable'; select 1",
      ["set transaction_isolation = 'serializable'"],
    ],
    [
      "set transaction isolation level serializable; set transaction snapshot 'x'",
      ['set transaction isolation level serializable', "set transaction snapshot 'x'"],
    ],
  ])('%s: goes to the front, and is no statement', async (text, expected) => {
    expect(await first(text)).toEqual(expected);
    const { statements } = await of(text);
    expect(statements.some(({ start, end }) => expected.includes(text.slice(start, end)))).toBe(false);
  });

  test.each([
    ['behind a query', 'select 1; set transaction read only'],
    ['in a file of several transactions', 'set transaction read only; vacuum'],
    ['for all that follow', 'set session characteristics as transaction read only; select 1'],
    ['of another name', "set transaction_timeout = '1s'; select 1"],
  ])('%s it stays where it is', async (_what, text) => {
    expect(await of(text)).not.toHaveProperty('first');
  });
});
