import { expect, test } from 'vitest';
import { checksum, statementChecksum } from '../../src/sql/checksum.ts';

const empty = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

test('a checksum is SHA-256 of the UTF-8 text in lower-case hex', () => {
  expect(checksum('')).toBe(empty);
  expect(checksum('é')).toBe('4a99557e4033c3539de2eb65472017cad5f9557f7a0625a09f1c3f6e2ba69c4c');
});
test('line breaks of every kind are the same', () => {
  expect(checksum('a\r\nb\rc\n\r\n')).toBe(checksum('a\nb\nc\n\n'));
});
test('a blank line more is a change', () => {
  expect(checksum('a\n\nb')).not.toBe(checksum('a\nb'));
});
test('white space inside of a line is a change', () => {
  expect(checksum('a  b')).not.toBe(checksum('a b'));
});
test('the space around a statement is not part of it', () => {
  expect(statementChecksum('\r\n select 1\r\n\t')).toBe(checksum('select 1'));
  expect(statementChecksum('select\r\n1')).toBe(checksum('select\n1'));
  expect(statementChecksum(' \n')).toBe(empty);
});
