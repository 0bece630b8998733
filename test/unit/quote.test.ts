import { expect, test } from 'vitest';
import { dollar, identifier, literal, qualified } from '../../src/sql/quote.ts';

test('an identifier is always quoted and its quotes are doubled', () => {
  expect(identifier('users')).toBe('"users"');
  expect(identifier('a"b')).toBe('"a""b"');
  expect(identifier('größe 😀')).toBe('"größe 😀"');
});
test('an empty identifier is refused', () => {
  expect(() => identifier('')).toThrow(RangeError);
});
test('a qualified name leaves out what is not there', () => {
  expect(qualified(undefined, 's', 'a.b')).toBe('"s"."a.b"');
  expect(qualified('t')).toBe('"t"');
});
test('a literal’s quotes are doubled', () => {
  expect(literal("it's")).toBe("'it''s'");
  expect(literal('')).toBe("''");
});
test('a literal with a backslash is an E string, apart from the word before it', () => {
  expect(literal("C:\\it's")).toBe(" E'C:\\\\it''s'");
});
test('a dollar-quoted body has a tag that is not inside', () => {
  expect(dollar(' begin end ')).toBe('$rungs$ begin end $rungs$');
  expect(dollar('a $rungs$ b $rungs1$ c')).toBe('$rungs2$a $rungs$ b $rungs1$ c$rungs2$');
});
test('a body that ends like its tag does not close it early', () => {
  expect(dollar('a $rungs')).toBe('$rungs1$a $rungs$rungs1$');
  expect(dollar('a $')).toBe('$rungs$a $$rungs$');
});
test.each([identifier, literal, dollar])('a NUL character is refused', (quote) => {
  expect(() => quote('a\0b')).toThrow(/NUL/);
});
