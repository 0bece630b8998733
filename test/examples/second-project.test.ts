import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { createDatabase, type Database } from '../support/database.ts';
import { installedExample } from '../support/example.ts';
import { folderOf } from '../support/folder.ts';
import { node } from '../support/package.ts';
import { start } from '../support/service.ts';
import { task, withTask } from '../support/task.ts';

withTask('examples/second-project, in the order of its days', () => {
  let project: string | null = null;
  let database: Database;
  /** Where there is nothing but what was built. */
  const deployed = folderOf({});
  const when = (name: string, work: (project: string) => Promise<void>) =>
    test(name, async ({ skip }) => (project === null ? skip('npm has no registry') : work(project)));
  const typed = async (folder: string, ...args: readonly string[]) => {
    const { code, stdout, stderr } = await task(join(project ?? '', folder), args);
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    return stdout;
  };

  beforeAll(async () => {
    project = await installedExample('second-project');
    database = await createDatabase();
    // As `task db:start` writes it.
    if (project !== null) writeFileSync(join(project, '.env'), `DATABASE_URL=${database.url}\n`);
  }, 300_000);

  when('it has rungs’ targets beside its own', async () => {
    const { tasks } = JSON.parse(await typed('.', '--list-all', '--json')) as { tasks: { name: string }[] };
    const names = tasks.map(({ name }) => name);
    expect(names).toContain('migrate:status');
    expect(names.filter((name) => !/^(migrate|db:)/.test(name)).sort()).toEqual(['build', 'check', 'dev']);
  });

  when('it has types', async () => {
    await typed('.', 'check');
  });

  when('it is migrated from a folder within it', async () => {
    expect(await typed('src', 'migrate', '--', '--num-steps', '2')).toContain('Migrated from version 0 to 2');
    const status = JSON.parse(await typed('src', 'migrate:status', '--', '--json'));
    expect(status).toMatchObject({ version: '2', counts: { applied: 2, pending: 2 } });
  });

  when('its build, where nothing else is, applies the rest and serves', async (folder) => {
    await typed('.', 'build');
    cpSync(join(folder, 'dist'), deployed, { recursive: true });
    const service = start(deployed, 'harbour.mjs', { DATABASE_URL: database.url });
    const { port } = await service.says('listening');
    expect(service.lines.map(({ event, id }) => [event, id])).toEqual([
      ['applied', '3'],
      ['applied', '4'],
      ['listening', undefined],
    ]);
    const posted = await fetch(`http://127.0.0.1:${port}/boats`, { method: 'POST', body: 'Möwe' });
    expect(await posted.json()).toMatchObject({ id: '1', name: 'Möwe' });
    expect((await service.get('/boats')).body).toMatchObject([{ name: 'Möwe' }]);
    expect(await database.query('select what from harbour_log')).toEqual([
      { what: 'Möwe moored; `berth` 1 \\ free' },
    ]);
    service.kill('SIGTERM');
    expect((await service.ended).code).toBe(0);
  });

  when('the one file says what it carries, and finds it applied', async () => {
    expect(await node(deployed, 'migrate.mjs', 'version', '--embedded')).toContain('4 migrations');
    const said = await node(deployed, 'migrate.mjs', 'status', '--json', '--database', database.url);
    expect(JSON.parse(said)).toMatchObject({ version: '4', counts: { applied: 4, pending: 0 } });
  });

  when('a migration that is written next reverts and applies again', async (folder) => {
    expect(await typed('.', 'migrate:create', '--', 'berths')).toContain('000005_berths.up.sql');
    writeFileSync(join(folder, 'migrations/000005_berths.up.sql'), 'create table berths (id int);\n');
    writeFileSync(join(folder, 'migrations/000005_berths.down.sql'), 'drop table berths;\n');
    await typed('.', 'migrate');
    expect(await typed('.', 'migrate:redo')).toContain('5');
    expect(await database.query('select version, dirty from schema_migrations')).toEqual([
      { version: '5', dirty: false },
    ]);
  });

  when('yesterday’s build then refuses to start', async () => {
    const old = start(deployed, 'harbour.mjs', { DATABASE_URL: database.url });
    expect(await old.says('cannot-start')).toMatchObject({ code: 'MIGRATION_UP_FAILED', reason: 'ahead' });
    expect((await old.ended).code).toBe(12);
  });
});
