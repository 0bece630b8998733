import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { blockOf, printed, readCounts, withBlock } from '../support/counts-table.ts';

const COUNTS = { suite: 'faults', seed: 7, seconds: 61, counts: { 'cut before it': 1234, 'kill: all': 5 } };

it('docs/reliability.md shows the counts that the suites have written', () => {
  const page = readFileSync('docs/reliability.md', 'utf8');
  expect(withBlock(page, blockOf(readCounts()))).toBe(page);
});

it('counts are printed in one block, with their sum and the seed', () => {
  expect(printed(COUNTS)).toBe(
    [
      'faults: in 61 s, RUNGS_TEST_SEED=7',
      '  cut before it    1,234',
      '  kill: all            5',
      '  in all           1,239',
    ].join('\n'),
  );
});

it('a page without a place for them is refused', () => {
  expect(() => withBlock('nothing here', blockOf([COUNTS]))).toThrow('the page has no place for the counts');
});
