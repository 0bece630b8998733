/** Lines of 100 MB, in every place where a line can be: run, or refused with a code, in a time and a memory that end. */

import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { up } from '../../src/index.ts';
import { frame } from '../../src/report/error-text.ts';
import { rungs } from '../support/cli.ts';
import { createDatabase } from '../support/database.ts';
import { errorOf } from '../support/documents.ts';
import { folderOf } from '../support/folder.ts';

const MB = 1 << 20;

function folderWith(before: string, unit: string, after: string): string {
  const folder = folderOf({});
  const file = openSync(join(folder, '1_a.up.sql'), 'w');
  writeSync(file, before);
  const piece = unit.repeat(Math.ceil(MB / unit.length));
  for (let n = 0; n < 100; n++) writeSync(file, piece);
  writeSync(file, after);
  closeSync(file);
  return folder;
}

describe('a line of 100 MB', { timeout: 300_000 }, () => {
  it.each([
    ['of one string', "create table t (a text); insert into t values ('", 'x', "');"],
    ['of a row of a COPY', 'create table t (a text);\ncopy t from stdin;\n', 'x', '\n\\.\n'],
  ])('%s is run', async (_what, before, unit, after) => {
    const database = await createDatabase();
    await up({ database: database.url, migrations: folderWith(before, unit, after) });
    expect(await database.query('select length(a) as n from t')).toEqual([{ n: 100 * MB }]);
    await database.drop();
  });

  it.each([
    ['of NULs', '\0', 'encoding', 'there is a NUL byte at line 1, column 1'],
    // Node's memory would end, were the line taken apart to be shown.
    ['that is no SQL', 'x, ', 'syntax', 'syntax error at or near "x"'],
  ])('%s is refused by a command that ends as it should', async (_what, unit, reason, message) => {
    const { url } = await createDatabase();
    const folder = folderWith('', unit, '');
    const args = ['up', '--path', folder, '--database', url];
    const told = await rungs(args);
    expect(told).toMatchObject({ code: 10, stdout: '' });
    expect(told.stderr.length).toBeLessThan(10_000);
    expect(told.stderr).toContain(`error: ${message}`);
    if (reason === 'syntax') return;
    expect(errorOf(await rungs([...args, '--json']))).toMatchObject({ reason, message });
  });
});

it('the frame shows the same of a long line as of a short one', () => {
  const word = 'créate 😀 täble';
  for (const column of [1, 5, 60, 150, 400]) {
    const line = `${'é'.repeat(column - 1)}${word}${'😀'.repeat(300)}`;
    const [shown = '', caret = ''] = frame(1, column, line);
    expect([...shown].length).toBeLessThanOrEqual(115);
    expect([...shown].slice([...caret].length - 1).join('')).toMatch(/^créate/);
  }
});
