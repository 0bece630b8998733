import { expect, test } from 'vitest';
import { counted, duration, size } from '../../src/report/amounts.ts';

test.each([
  [0.4, '0 ms'],
  [999, '999 ms'],
  [1230, '1.23 s'],
  [59_400, '59.40 s'],
  [59_999, '1 min 0 s'],
  [119_600, '2 min 0 s'],
  [125_000, '2 min 5 s'],
])('%d milliseconds are told as %s', (ms, text) => expect(duration(ms)).toBe(text));

test.each([
  [1, '1 kB'],
  [12_000, '12 kB'],
  [3_400_000, '3.4 MB'],
  [1_200_000_000, '1.2 GB'],
])('%d bytes are told as %s', (bytes, text) => expect(size(bytes)).toBe(text));

test('one is not many', () => {
  expect([counted(1, 'table'), counted(0, 'table'), counted(3, 'table')]).toEqual([
    '1 table',
    '0 tables',
    '3 tables',
  ]);
});
