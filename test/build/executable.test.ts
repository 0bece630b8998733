/** `rungs build --executable`: one program with Node inside, for machines without Node. */

import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, it } from 'vitest';
import { alone, run } from '../support/built.ts';
import { rungs } from '../support/cli.ts';
import { createDatabase } from '../support/database.ts';
import { folderOf } from '../support/folder.ts';

/** A hundred megabytes are copied, signed and read. */
const timeout = 180_000;

async function built(outfile: string): Promise<string> {
  const cwd = folderOf({
    'migrations/000001_a.up.sql': "create table a (x text default '\u{1f418}\\n');\n",
    'migrations/000001_a.down.sql': 'drop table a;\n',
    'migrations/000002_b.up.sql': 'create index concurrently on a (x);\n',
  });
  const { code, stdout, stderr } = await rungs(['build', '--executable', '--outfile', outfile], { cwd });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(new RegExp(`^${outfile} \\(\\d+\\.\\d MB\\)\n2 migrations: 1 to 2\n`));
  return join(cwd, outfile);
}

/** Of both tests: to make one takes as long as all the rest. */
let first: Promise<string> | undefined;

it('is a program by itself: no Node, no PATH, no variables, no files beside it', { timeout }, async () => {
  first ??= built('bin/migrate-app');
  const file = alone(await first);
  const carried = await run(file, ['version', '--embedded']);
  expect(carried).toMatchObject({ code: 0, stderr: '' });
  expect(carried.stdout).toMatch(/^2 migrations: 1 to 2\ndigest: [0-9a-f]{64}\n/);
  const database = await createDatabase();
  const say = (...args: readonly string[]) => run(file, [...args, '--database', database.url], { cwd: '/' });
  expect(await say('up')).toMatchObject({ code: 0, stdout: 'Migrated from version 0 to 2\n' });
  expect(await say('up')).toMatchObject({ code: 0, stdout: 'Already at latest version: 2\n', stderr: '' });
  expect((await say('status', '--json')).stdout).toContain('"applied": 2');
  expect(await database.query('insert into a default values returning x')).toEqual([{ x: '\u{1f418}\\n' }]);
  expect(await say('up', '--path', 'elsewhere')).toMatchObject({ code: 19 });
  expect((await say('down', '--help')).stdout).toContain(`Usage: ${basename(file)} down [N]`);
  expect((await say('down', '2')).stderr).toContain('has no down file');
});

it('is the same bytes for the same files', { timeout }, async () => {
  first ??= built('bin/migrate-app');
  const [one, other] = [await first, await built('migrate')];
  expect(readFileSync(one).equals(readFileSync(other))).toBe(true);
});
