import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createDatabase } from '../support/database.ts';
import { installedExample } from '../support/example.ts';
import { folderOf } from '../support/folder.ts';
import { node, tsc } from '../support/package.ts';
import { freePort, start } from '../support/service.ts';

describe('examples/fastify', async () => {
  const project = await installedExample('fastify');
  const when = test.skipIf(project === null);
  /** Where there is nothing but what was built. */
  const deployed = folderOf({});
  if (project !== null) {
    await node(project, 'build.mjs');
    copyFileSync(join(project, 'dist/server.cjs'), join(deployed, 'server.cjs'));
  }
  const serve = (url: string, env: Readonly<Record<string, string>> = {}) =>
    start(deployed, 'server.cjs', { DATABASE_URL: url, ...env });

  when('has types', async () => {
    await node(project ?? '', tsc);
  });

  when('migrates before it listens, and logs what it does', async () => {
    const { url } = await createDatabase();
    const service = serve(url);
    expect((await service.get('/tickets')).body).toEqual([
      { id: '1', title: 'Write the first ticket', state: 'open' },
    ]);
    const said = service.lines.map((line) => line.msg);
    expect(said.filter((msg) => /^migrate/.test(String(msg)))).toEqual([
      'migrate: locked',
      'migrate: started',
      'migrate: finished',
      'migrate: started',
      'migrate: finished',
      'migrated',
    ]);
    expect(service.lines.find((line) => line.msg === 'migrated')).toMatchObject({
      level: 30,
      from: '0',
      to: '2',
      applied: ['1', '2'],
    });
    expect(said.findIndex((msg) => String(msg).startsWith('Server listening'))).toBeGreaterThan(
      said.indexOf('migrated'),
    );
    service.kill('SIGTERM');
    expect(await service.ended).toEqual({ code: 0, stderr: '' });
  });

  when('does not listen where a migration fails, says which line, and has an exit code for it', async () => {
    const { url, query } = await createDatabase();
    await query('create table tickets (id int)');
    const service = serve(url);
    expect(await service.ended).toEqual({ code: 12, stderr: '' });
    expect(service.lines.find((line) => line.level === 60)?.err).toMatchObject({
      code: 'MIGRATION_UP_FAILED',
      sqlstate: '42P07',
      location: { file: 'db/migrations/000001_tickets.up.sql', line: 3 },
    });
    expect(service.lines.filter((line) => String(line.msg).startsWith('Server listening'))).toEqual([]);
    expect(await query("select to_regtype('ticket_state') as t")).toEqual([{ t: null }]);
  });

  when('ends when it is told to while it waits for the database', async () => {
    const service = serve(`postgres://nobody@127.0.0.1:${await freePort()}/none`);
    await service.hears((line) => line.msg === 'migrate: connection-failed');
    service.kill('SIGTERM');
    expect((await service.ended).code).toBe(11);
    expect(service.lines.find((line) => line.level === 60)?.err).toMatchObject({ reason: 'cancelled' });
  });

  when('leaves a database of a newer release alone, and says so', async () => {
    const { url, query } = await createDatabase();
    await serve(url).get('/healthz');
    await query('update schema_migrations set version = 99');
    const old = serve(url);
    await old.get('/healthz');
    expect(old.lines).toContainEqual(
      expect.objectContaining({ level: 40, warning: expect.objectContaining({ reason: 'ahead' }) }),
    );
  });
});
