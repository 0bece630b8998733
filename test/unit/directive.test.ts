import { describe, expect, test } from 'vitest';
import { directive, misplaced } from '../../src/sql/directive.ts';

const mode = (text: string) => directive(text).mode;

describe('a leading comment names the mode', () => {
  test.each([
    ['-- rungs: no-transaction', 'resumable'],
    ['-- rungs: plain', 'plain'],
    ['-- rungs: atomic', 'atomic'],
    ['--rungs:plain', 'plain'],
    ['--\tRUNGS :  No-Transaction  ', 'resumable'],
    ['-- rungs: plain\r\nselect 1', 'plain'],
    ['-- rungs: plain\rselect 1', 'plain'],
    ['\n\n-- About this file.\n/* At /* great */ length. */\n  -- rungs: plain\nselect 1', 'plain'],
    ['/* rungs: plain */ select 1', 'plain'],
    ['-- rungs: plain, plain\n-- rungs: plain', 'plain'],
  ] as const)('%j', (text, expected) => {
    expect(directive(text)).toMatchObject({ mode: expected, problems: [] });
  });
  test.each([
    ['', 'an empty file'],
    ['-- no directive\nselect 1', 'another comment'],
    ['-- see rungs: plain', 'a comment that only mentions it'],
    ['-- rungsx: plain', 'another word'],
    ['select 1 -- rungs: plain', 'a comment after the first token'],
    ["select '\n-- rungs: plain\n'", 'a string'],
    ['/*\n-- rungs: plain\n*/', 'a line of a block comment'],
    ['/* never ended\n-- rungs: plain', 'a block comment without end'],
    ['/* rungs: plain\n   is one of three words */', 'prose'],
  ])('%j does not: %s', (text) => {
    expect(directive(text)).toEqual({ mode: null, offset: null, problems: [] });
  });
  test('the offset is that of the word', () => {
    expect(directive('-- é\n-- rungs: plain')).toMatchObject({ offset: 15 });
  });
});

describe('what is wrong in one is a problem with its place', () => {
  const problem = (text: string) => directive(text).problems[0];

  test.each([
    ['-- rungs: no_transaction', 10, 'did you mean no-transaction?'],
    ['-- rungs: notransaction', 10, 'did you mean no-transaction?'],
    ['-- rungs: plain, atomc', 17, 'did you mean atomic?'],
    ['-- rungs: transaction', 10, 'known are no-transaction, plain, atomic'],
    ['-- rungs: constructor', 10, 'known are no-transaction, plain, atomic'],
    ['-- rungs:', 9, 'needs one of: no-transaction, plain, atomic'],
  ])('%j', (text, offset, message) => {
    expect(problem(text)).toEqual({ offset, message: expect.stringContaining(message) });
  });
  test('two that differ contradict each other', () => {
    expect(problem('-- rungs: plain\n-- rungs: no-transaction')).toEqual({
      offset: 26,
      message: '`-- rungs: no-transaction` contradicts `-- rungs: plain` before it',
    });
    expect(problem('-- rungs: plain atomic')).toMatchObject({ offset: 16 });
  });
  test('the first one counts nevertheless', () => {
    expect(mode('-- rungs: plain atomic')).toBe('plain');
  });
});

test('a directive among the comments behind a statement is found, with its place', () => {
  const text = 'select 1; -- one\n-- rungs: plain\nselect 2';
  expect(misplaced(text, 8)).toMatchObject({ offset: 27 });
  expect(misplaced(text, text.length)).toBeNull();
});
