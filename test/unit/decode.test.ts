import { describe, expect, test } from 'vitest';
import { decode } from '../../src/sql/decode.ts';

const bytes = (...parts: (string | number)[]): Uint8Array =>
  Buffer.concat(parts.map((p) => (typeof p === 'string' ? Buffer.from(p) : Buffer.of(p))));

describe('what can be read', () => {
  test('UTF-8 is taken as it is, line breaks included', () => {
    expect(decode(bytes('select ü😀;\r\n\r'))).toEqual({ text: 'select ü😀;\r\n\r' });
  });
  test('a byte order mark is taken off', () => {
    expect(decode(bytes(0xef, 0xbb, 0xbf, 'select 1'))).toEqual({ text: 'select 1' });
  });
  test('only the first one, as a second is a character', () => {
    expect(decode(bytes('\ufeff\ufeffx'))).toEqual({ text: '\ufeffx' });
  });
  test('an empty file is empty text', () => {
    expect(decode(bytes())).toEqual({ text: '' });
    expect(decode(bytes('\ufeff'))).toEqual({ text: '' });
  });
  test('a view into a larger buffer is read within its bounds', () => {
    expect(decode(bytes('xxabxx').subarray(2, 4))).toEqual({ text: 'ab' });
  });
  test('a replacement character of the file’s own is fine', () => {
    expect(decode(bytes('a\ufffdb'))).toEqual({ text: 'a\ufffdb' });
  });
});

describe('what cannot', () => {
  test('the first bad byte is named with its place', () => {
    const fault = decode(bytes('é\nab', 0xe9, 'c', 0xff));
    expect(fault).toEqual({
      message: 'not UTF-8: the byte 0xE9 at line 2, column 3 (byte offset 5)',
      byte: 5,
    });
  });
  test('replacement characters before it do not mislead', () => {
    expect(decode(bytes('\ufffd\ufffd', 0x80))).toMatchObject({ byte: 6 });
  });
  test('the offset counts the byte order mark', () => {
    expect(decode(bytes('\ufeffa', 0x80))).toMatchObject({ byte: 4 });
  });
  test.each([
    ['a character that is cut off at the end', [0xe6, 0xbc]],
    ['an overlong form', [0xc0, 0xaf]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['a code point past the last', [0xf4, 0x90, 0x80, 0x80]],
    ['a lone continuation byte', [0xbf]],
  ])('%s is refused', (_, bad) => {
    expect(decode(bytes('ab', ...bad))).toMatchObject({ byte: 2 });
  });
  test('a NUL byte is refused with its place', () => {
    expect(decode(bytes('é\na', 0, 'b'))).toEqual({
      message: 'there is a NUL byte at line 2, column 2',
      byte: 4,
    });
    expect(decode(bytes(0, 'select 1'))).toEqual({
      message: 'there is a NUL byte at line 1, column 1',
      byte: 0,
    });
  });
  test.each([
    ['little-endian', Buffer.from('\ufeffselect 1', 'utf16le')],
    ['big-endian', Buffer.from('\ufeffselect 1', 'utf16le').swap16()],
    ['little-endian without a mark', Buffer.from('select 1', 'utf16le')],
    ['big-endian without a mark', Buffer.from('select 1', 'utf16le').swap16()],
  ])('UTF-16 is called by its name: %s', (_, file) => {
    expect(decode(file)).toMatchObject({ message: expect.stringContaining('UTF-16'), byte: null });
  });
});

test('ten megabytes are a matter of milliseconds', () => {
  const large = bytes("insert into t values (1, 'é😀');\n".repeat(300_000), 0xff);
  const begun = performance.now();
  expect(decode(large)).toMatchObject({ byte: large.length - 1 });
  expect(decode(large.subarray(0, -1))).toHaveProperty('text');
  expect(performance.now() - begun).toBeLessThan(2_000);
});
