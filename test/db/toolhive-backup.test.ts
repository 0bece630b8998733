/**
 * What ToolHive's document says of reverting with a net and of privileges, one test for each line: "Backup before down
 * migrations - Data loss is permanent", and the four rights that "the database user must have".
 */

import { chmodSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type CliResult, rungs } from '../support/cli.ts';
import { createDatabase, type Database, serverMajor } from '../support/database.ts';
import { folderLike, writeInto } from '../support/folder.ts';
import { describeFitting, pgDumpFits } from '../support/pg-dump.ts';
import { createRole, type Role } from '../support/role.ts';

interface Project {
  readonly folder: string;
  readonly migrate: (...args: readonly string[]) => Promise<CliResult>;
  readonly version: () => Promise<number | undefined>;
}

/** Its kind of project, with the database section that is documented; up to the latest. */
async function project(
  database: Database,
  url = database.url,
  more: readonly string[] = [],
): Promise<Project> {
  const folder = folderLike('test/fixtures/projects/toolhive');
  const { hostname, port, username, password, pathname } = new URL(url);
  const section = [
    'database:',
    `  host: ${hostname}`,
    `  port: ${port}`,
    `  user: ${username}`,
    ...(password === '' ? [] : [`  password: '${decodeURIComponent(password)}'`]),
    `  database: ${pathname.slice(1)}`,
    '  sslmode: disable',
  ];
  const file = join(folder, 'config.yaml');
  writeFileSync(file, [...section, 'path: database/migrations', ...more, ''].join('\n'));
  chmodSync(file, 0o600);
  return {
    folder,
    migrate: (verb = '', ...args) =>
      rungs(['migrate', verb, '--config', 'config.yaml', ...args], { cwd: folder }),
    version: async () =>
      (await database.query('select version::int from schema_migrations'))[0]?.version as number,
  };
}

const backupsIn = (folder: string): readonly string[] =>
  readdirSync(join(folder, 'backups')).filter((name) => name !== '.gitignore');

describe('“Backup before down migrations - Data loss is permanent”', () => {
  const ON = ['confirm: always', 'requireSteps: true', 'backupBeforeDown: true'];

  if (!pgDumpFits) {
    test('a database that cannot be backed up is not reverted, whatever --yes says', async () => {
      const database = await createDatabase();
      const { migrate, version } = await project(database, database.url, ON);
      await migrate('up', '--yes');
      const refused = await migrate('down', '--num-steps', '1', '--yes');
      expect(refused).toMatchObject({ code: 14, stdout: '' });
      expect(refused.stderr).toMatch(/nothing was reverted\n.*postgresql-client-/s);
      expect(await version()).toBe(4);
    });
  }

  describeFitting('with backupBeforeDown: true', () => {
    test('what `migrate down --num-steps 0 --yes` loses is in the backup, and comes back whole', async () => {
      const database = await createDatabase();
      const { folder, migrate, version } = await project(database, database.url, ON);
      await migrate('up', '--yes');
      await database.query("insert into users (email) values ('ada@example.org')");
      const down = await migrate('down', '--num-steps', '0', '--yes');
      expect(down).toMatchObject({ code: 0 });
      expect(await database.query("select to_regclass('users') as users")).toEqual([{ users: null }]);
      const [name = ''] = backupsIn(folder);
      expect(down.stderr).toContain(`backup before reverting: backups/${name} (`);
      const restore = ['restore', `backups/${name}`, '--config', 'config.yaml', '--yes'];
      expect(await rungs(restore, { cwd: folder })).toMatchObject({ code: 0 });
      expect(await database.query('select email from users')).toEqual([{ email: 'ada@example.org' }]);
      expect(await version()).toBe(4);
      expect(await migrate('up', '--yes')).toMatchObject({
        code: 0,
        stdout: 'Already at latest version: 4\n',
      });
    });

    test('who may migrate but not read everything gets no backup, and reverts nothing', async () => {
      const database = await createDatabase();
      const role = await createRole();
      await database.query(`grant create, usage on schema public to ${role.name}`);
      const { folder, migrate, version } = await project(database, role.urlOf(database), ON);
      expect(await migrate('up', '--yes')).toMatchObject({ code: 0 });
      await database.query('create table secrets (id int)');
      const refused = await migrate('down', '--num-steps', '1', '--yes');
      expect(refused).toMatchObject({ code: 14, stdout: '' });
      expect(refused.stderr).toContain('permission denied for table secrets; nothing was reverted');
      expect(refused.stderr).toContain('next: connect as a role that may read all of it');
      expect(backupsIn(folder)).toEqual([]);
      expect(await version()).toBe(4);
    });
  });

  test('without the setting, down goes on as documented and makes none', async () => {
    const database = await createDatabase();
    const { folder, migrate, version } = await project(database);
    await migrate('up', '--yes');
    expect(await migrate('down', '--num-steps', '1', '--yes')).toMatchObject({ code: 0 });
    expect(await version()).toBe(3);
    expect(readdirSync(folder)).not.toContain('backups');
  });
});

