/** `rungs backup`, with the real pg_dump. */

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { expect, test } from 'vitest';
import { project } from '../support/backup.ts';
import { rungs, startRungs } from '../support/cli.ts';
import { serverMajor } from '../support/database.ts';
import { documentOf } from '../support/documents.ts';
import { describeFitting, pgDumpFits } from '../support/pg-dump.ts';
import { commandLines } from '../support/processes.ts';
import { createRole } from '../support/role.ts';

const NAME = /^backups\/rungs_test_[0-9a-f]+-\d{8}T\d{6}Z(-2)?\.dump$/;

const filesIn = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => !name.startsWith('migrations'));

if (!pgDumpFits) {
  test('a server newer than every pg_dump is not backed up; what there is and what to install is said', async () => {
    const { folder, run } = await project();
    const { code, stdout, stderr } = await run(['backup']);
    expect({ code, stdout }).toEqual({ code: 11, stdout: '' });
    expect(stderr).toMatch(
      new RegExp(
        `error: (there is no pg_dump on PATH|the server is PostgreSQL ${serverMajor}\\.\\S+, and there is only pg_dump \\d+\\.\\S+ \\(/)`,
      ),
    );
    expect(stderr).toMatch(new RegExp(`next: install it: .*${serverMajor}`));
    expect(filesIn(folder)).toEqual([]);
  });
}

describeFitting('a backup', () => {
  test('is named after the database and the time, for its owner alone, and kept out of repositories', async () => {
    const { folder, run } = await project();
    const { code, stdout, stderr } = await run(['backup']);
    expect(code).toBe(0);
    const [, file = ''] = /^(\S+) \(\d+ kB, 4 tables, (?:\d+ ms|\d\.\d\d s)\)\n$/.exec(stdout) ?? [];
    expect(file).toMatch(NAME);
    expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(folder, file)).toString('latin1', 0, 5)).toBe('PGDMP');
    expect(readFileSync(join(folder, 'backups/.gitignore'), 'utf8')).toBe('*\n');
    expect(stderr).toMatch(/^backing up \S+ \(PostgreSQL [\d.]+\) with pg_dump [\d.]+$/m);
    expect(stderr).toMatch(/^ {2}1 public\.customers \(\d+ kB so far\)$/m);
  });

  test('two in one second are two files', async () => {
    const { folder, run } = await project();
    const both = await Promise.all([run(['backup', '--json']), run(['backup', '--json'])]);
    const names = both.map((made) => (documentOf(made) as { file?: string }).file ?? '');
    for (const name of names) expect(name).toMatch(NAME);
    expect(new Set(names).size).toBe(2);
    expect(filesIn(folder).length).toBe(4);
  });

  test('--output is a file or a folder, and no file is overwritten', async () => {
    const { folder, run } = await project();
    expect(await run(['backup', '--output', 'deep/er/a b.dump'])).toMatchObject({ code: 0 });
    expect(await run(['backup', '--output', 'deep/'])).toMatchObject({ code: 0 });
    expect(filesIn(folder).length).toBe(4);
    const before = readFileSync(join(folder, 'deep/er/a b.dump'));
    const again = await run(['backup', '--output', 'deep/er/a b.dump']);
    expect(again).toMatchObject({ code: 11, stdout: '' });
    expect(again.stderr).toContain('deep/er/a b.dump is there already, and no backup is overwritten');
    expect(readFileSync(join(folder, 'deep/er/a b.dump'))).toEqual(before);
  });

  test('that the server refuses leaves no file', async () => {
    const { folder, database, run } = await project();
    const role = await createRole();
    const failed = await run(['backup', '--database', role.urlOf(database)]);
    expect(failed).toMatchObject({ code: 11, stdout: '' });
    expect(failed.stderr).toContain('ERROR:  permission denied for table ');
    expect(failed.stderr).toContain(
      'next: connect as a role that may read all of it, or name one with `--role`',
    );
    expect(filesIn(folder)).toEqual(['backups', 'backups/.gitignore']);
    expect(failed.stderr).not.toContain(role.password);
  });

  test('ended by Ctrl-C leaves no file and no session, and its password is in no argument', async () => {
    const { folder, database } = await project();
    const role = await createRole('pass=\'w"rd%', 'superuser');
    const holder = new pg.Client(database.url);
    await holder.connect();
    try {
      await holder.query('begin; lock table customers');
      const { child, ended } = startRungs(['backup'], {
        cwd: folder,
        env: { DATABASE_URL: role.urlOf(database) },
      });
      const sessions = `select from pg_stat_activity where datname = current_database() and application_name = 'rungs backup'`;
      const waiting = `${sessions} and wait_event_type = 'Lock'`;
      for (let i = 0; i < 200 && (await database.query(waiting)).length === 0; i++) await pause(50);
      const argv =
        process.platform === 'linux' ? commandLines().filter((line) => line.includes('--format=custom')) : [];
      child.kill('SIGINT');
      const { code, stdout, stderr } = await ended;
      expect({ code, stdout }).toEqual({ code: 130, stdout: '' });
      expect(stderr).toContain('error: ended by a signal');
      expect(filesIn(folder)).toEqual(['backups', 'backups/.gitignore']);
      expect(await database.query(sessions)).toEqual([]);
      if (process.platform === 'linux')
        expect(argv).toContainEqual(expect.stringMatching(/pg_dump --format=custom/));
      for (const text of [...argv, stderr]) expect(text).not.toMatch(/pass=|w"rd|postgres:\/\//);
    } finally {
      await holder.end();
    }
  });

  test('of rows alone passes on what pg_dump warns of', async () => {
    const { database, run } = await project();
    await database.query(
      'alter table customers add boss int; alter table parcels add unique (customer); alter table customers add foreign key (boss) references parcels (customer)',
    );
    const made = await run(['backup', '--data-only']);
    expect(made).toMatchObject({ code: 0 });
    expect(made.stderr).toContain('pg_dump: warning: there are circular foreign-key constraints');
  });

  test('is made as the role, and through any connection string of ours', async () => {
    const { database, run, folder } = await project();
    const [owner, login] = [await createRole(), await createRole()];
    await database.query(`grant ${owner.name} to ${login.name}; alter role ${login.name} noinherit;
      grant select on all tables in schema public to ${owner.name};
      grant select on all sequences in schema public to ${owner.name}`);
    const url = login.urlOf(database);
    expect(await run(['backup', '--database', url])).toMatchObject({ code: 11 });
    expect(await run(['backup', '--database', url, '--role', owner.name])).toMatchObject({ code: 0 });
    const { hostname, port, username, password, pathname } = new URL(database.url);
    const login2 = `${username}${password === '' ? '' : `:${password}`}`;
    const several = `pgx5://${login2}@127.0.0.1:1,${hostname}:${port}${pathname}?sslmode=prefer&x-lock-table=x&search_path=nowhere`;
    expect(await run(['backup', '--database', several, '--output', 'several.dump'])).toMatchObject({
      code: 0,
    });
    const conninfo = `host=${hostname} port=${port} dbname=${pathname.slice(1)} user=${username} sslmode=disable`;
    const env = { PGPASSWORD: decodeURIComponent(password), DATABASE_URL: conninfo };
    expect(await rungs(['backup', '--output', 'conninfo.dump'], { cwd: folder, env })).toMatchObject({
      code: 0,
    });
  });
});
