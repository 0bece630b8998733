import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createDatabase } from '../support/database.ts';
import { installedExample } from '../support/example.ts';
import { folderOf } from '../support/folder.ts';
import { node, tsc } from '../support/package.ts';
import { freePort, start } from '../support/service.ts';

describe('examples/http-server', async () => {
  const project = await installedExample('http-server');
  const when = test.skipIf(project === null);
  /** Where there is nothing but what was built. */
  const deployed = folderOf({});
  if (project !== null) {
    await node(project, 'build.mjs');
    copyFileSync(join(project, 'dist/server.mjs'), join(deployed, 'server.mjs'));
  }
  const serve = (url: string, env: Readonly<Record<string, string>> = {}) =>
    start(deployed, 'server.mjs', { DATABASE_URL: url, ...env });

  when('has types', async () => {
    await node(project ?? '', tsc);
  });

  when('migrates from the one file, logs what it does, and serves', async () => {
    const { url } = await createDatabase();
    const service = serve(url);
    expect(await service.says('migrated')).toMatchObject({ from: null, to: '3', applied: ['1', '2', '3'] });
    await service.says('ready');
    expect(await service.get('/readyz')).toEqual({ status: 200, body: { ready: true } });
    expect((await service.get('/notes')).body).toMatchObject([{ id: '1', pinned: false }]);
    const events = service.lines.map((line) => line.event);
    expect(events.filter((event) => event === 'migrate.finished')).toHaveLength(3);
    expect(events).toContain('migrate.statement');
    expect(events).not.toContain('not-json');
    service.kill('SIGTERM');
    expect(await service.ended).toEqual({ code: 0, stderr: '' });
  });

  when('may be one of many that start at once', async () => {
    const { url } = await createDatabase();
    const services = Array.from({ length: 6 }, () => serve(url));
    const said = await Promise.all(services.map((service) => service.says('migrated')));
    expect(said.flatMap((line) => line.applied as string[]).sort()).toEqual(['1', '2', '3']);
    expect(new Set(said.map((line) => line.to))).toEqual(new Set(['3']));
  });

  when('answers while it waits for the database, and ends when it is told to', async () => {
    const service = serve(`postgres://nobody@127.0.0.1:${await freePort()}/none`);
    expect(await service.says('migrate.connection-failed')).toMatchObject({ attempt: 1, retryInMs: 1000 });
    expect((await service.get('/healthz')).status).toBe(200);
    expect((await service.get('/readyz')).status).toBe(503);
    expect((await service.get('/notes')).status).toBe(503);
    service.kill('SIGTERM');
    expect((await service.ended).code).toBe(143);
    expect(await service.says('migrate.failed')).toMatchObject({ reason: 'cancelled' });
  });

  when('told to end in the middle of a migration, leaves nothing half-done', async () => {
    const { url, query } = await createDatabase();
    await query('create table notes (id int)');
    await query(
      "create function slow() returns event_trigger language plpgsql as 'begin perform pg_sleep(60); end'",
    );
    await query(
      "drop table notes; create event trigger slow on ddl_command_start when tag in ('ALTER TABLE') execute function slow()",
    );
    const service = serve(url);
    await service.says('migrate.finished');
    await waitUntil(
      async () =>
        (
          await query(
            "select 1 from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'",
          )
        ).length > 0,
    );
    service.kill('SIGTERM');
    expect((await service.ended).code).toBe(143);
    expect(await query('select version, dirty from schema_migrations')).toEqual([
      { version: '1', dirty: false },
    ]);
    expect(
      await query(
        "select 1 from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())",
      ),
    ).toEqual([]);
  });

  when('leaves a database of a newer release alone, and says so', async () => {
    const { url, query } = await createDatabase();
    const first = serve(url);
    await first.says('ready');
    await query('update schema_migrations set version = 99');
    const old = serve(url);
    expect(await old.says('migrate.warning')).toMatchObject({ warning: { reason: 'ahead' } });
    expect(await old.says('migrated')).toMatchObject({ from: '99', to: '99', applied: [] });
  });

  when('does not migrate where AUTO_MIGRATE says so', async () => {
    const { url, query } = await createDatabase();
    const service = serve(url, { AUTO_MIGRATE: 'False' });
    await service.says('migrations-off');
    await service.says('ready');
    expect(await query("select to_regclass('schema_migrations') as t")).toEqual([{ t: null }]);
  });

  when('does not start without a database', async () => {
    const service = serve('');
    expect(await service.says('migrate.failed')).toMatchObject({ code: 'CONFIG_INVALID' });
    expect((await service.ended).code).toBe(19);
  });
});

async function waitUntil(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((done) => setTimeout(done, 50));
}