describe('“The database user must have sufficient privileges to”', () => {
  /** A project of a role that may do all but what the test takes away; with the next migration. */
  async function without(role: Role, database: Database, up: string): Promise<CliResult> {
    const { folder, migrate, version } = await project(database, role.urlOf(database));
    writeInto(folder, {
      'database/migrations/000005_more.up.sql': `${up};\n`,
      'database/migrations/000005_more.down.sql': 'select 1;\n',
    });
    const done = await migrate('up', '--num-steps', '1', '--yes');
    expect(await version()).toBe(4);
    return done;
  }

  /** As the administrator migrated it. */
  async function migrated(): Promise<Database> {
    const database = await createDatabase();
    const { migrate } = await project(database);
    expect(await migrate('up', '--yes')).toMatchObject({ code: 0 });
    return database;
  }

  test('“Create/drop tables”: without CREATE on a new database nothing is made, and the schema is named', async () => {
    const [database, role] = [await createDatabase(), await createRole()];
    await database.query('revoke create on schema public from public');
    const { migrate } = await project(database, role.urlOf(database));
    const { code, stderr } = await migrate('up', '--yes');
    expect(code).toBe(11);
    expect(stderr).toContain('error: permission denied for schema public (SQLSTATE 42501)');
    expect(stderr).toContain(`next: role ${role.name} lacks USAGE or CREATE on schema public: `);
    expect(await database.query("select to_regclass('schema_migrations') as t")).toEqual([{ t: null }]);
  });

  test.each([
    [
      '“Create/drop tables”: one of another’s is not dropped',
      'drop table users',
      'must be owner of table users',
    ],
    ['“Create/drop types”', "create type mood as enum ('ok')", 'permission denied for schema public'],
    [
      '“Create/drop types”: one of another’s is not dropped',
      'drop type registry_kind',
      'must be owner of type registry_kind',
    ],
    ['“Create/drop indexes”', 'create index on users (email)', 'must be owner of table users'],
    ['“Modify the schema”', 'alter table users add column x int', 'must be owner of table users'],
  ])('%s, and what is missing is said', async (_line, up, error) => {
    const [database, role] = [await migrated(), await createRole()];
    await database.query(`revoke create on schema public from public;
      grant all on schema_migrations, schema_migrations_history, schema_migrations_history_id_seq to ${role.name}`);
    const { code, stderr } = await without(role, database, up);
    expect(code).toBe(14);
    expect(stderr).toContain(`error: ${error} (SQLSTATE 42501)`);
    expect(stderr).toContain('at: database/migrations/000005_more.up.sql:1');
    expect(stderr).toMatch(
      new RegExp(
        `next: role ${role.name} (does not own (table|type) "\\w+"|lacks USAGE or CREATE on [a-z_ ]+): `,
      ),
    );
  });

  test('CREATEROLE, where a migration makes a role, as ToolHive’s first one does', async () => {
    const [database, role] = [await migrated(), await createRole()];
    await database.query(
      `grant all on schema_migrations, schema_migrations_history, schema_migrations_history_id_seq to ${role.name}`,
    );
    const { code, stderr } = await without(role, database, 'create role toolhive_registry_server');
    expect(code).toBe(14);
    expect(stderr).toContain('error: permission denied to create role (SQLSTATE 42501)');
    if (serverMajor >= 16) expect(stderr).toContain('CREATEROLE');
  });
});
