/** Statements that are kept as numbers, beside the same in an array. */

import { describe, expect, test } from 'vitest';
import type { Statement } from '../../src/migration.ts';
import { ManyStatements } from '../../src/sql/many-statements.ts';

const statement = (i: number): Statement => ({
  start: 100 * i,
  end: 100 * i + 90,
  line: i + 1,
  run: i % 1000 === 1 ? 'alone' : 'transaction',
  session: i % 1000 === 2,
  limits: i % 1000 === 3,
  concurrentIndex: i % 1000 === 4 ? { verb: 'create', index: 'i', table: 't' } : null,
  patient: i % 1000 === 5,
});

describe.each([0, 1, 10, 5000])('%i statements are read as an array of them is', (count) => {
  const array = Array.from({ length: count }, (_, i) => statement(i));
  const many = new ManyStatements();
  for (const st of array) many.push(st);
  const list = many.array();

  test('one by one', () => {
    expect(Array.isArray(list)).toBe(true);
    expect([...list]).toEqual(array);
    expect([...list.entries()]).toEqual([...array.entries()]);
    expect([...list.keys()]).toEqual([...array.keys()]);
    for (const i of [-1, 0, 1, count - 1, count, 0.5]) {
      expect([i, list[i], list.at(i), i in list]).toEqual([i, array[i], array.at(i), i in array]);
    }
  });

  test('as a whole', () => {
    const { start } = statement(count >> 1);
    expect(list.find((st) => st.start === start)).toEqual(array.find((st) => st.start === start));
    expect(list.findIndex((st) => st.start === start)).toBe(array.findIndex((st) => st.start === start));
    expect(list.map((st) => st.line)).toEqual(array.map((st) => st.line));
    expect(list.filter((st) => st.run === 'alone')).toEqual(array.filter((st) => st.run === 'alone'));
    expect(JSON.stringify({ list })).toBe(JSON.stringify({ list: array }));
  });

  test('in parts, and parts of parts', () => {
    for (const [from, to] of [[], [1], [1, -1], [-3], [2, 4], [4, 2], [0, 99_999], [-99_999, 3]]) {
      const [some, same] = [list.slice(from, to), array.slice(from, to)];
      expect([...some]).toEqual(same);
      expect([...some.slice(1, -1)]).toEqual(same.slice(1, -1));
    }
  });
});
