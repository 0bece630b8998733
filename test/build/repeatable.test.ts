/** Repeatables in a bundle: what they say was found out when it was built, since it carries no parser. */

import { join } from 'node:path';
import { expect, it } from 'vitest';
import { alone, run } from '../support/built.ts';
import { rungs } from '../support/cli.ts';
import { createDatabase } from '../support/database.ts';
import { documentOf } from '../support/documents.ts';
import { folderOf } from '../support/folder.ts';

const PAIR = {
  'migrations/1_t.up.sql': 'create table t (id int);',
  'migrations/1_t.down.sql': 'drop table t cascade;',
};
const VIEW = 'create or replace view v as select id from t;';

/** The program with this text in `R__v.sql`. */
async function bundleOf(text: string): Promise<string> {
  const project = folderOf({ ...PAIR, 'migrations/R__v.sql': text });
  const { code, stderr } = await rungs(['build'], { cwd: project });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return alone(join(project, 'dist/migrate.mjs'));
}

it('run like those in the folder, and not for a comment', { timeout: 240_000 }, async () => {
  const database = await createDatabase();
  const env = { DATABASE_URL: database.url };
  const up = async (file: string) => documentOf(await run(file, ['up', '--json'], { env })).applied;
  const first = await bundleOf(VIEW);
  expect((await run(first, ['version', '--embedded'])).stdout).toMatch(/^1 migration: 1 and 1 repeatable\n/);
  expect((await up(first))?.map((m) => m.id)).toEqual(['1', 'R__v.sql']);
  expect(await up(first)).toEqual([]);
  expect(await up(await bundleOf(`-- the same\n${VIEW.replaceAll(' ', '\n')}`))).toEqual([]);
  const third = await bundleOf(VIEW.replace('id', 'id, 1 as one'));
  const status = documentOf(await run(third, ['status', '--json'], { env }));
  expect(status.migrations?.map((m) => `${m.id} ${m.state}`)).toEqual(['1 applied', 'R__v.sql pending']);
  expect((await up(third))?.map((m) => m.id)).toEqual(['R__v.sql']);
  // The folder's own reader finds the same.
  const cwd = folderOf({
    ...PAIR,
    'migrations/R__v.sql': `/* again */ ${VIEW.replace('id', 'id, 1 as one')}`,
  });
  expect(documentOf(await rungs(['up', '--json'], { cwd, env })).applied).toEqual([]);
});

it('that need more than one transaction make no bundle', async () => {
  const cwd = folderOf({ ...PAIR, 'migrations/R__v.sql': 'select 1;\nvacuum;' });
  const { code, stderr } = await rungs(['build'], { cwd });
  expect(code).toBe(10);
  expect(stderr).toContain('at: migrations/R__v.sql:2:1\n');
});
