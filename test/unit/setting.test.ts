import { expect, test } from 'vitest';
import { withSetting } from '../../src/config/document.ts';

const set = (text: string) => withSetting(text, 'table', 'rungs_migrations');

test.each([
  ['', 'table: rungs_migrations\n'],
  ['# nothing yet\n', '# nothing yet\ntable: rungs_migrations\n'],
  ['path:   db # here\n', 'path:   db # here\ntable: rungs_migrations\n'],
  ['path: db', 'path: db\ntable: rungs_migrations\n'],
  ['retry:\n  attempts: 3\n', 'retry:\n  attempts: 3\ntable: rungs_migrations\n'],
  ['table:   old  # why\npath: db\n', 'table:   rungs_migrations  # why\npath: db\n'],
  ['table: "a.b"\r\npath: db\r\n', 'table: rungs_migrations\r\npath: db\r\n'],
  ['---\npath: db\n', '---\npath: db\ntable: rungs_migrations\n'],
])('%j gets the setting and is else as it was', (text, after) => {
  expect(set(text)).toBe(after);
});

test.each([
  '{ path: db }\n',
  '- path\n',
  'path: db\n...\n',
  'table: &t old\n<<: [\n',
  'table:\n',
  'table: { a: b }\n',
])('%j is left to its author', (text) => {
  expect(set(text)).toBeNull();
});

test('a name that YAML would take for something else is quoted', () => {
  expect(withSetting('', 'table', 'yes: no')).toBe('table: "yes: no"\n');
  expect(withSetting('table: a\n', 'table', '007')).toBe('table: "007"\n');
});
