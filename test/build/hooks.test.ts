/** Hooks in a build: SQL inside it, commands as they are typed, and none but those. */

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { alone, bundled, outfileOf, projectOf, run } from '../support/built.ts';
import { rungs } from '../support/cli.ts';
import { createDatabase } from '../support/database.ts';
import { faultsOf } from '../support/documents.ts';
import { folderOf, writeInto } from '../support/folder.ts';

const PATH = process.env.PATH ?? '';
const HOOKS = `hooks:
  beforeEach: hooks/limits.sql
  afterEach: hooks/note.sql
  afterAll: { command: 'cat > plan.json' }
`;
const PROJECT = {
  'rungs.yaml': HOOKS,
  'hooks/limits.sql': `set local lock_timeout = '7s'\n`,
  'hooks/note.sql': `insert into log values (current_setting('rungs.migration'));\n`,
  'migrations/1_a.up.sql': `create table log (said text); insert into log values (current_setting('lock_timeout'));`,
};

async function build(files: Readonly<Record<string, string>>) {
  const project = folderOf(files);
  return { project, ...(await rungs(['build'], { cwd: project })) };
}

async function bundleOf(files: Readonly<Record<string, string>>): Promise<string> {
  const { project, code, stderr } = await build(files);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return alone(join(project, 'dist/migrate.mjs'));
}

describe('one file', () => {
  it('runs the hooks that it was built with, where there is nothing else', async () => {
    const file = await bundleOf(PROJECT);
    const database = await createDatabase();
    const env = { DATABASE_URL: database.url, PATH };
    expect(await run(file, ['up'], { env })).toMatchObject({ code: 0 });
    expect(await database.query('select said from log')).toEqual([{ said: '7s' }, { said: '1' }]);
    expect(JSON.parse(readFileSync(join(dirname(file), 'plan.json'), 'utf8'))).toMatchObject({
      hook: 'afterAll',
    });
  });

  it('says what is inside', async () => {
    const file = await bundleOf(PROJECT);
    const { stdout } = await run(file, ['version', '--embedded']);
    expect(stdout).toContain(
      '\nbeforeEach: hooks/limits.sql\nafterEach: hooks/note.sql\nafterAll: cat > plan.json\n',
    );
    const document = JSON.parse((await run(file, ['version', '--embedded', '--json'])).stdout);
    expect(faultsOf(document)).toEqual([]);
    expect(document.embedded.hooks).toHaveLength(3);
  });

  it('names the hook’s file, line and column', async () => {
    const file = await bundleOf({ ...PROJECT, 'hooks/note.sql': 'select 1;\n  select nope;\n' });
    const { url } = await createDatabase();
    const failed = await run(file, ['up', '--json'], { env: { DATABASE_URL: url, PATH } });
    expect(failed.code).toBe(12);
    expect(JSON.parse(failed.stdout).error).toMatchObject({
      reason: 'hook',
      file: 'hooks/note.sql',
      line: 2,
      column: 10,
    });
  });

  it('runs no others, and warns of those that it finds in a configuration', async () => {
    const file = await bundleOf({ 'migrations/1_a.up.sql': 'create table a ();' });
    const { url } = await createDatabase();
    writeInto(dirname(file), { 'rungs.yaml': `hooks:\n  beforeAll: { command: 'touch ran' }\n` });
    const result = await run(file, ['up'], { env: { DATABASE_URL: url, PATH } });
    expect(result).toMatchObject({ code: 0 });
    expect(result.stderr).toContain(
      'warning: rungs.yaml:2: these hooks are not run: a bundle runs those that it was built with, and this one has none',
    );
    expect(existsSync(join(dirname(file), 'ran'))).toBe(false);
    const json = await run(file, ['up', '--json'], { env: { DATABASE_URL: url, PATH } });
    expect(JSON.parse(json.stdout).warnings).toMatchObject([{ reason: 'other_hooks' }]);
  });

  it('says nothing where the configuration is the one that it was built with', async () => {
    const { project } = await build(PROJECT);
    const { url } = await createDatabase();
    const env = { DATABASE_URL: url, PATH };
    const result = await run(join(project, 'dist/migrate.mjs'), ['up'], { cwd: project, env });
    expect(result).toMatchObject({ code: 0 });
    expect(result.stderr).not.toContain('warning');
  });

  it.each([
    ['run', '.', 'part'],
    ['built', 'part', '.'],
    ['built and run', 'part', 'part'],
  ])('nor where it is %s in a folder of the project', async (_, from, at) => {
    const project = folderOf({ ...PROJECT, 'part/README': '' });
    const built = await rungs(['build', '--outfile', 'migrate.mjs'], { cwd: join(project, from) });
    expect(built).toMatchObject({ code: 0 });
    const { url } = await createDatabase();
    const env = { DATABASE_URL: url, PATH };
    const file = join(project, from, 'migrate.mjs');
    const result = await run(file, ['up'], { cwd: join(project, at), env });
    expect(result).toMatchObject({ code: 0 });
    expect(result.stderr).not.toContain('warning');
  });

  it.each([
    ['is not there', { 'rungs.yaml': 'hooks: { afterAll: gone.sql }\n' }, 'gone.sql', null],
    ['has a mistake', { 'hooks/note.sql': 'select 1;\n selct;\n' }, 'hooks/note.sql', 2],
    ['ends its transaction', { 'hooks/note.sql': 'select 1;\n\ncommit;\n' }, 'hooks/note.sql', 3],
  ])('is not built where a hook %s', async (_, files, file, line) => {
    const project = folderOf({ ...PROJECT, ...files });
    const failed = await rungs(['build', '--json'], { cwd: project });
    expect(failed.code).toBe(10);
    expect(JSON.parse(failed.stdout).error).toMatchObject({ code: 'MIGRATION_SOURCE_FAILED', file, line });
  });
});

describe('a bundled service', () => {
  const main = (hook: string) => `
    import { migrateOnStart } from 'rungs';
    import migrations from 'migrations:./migrations';
    import note from 'migrations:./hooks/note.sql';
    await migrateOnStart({ url: process.env.DATABASE_URL, migrations, hooks: { afterEach: ${hook} } })
      .then((r) => console.log(r.hooks.length), (e) => console.log(e.reason));
  `;

  it('takes a hook along as it takes migrations', async () => {
    const project = projectOf({ ...PROJECT, 'main.mjs': main('[note, () => {}]') });
    await bundled(project);
    const database = await createDatabase();
    const { stdout } = await run(alone(outfileOf(project)), [], { env: { DATABASE_URL: database.url } });
    expect(stdout).toBe('2\n');
    expect(await database.query('select count(*) from log')).toEqual([{ count: '2' }]);
  });

  it('refuses one that it is given as a file at run time, as it has no parser', async () => {
    const project = projectOf({ ...PROJECT, 'main.mjs': main(`['hooks/note.sql', note]`) });
    await bundled(project);
    const { url } = await createDatabase();
    const { stdout } = await run(outfileOf(project), [], { cwd: project, env: { DATABASE_URL: url } });
    expect(stdout).toBe('no_parser\n');
  });
});
