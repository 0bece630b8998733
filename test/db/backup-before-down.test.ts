/** `backupBeforeDown`: nothing is reverted that is not in a backup. */

import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { run } from '../support/built.ts';
import { type CliResult, rungs, startRungs } from '../support/cli.ts';
import { createDatabase, type Database } from '../support/database.ts';
import { errorOf } from '../support/documents.ts';
import { folderOf } from '../support/folder.ts';
import { describeFitting, pgDumpFits } from '../support/pg-dump.ts';

interface Project {
  readonly folder: string;
  readonly env: { readonly DATABASE_URL: string };
  readonly database: Database;
  readonly rungs: (...words: readonly string[]) => Promise<CliResult>;
  readonly backups: () => readonly string[];
  readonly version: () => Promise<unknown>;
}

/** At version 2 of 3, with a row in the table that version 2 made. */
async function project(): Promise<Project> {
  const folder = folderOf({
    'rungs.yaml': 'backupBeforeDown: true\n',
    'migrations/1_a.up.sql': 'create table a (id int);\n',
    'migrations/1_a.down.sql': 'drop table a;\n',
    'migrations/2_b.up.sql': 'create table b (id int);\n',
    'migrations/2_b.down.sql': 'drop table b;\n',
    'migrations/3_c.up.sql': 'create table c (id int);\n',
    'migrations/3_c.down.sql': 'drop table c;\n',
  });
  const database = await createDatabase();
  const env = { DATABASE_URL: database.url };
  const call = (...words: readonly string[]) => rungs(words, { cwd: folder, env });
  expect(await call('up', '--to', '2')).toMatchObject({ code: 0 });
  await database.query('insert into b values (7)');
  return {
    folder,
    env,
    database,
    rungs: call,
    backups: () =>
      existsSync(join(folder, 'backups'))
        ? readdirSync(join(folder, 'backups')).filter((name) => name !== '.gitignore')
        : [],
    version: async () => (await database.query('select version::int, dirty from schema_migrations'))[0],
  };
}

const AT_2 = { version: 2, dirty: false };

describeFitting('with backupBeforeDown', () => {
  test('what down takes away can be restored from the backup that it names', async () => {
    const { rungs, backups, database, version } = await project();
    const reverted = await rungs('down');
    expect(reverted).toMatchObject({ code: 0, stdout: expect.stringContaining('from version 2 to 1') });
    expect(await version()).toEqual({ version: 1, dirty: false });
    const [name = ''] = backups();
    expect(reverted.stderr).toContain(`backup before reverting: backups/${name} (`);
    expect(reverted.stderr.indexOf('backup before')).toBeLessThan(reverted.stderr.indexOf('reverted 2'));
    expect(await rungs('restore', `backups/${name}`, '--yes')).toMatchObject({ code: 0 });
    expect(await version()).toEqual(AT_2);
    expect(await database.query('select id from b')).toEqual([{ id: 7 }]);
    expect(await rungs('status')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('2 applied, 1 pending'),
    });
  });

  test.each(['redo --yes', 'goto 1', 'down --all --yes'])('%s makes one too', async (words) => {
    const { rungs, backups } = await project();
    expect(await rungs(...words.split(' '))).toMatchObject({ code: 0 });
    expect(backups().length).toBe(1);
  });

  test('nothing that changed while it was made is reverted', async () => {
    const { folder, env, database, rungs, version } = await project();
    const holder = new pg.Client(database.url);
    await holder.connect();
    try {
      await holder.query('begin; lock table a');
      const { ended } = startRungs(['down', '--json'], { cwd: folder, env });
      const waiting = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
      for (let i = 0; i < 200 && (await database.query(waiting)).length === 0; i++) await pause(50);
      expect(await rungs('up')).toMatchObject({ code: 0 });
      await holder.query('commit');
      const stopped = await ended;
      expect(errorOf(stopped)).toMatchObject({ reason: 'raced' });
      expect(await version()).toEqual({ version: 3, dirty: false });
    } finally {
      await holder.end();
    }
  });

  test('a bundle does the same', async () => {
    const { folder, env, rungs, version, backups } = await project();
    expect(await rungs('build', '--outfile', 'out/migrate.mjs')).toMatchObject({ code: 0 });
    const { PATH = '' } = process.env;
    const bundle = (...words: string[]) =>
      run(join(folder, 'out/migrate.mjs'), words, { cwd: folder, env: { ...env, PATH } });
    const reverted = await bundle('down');
    expect(reverted).toMatchObject({ code: 0 });
    expect(reverted.stderr).toContain('backup before reverting: backups/');
    expect(await version()).toEqual({ version: 1, dirty: false });
    expect(await bundle('restore', `backups/${backups()[0]}`, '--yes')).toMatchObject({ code: 0 });
    expect(await version()).toEqual(AT_2);
  });
});

describe('where the backup fails, nothing is reverted', () => {
  test.each([
    ['down', 'MIGRATION_STEPS_FAILED', 14],
    ['down --all --yes', 'MIGRATION_DOWN_FAILED', 13],
    ['goto 1', 'MIGRATION_DOWN_FAILED', 13],
    ['redo --yes', 'MIGRATION_STEPS_FAILED', 14],
  ])('%s', async (words, code, exit) => {
    const { rungs, folder, version, database } = await project();
    // A file is where the folder should be. Where no pg_dump fits, that comes first.
    writeFileSync(join(folder, 'backups'), '');
    const refused = await rungs(...words.split(' '), '--json');
    expect(refused.code).toBe(exit);
    const error = errorOf(refused);
    expect(error).toMatchObject({
      code,
      reason: 'backup',
      operation: expect.stringContaining('backupBeforeDown'),
    });
    expect(error.message).toMatch(/; nothing was reverted$/);
    expect(error.message).toMatch(pgDumpFits ? /backups\/.*(ENOTDIR|EEXIST)/ : /pg_dump/);
    expect(await version()).toEqual(AT_2);
    expect(await database.query('select id from b')).toEqual([{ id: 7 }]);
  });
});

test('no backup is made in a dry run, for nothing to revert, after a no, or on the way up', async () => {
  const { rungs, backups, version } = await project();
  expect(await rungs('down', '--dry-run')).toMatchObject({ code: 0 });
  expect(await rungs('down', '2')).toMatchObject({ code: 19 });
  expect(await version()).toEqual(AT_2);
  expect(await rungs('up')).toMatchObject({ code: 0 });
  expect(await rungs('goto', '3')).toMatchObject({ code: 0 });
  expect(backups()).toEqual([]);
});
