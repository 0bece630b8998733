/** One script with the whole schema, taken along in a program. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BuildFailure } from 'esbuild';
import { expect, it } from 'vitest';
import { alone, bundled, outfileOf, projectOf, run } from '../support/built.ts';
import { rungs } from '../support/cli.ts';
import { createDatabase } from '../support/database.ts';

const MAIN = `
import migrations from 'migrations:./scripts/init-db.sql';
import { migrateOnStart } from 'rungs';
const report = await migrateOnStart({ url: process.env.DATABASE_URL, migrations });
console.log(migrations.layout, migrations.origin, report.applied.length);
`;
const SCRIPT = 'create table users (id int);\ncreate table tokens (id int);\n';

it('an import of the file is the script, which a service runs once', async () => {
  const project = projectOf({ 'main.mjs': MAIN, 'scripts/init-db.sql': SCRIPT });
  await bundled(project);
  const file = alone(outfileOf(project));
  const { url } = await createDatabase();
  const start = () => run(file, [], { env: { DATABASE_URL: url } });
  expect(await start()).toEqual({ code: 0, stdout: 'script scripts/init-db.sql 1\n', stderr: '' });
  expect(await start()).toEqual({ code: 0, stdout: 'script scripts/init-db.sql 0\n', stderr: '' });
});

it.each([
  ['create table users (id int);\ncreate tabel;', 2, 7],
  ['create table users (id int);\n  vacuum;', 2, 2],
])('what is wrong with %j is a build error at its place', async (text, line, column) => {
  const project = projectOf({ 'main.mjs': MAIN, 'scripts/init-db.sql': text });
  const failed = (await bundled(project).catch((e: unknown) => e)) as BuildFailure;
  expect(failed.errors.map((e) => e.location)).toMatchObject([
    { file: expect.stringMatching(/scripts\/init-db\.sql$/), line, column },
  ]);
});

it('a script that is not there is told', async () => {
  const project = projectOf({ 'main.mjs': MAIN });
  const failed = (await bundled(project).catch((e: unknown) => e)) as BuildFailure;
  expect(failed.errors[0]?.text).toBe(`there is no script ${join(project, 'scripts/init-db.sql')}`);
});

it('`rungs build` makes one file of it, whose `up` is Muse’s start', async () => {
  const project = projectOf({ 'scripts/init-db.sql': SCRIPT });
  const built = await rungs(['build', '--path', 'scripts/init-db.sql'], { cwd: project });
  expect(built.stdout).toContain('1 migration: init-db.sql\n');
  const file = alone(join(project, 'dist/migrate.mjs'));
  const { url } = await createDatabase();
  const say = (verb: string) => run(file, [verb], { env: { DATABASE_URL: url } });
  expect(await say('up')).toMatchObject({ code: 0, stdout: 'Database initialized: scripts/init-db.sql\n' });
  expect((await say('up')).stderr).toContain('Database already initialized, skipping migration\n');
  expect((await say('status')).stdout).toContain('the table users is there');
  expect((await say('version')).stderr).toContain('a script has no versions');
  // The part that makes migrations of a script has the parser.
  expect(readFileSync(file, 'utf8')).not.toContain('libpg');
});
