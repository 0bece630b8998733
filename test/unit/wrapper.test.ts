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
