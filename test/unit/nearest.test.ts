import { expect, it } from 'vitest';
import { nearest } from '../../src/config/nearest.ts';

const WORDS = ['host', 'port', 'password', 'passwordFile', 'lockTimeout', 'require'];

it.each([
  ['prot', 'port'],
  ['prt', 'port'],
  ['Port', 'port'],
  ['pasword', 'password'],
  ['password_file', 'passwordFile'],
  ['lock-timeout', 'lockTimeout'],
  ['requrie', 'require'],
  ['x', null],
  ['hotel', null],
  ['', null],
])('%s is nearest to %s', (typed, meant) => {
  expect(nearest(typed, WORDS)).toBe(meant);
});
