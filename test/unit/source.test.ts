/** Files come out as they are, whichever way they are read. */

import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readMigrations } from '../../src/source.ts';
import { failureOf } from '../support/failure.ts';
import { folderOf } from '../support/folder.ts';

it.each([0, 1, 65_535, 65_536, 65_537, 200_000])('a file of %i bytes is read whole', async (size) => {
  const text = 'select 1; -- é\n'.repeat(size).slice(0, size - 1) + 'é'.repeat(size > 0 ? 1 : 0);
  const folder = folderOf({ '1_a.up.sql': text, '1_a.down.sql': 'select 2;' });
  const { migrations } = await readMigrations(folder);
  expect(migrations[0]?.up?.text).toBe(text);
  // The next file was read into the same room.
  expect(migrations[0]?.down?.text).toBe('select 2;');
});

it('what a symbolic link leads to is read', async () => {
  const folder = folderOf({ 'elsewhere.txt': 'select 1;' });
  symlinkSync('elsewhere.txt', join(folder, '1_a.up.sql'));
  const { migrations } = await readMigrations(folder);
  expect(migrations[0]?.up?.text).toBe('select 1;');
});

it.skipIf(process.platform === 'win32')('a pipe is no file, and nobody waits for its writer', async () => {
  const folder = folderOf({ '1_a.up.sql': 'select 1;' });
  execFileSync('mkfifo', [join(folder, '2_b.up.sql')]);
  symlinkSync('2_b.up.sql', join(folder, '3_c.up.sql'));
  mkdirSync(join(folder, '4_d.up.sql'));
  const error = await failureOf(readMigrations(folder));
  const said = [error.location?.file, error.message, ...error.details].join('\n');
  expect(said).toMatch(/2_b\.up\.sql.*\n.*not a file[\s\S]*3_c\.up\.sql.*not a file/);
  expect(said).not.toContain('4_d');
});
