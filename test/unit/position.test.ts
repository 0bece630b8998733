import { describe, expect, test } from 'vitest';
import { at, byteWalk, fromBytes, fromCodePoints } from '../../src/sql/position.ts';

describe('a place in a text', () => {
  const table: [name: string, text: string, index: number, line: number, column: number, excerpt: string][] =
    [
      ['the first character is line 1, column 1', 'select 1', 0, 1, 1, 'select 1'],
      ['an empty text has a place', '', 0, 1, 1, ''],
      ['a column counts from the last LF', 'a\nbc', 3, 2, 2, 'bc'],
      ['a line feed is at the end of its own line', 'ab\ncd', 2, 1, 3, 'ab'],
      ['after a final line feed there is an empty line', 'ab\n', 3, 2, 1, ''],
      ['an empty line has its own place', 'a\n\nb', 2, 2, 1, ''],
      ['a CR before the LF is in no column and in no excerpt', 'ab\r\ncd\r\nef', 5, 2, 2, 'cd'],
      ['on the CR the place is behind the last character', 'ab\r\ncd', 2, 1, 3, 'ab'],
      ['between CR and LF as well', 'ab\r\ncd', 3, 1, 3, 'ab'],
      ['a lone CR is a character of its line', 'a\rb\nc', 2, 1, 3, 'a\rb'],
      ['a CR at the end of the text is a character', 'ab\r', 3, 1, 4, 'ab\r'],
      ['a tab is one column', '\t\tx', 2, 1, 3, '\t\tx'],
      ['an emoji is one column', "'😀' x", 5, 1, 5, "'😀' x"],
      ['half of an emoji is at the emoji', '😀😀', 3, 1, 2, '😀😀'],
      ['a combining mark is a column of its own', 'e\u0301x', 2, 1, 3, 'e\u0301x'],
      ['an index past the end is the end', 'ab\ncd', 99, 2, 3, 'cd'],
      ['an index before the start is the start', 'ab', -1, 1, 1, 'ab'],
    ];
  test.each(table)('%s', (_, text, index, line, column, excerpt) => {
    expect(at(text, index)).toEqual({ line, column, excerpt });
  });

  // golang-migrate's own table (positions from 1), which it fails with CRLF.
  const golangMigrate: [position: number, text: string, line: number, column: number][] = [
    [15, 'SELECT *\nFROM foo', 2, 6],
    [16, 'SELECT *\n\nFROM foo', 3, 6],
    [25, 'SELECT *\nFROM foo\nWHERE x', 3, 7],
    [27, 'SELECT *\n\nFROM foo\n\nWHERE x', 5, 7],
    [10, 'SELECT *\nFROMM foo', 2, 1],
    [17, 'SELECT *\nFROM foo', 2, 8],
  ];
  test.each(golangMigrate)('position %i of %j is line %i, column %i', (position, text, line, column) => {
    expect(at(text, fromCodePoints(text, position - 1))).toMatchObject({ line, column });
  });
  test.each(golangMigrate)(
    'position %i of %j has the same place with CRLF',
    (position, text, line, column) => {
      const crlf = text.replaceAll('\n', '\r\n');
      expect(at(crlf, fromCodePoints(crlf, position - 1 + line - 1))).toMatchObject({ line, column });
    },
  );
});

describe('counts become indices', () => {
  const text = 'aé漢😀z';

  test('of code points', () => {
    expect([0, 1, 2, 3, 4, 5, 6, 99].map((n) => fromCodePoints(text, n))).toEqual([0, 1, 2, 3, 5, 6, 6, 6]);
  });
  test('of bytes; one inside a character is the character’s', () => {
    const bytes = [0, 1, 2, 3, 5, 6, 7, 9, 10, 11, 99];
    expect(bytes.map((n) => fromBytes(text, n))).toEqual([0, 1, 1, 2, 2, 3, 3, 3, 5, 6, 6]);
  });
  test('half a pair counts as the three bytes of its replacement', () => {
    expect(fromBytes('\ud83dz', 3)).toBe(1);
    expect(fromBytes('\ude00z', 3)).toBe(1);
  });
  test('every index of a text comes back from its bytes and from its code points', () => {
    let bytes = 0;
    let points = 0;
    let index = 0;
    for (const character of text.repeat(3)) {
      expect(fromBytes(text.repeat(3), bytes)).toBe(index);
      expect(fromCodePoints(text.repeat(3), points)).toBe(index);
      bytes += Buffer.byteLength(character);
      points += 1;
      index += character.length;
    }
  });
  test('a walk gives ascending offsets their lines', () => {
    const walk = byteWalk('é\nb\r\n😀c');
    expect([0, 3, 6, 10].map(walk)).toEqual([
      { offset: 0, line: 1 },
      { offset: 2, line: 2 },
      { offset: 5, line: 3 },
      { offset: 7, line: 3 },
    ]);
  });
  test('megabytes are a matter of milliseconds', () => {
    const large = 'select 1; -- é😀\n'.repeat(200_000);
    const begun = performance.now();
    const end = fromBytes(large, Buffer.byteLength(large));
    expect(at(large, end)).toEqual({ line: 200_001, column: 1, excerpt: '' });
    expect(performance.now() - begun).toBeLessThan(2_000);
  });
});
