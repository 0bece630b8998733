/**
 * What HoloMUSH's operations guide promises of its `task migrate` targets, line by line, asked of the compiled
 * command. Its program was golang-migrate underneath; where that broke a promise, the promise is what counts.
 */

import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { up } from '../../src/index.ts';
import { type CliResult, rungs, startRungs } from '../support/cli.ts';
import { createDatabase, type Database } from '../support/database.ts';
import { copyOf } from '../support/fixtures.ts';
import { folderOf, writeInto } from '../support/folder.ts';
import { ledgerOf } from '../support/schema.ts';
import { connectTo, disconnect, said, until, waiting } from '../support/session.ts';

/** Seven pairs. */
const FOLDER = 'test/fixtures/holomush';

type Run = (...args: string[]) => Promise<CliResult>;

const runner =
  (url: string, folder = FOLDER): Run =>
  (...args) =>
    rungs([...args.slice(0, 1), '--path', folder, ...args.slice(1)], { env: { DATABASE_URL: url } });

async function fresh(folder = FOLDER): Promise<{ readonly database: Database; readonly run: Run }> {
  const database = await createDatabase();
  return { database, run: runner(database.url, folder) };
}

async function atVersion(version: number, folder = FOLDER) {
  const made = await fresh(folder);
  await up({ database: made.database.url, migrations: folder, to: BigInt(version) });
  return made;
}

const done = (stdout: string) => expect.objectContaining({ code: 0, stdout });
const at = (version: number, dirty = false) => [{ version: String(version), dirty }];

const tables = async (database: Database) => {
  const rows = await database.query(
    `select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by 1`,
  );
  return rows.map((row) => row.relname).filter((name) => !String(name).startsWith('schema_migrations'));
};

describe('1. migrate', () => {
  test('applies everything in the order of the numbers, then says that it is the latest version', async () => {
    const { database, run } = await fresh();
    const first = await run('up');
    expect(first).toEqual(done('Migrated from version 0 to 7\n'));
    expect([...first.stderr.matchAll(/^applied (\d+) /gm)].map((m) => m[1])).toEqual([
      '1',
      '2',
      '3',
      '4',
      '5',
      '6',
      '7',
    ]);
    expect(await tables(database)).toEqual([
      'characters',
      'events',
      'exits',
      'locations',
      'objects',
      'players',
    ]);
    expect(await run('up')).toEqual(done('Already at latest version: 7\n'));
    expect(await ledgerOf(database)).toEqual(at(7));
  });

  test('says from where to where it has migrated', async () => {
    const { run } = await atVersion(3);
    expect(await run('up')).toEqual(done('Migrated from version 3 to 7\n'));
  });
});

describe('2. migrate --dry-run', () => {
  test('lists what would be applied, with the current and the target version, and applies nothing', async () => {
    const { database, run } = await atVersion(3);
    expect(await run('up', '--dry-run')).toEqual(
      done(`Dry run - the following migrations would be applied:
  - 000004_exits
  - 000005_events
  - 000006_notify
  - 000007_objects

Current version: 3
Target version: 7
`),
    );
    expect(await ledgerOf(database)).toEqual(at(3));
    expect(await tables(database)).toEqual(['characters', 'locations', 'players']);
  });

  test('on an empty database leaves it empty: not even the version table is made', async () => {
    const { database, run } = await fresh();
    expect((await run('up', '--dry-run')).stdout).toMatch(/\nCurrent version: 0\nTarget version: 7\n$/);
    expect(
      await database.query(`select relname from pg_class where relnamespace = 'public'::regnamespace`),
    ).toEqual([]);
  });

  test('says so where there is nothing to apply', async () => {
    const { run } = await atVersion(7);
    expect(await run('up', '--dry-run')).toEqual(
      done('Already at latest version: 7\nNo migrations would be applied.\n'),
    );
  });
});

describe('3. migrate:status', () => {
  test('shows the version and OK, and how many are pending', async () => {
    const { run } = await atVersion(5);
    const { code, stdout } = await run('status');
    expect(code).toBe(0);
    expect(stdout).toMatch(/\nCurrent version: 5\nStatus: OK\n5 applied, 2 pending\n$/);
    expect(stdout).toMatch(/^applied +5 +events +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC +\d+ ms$/m);
    expect(stdout).toMatch(/^pending +6 +notify$/m);
  });

  test('shows DIRTY, and that force resets it', async () => {
    const { database, run } = await atVersion(5);
    await database.query('update schema_migrations set dirty = true');
    const { code, stdout } = await run('status');
    expect(code).toBe(0);
    expect(stdout).toContain(
      'Current version: 5\nStatus: DIRTY (migration failed, manual intervention required)\n',
    );
    expect(stdout).toContain('`rungs force 5`');
  });

  test('speaks of the target where Task calls it', async () => {
    const { database } = await atVersion(5);
    await database.query('update schema_migrations set dirty = true');
    const env = { DATABASE_URL: database.url, RUNGS_VOICE: 'task' };
    expect((await rungs(['status', '--path', FOLDER], { env })).stdout).toContain(
      '`task migrate:force -- 5`',
    );
  });

  test('on an empty database is version 0, and writes nothing', async () => {
    const { database, run } = await fresh();
    expect((await run('status')).stdout).toMatch(/Current version: 0\nStatus: OK\n0 applied, 7 pending\n$/);
    expect(await ledgerOf(database)).toBeNull();
  });

  test('migrate:version prints the bare number', async () => {
    const { run } = await atVersion(5);
    expect(await run('version')).toEqual(done('5\n'));
  });
});

describe('4. migrate:down', () => {
  test('goes exactly one back', async () => {
    const { database, run } = await atVersion(7);
    expect(await run('down')).toEqual(done('Rolled back from version 7 to 6\n'));
    expect(await ledgerOf(database)).toEqual(at(6));
    expect(await tables(database)).not.toContain('objects');
  });

  test('at version 0 has nothing to do, and that is no error', async () => {
    const { run } = await fresh();
    const nothing = done('Already at version 0, no migrations to roll back\n');
    expect(await run('down')).toEqual(nothing);
    expect(await run('down', '--all')).toEqual(nothing);
  });

  test('--all reverts everything, newest first', async () => {
    const { database, run } = await atVersion(7);
    const { stdout, stderr, code } = await run('down', '--all', '--yes');
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'Rolled back from version 7 to 0\n' });
    expect([...stderr.matchAll(/^reverted (\d+) /gm)].map((m) => m[1]).join(' ')).toBe('7 6 5 4 3 2 1');
    expect(await tables(database)).toEqual([]);
    expect(await ledgerOf(database)).toEqual([]);
  });

  test('--all is not done unasked where nobody can be asked', async () => {
    const { database, run } = await atVersion(7);
    expect(await run('down', '--all')).toMatchObject({ code: 19, stdout: '' });
    expect(await ledgerOf(database)).toEqual(at(7));
  });

  test('--dry-run lists the one, or with --all every one, newest first, and reverts nothing', async () => {
    const { database, run } = await atVersion(3);
    expect(await run('down', '--dry-run')).toEqual(
      done(`Dry run - the following migration would be rolled back:
  - 000003_characters

Current version: 3
Target version: 2
`),
    );
    expect(await run('down', '--all', '--dry-run')).toEqual(
      done(`Dry run - the following migrations would be rolled back:
  - 000003_characters
  - 000002_locations
  - 000001_players

Current version: 3
Target version: 0
`),
    );
    expect(await ledgerOf(database)).toEqual(at(3));
  });

  test('--dry-run at version 0 says so', async () => {
    const { run } = await fresh();
    const nothing = done('Already at version 0, no migrations to roll back.\n');
    expect(await run('down', '--dry-run')).toEqual(nothing);
    expect(await run('down', '--all', '--dry-run')).toEqual(nothing);
  });
});

describe('5. migrate:force', () => {
  test('sets the version, clears dirty and runs no SQL', async () => {
    const { database, run } = await atVersion(3);
    await database.query('update schema_migrations set dirty = true');
    expect(await run('force', '7')).toEqual(done('Version forced successfully: 3 to 7\n'));
    expect(await ledgerOf(database)).toEqual(at(7));
    expect(await tables(database)).toEqual(['characters', 'locations', 'players']);
    expect(await run('up')).toEqual(done('Already at latest version: 7\n'));
  });

  test('on an empty database says that everything is there already', async () => {
    const { database, run } = await fresh();
    expect((await run('force', '7')).code).toBe(0);
    expect(await tables(database)).toEqual([]);
    expect(await run('version')).toEqual(done('7\n'));
  });

  test('forgives spaces around the number', async () => {
    const { database, run } = await atVersion(3);
    expect((await run('force', ' 2 ')).code).toBe(0);
    expect(await ledgerOf(database)).toEqual(at(2));
  });

  test('0 means none, and the next up begins at the beginning', async () => {
    const { database, run } = await fresh();
    await run('force', '7');
    expect(await run('force', '0')).toEqual(done('Version forced successfully: 7 to 0\n'));
    expect(await ledgerOf(database)).toEqual([]);
    expect(await run('up')).toEqual(done('Migrated from version 0 to 7\n'));
  });

  test('to a version that no file has is done with a warning', async () => {
    const { database, run } = await atVersion(7);
    const { code, stderr } = await run('force', '999');
    expect(code).toBe(0);
    expect(stderr).toMatch(/^warning: no file in .* has version 999/m);
    expect(await ledgerOf(database)).toEqual(at(999));
    expect(await run('up')).toMatchObject({
      code: 12,
      stderr: expect.stringContaining('no migration found for version 999'),
    });
  });

  describe('refuses as INVALID_VERSION, changing nothing,', () => {
    let three: Awaited<ReturnType<typeof atVersion>>;
    beforeAll(async () => {
      three = await atVersion(3);
    });

    test.each([
      [['abc'], 'invalid version "abc": must be an integer'],
      [['1.5'], 'invalid version "1.5": must be an integer'],
      [['3abc'], 'invalid version "3abc": must be an integer'],
      [[''], 'invalid version "": must be an integer'],
      [['--', '-1'], 'invalid version "-1": must be non-negative'],
      [['-1'], 'invalid version "-1": must be non-negative'],
      [['9223372036854775808'], 'must be at most 9223372036854775807'],
      [[], 'please specify a version'],
    ])('%j', async (args, message) => {
      const { code, stdout, stderr } = await three.run('force', ...args);
      expect({ code, stdout }).toEqual({ code: 20, stdout: '' });
      expect(stderr).toMatch(/^INVALID_VERSION: not a version\n/);
      expect(stderr).toContain(message);
      expect(await ledgerOf(three.database)).toEqual(at(3));
    });
  });
});

describe('6. a migration that fails', () => {
  const broken = (text: string) => {
    const folder = copyOf('holomush');
    writeInto(folder, { '000005_events.up.sql': text });
    return folder;
  };
  const FIXED = 'create table events (id text primary key, stream text, payload jsonb);';

  test('half-way leaves it dirty; up refuses; once it is fixed, force and up go on', async () => {
    const folder = broken('-- rungs: plain\nbegin; create table events (id text); commit; select 1/0;');
    const { database, run } = await fresh(folder);
    const failed = await run('up');
    expect(failed).toMatchObject({ code: 12, stdout: '' });
    expect(failed.stderr).toContain('applied: 1, 2, 3, 4 (kept); 5 half done (dirty); not reached: 6, 7');
    expect(await ledgerOf(database)).toEqual(at(5, true));

    const refused = await run('up');
    expect(refused).toMatchObject({ code: 12, stdout: '' });
    expect(refused.stderr).toMatch(/^MIGRATION_UP_FAILED: migration failed\n/);
    expect(refused.stderr).toContain('Dirty database version 5. Fix and force version.');
    expect(await run('down')).toMatchObject({
      code: 14,
      stderr: expect.stringMatching(/^MIGRATION_STEPS_FAILED: .*\n.*\n {2}error: Dirty database version 5\./),
    });

    await database.query('drop table events');
    writeInto(folder, { '000005_events.up.sql': FIXED });
    expect((await run('force', '4')).code).toBe(0);
    expect(await run('up')).toEqual(done('Migrated from version 4 to 7\n'));
  });

  test('in its transaction leaves nothing behind: once it is fixed, up goes on, with nothing to force', async () => {
    const folder = broken(`${FIXED}\ninsert into nothere values (1);`);
    const { database, run } = await fresh(folder);
    const failed = await run('up');
    expect(failed.stderr).toContain('applied: 1, 2, 3, 4 (kept); 5 rolled back; not reached: 6, 7');
    expect(await ledgerOf(database)).toEqual(at(4));
    expect(await tables(database)).not.toContain('events');
    expect((await run('status')).stdout).toContain('Current version: 4\nStatus: OK\n');

    writeInto(folder, { '000005_events.up.sql': FIXED });
    expect(await run('up')).toEqual(done('Migrated from version 4 to 7\n'));
  });
});

/** The first line of the error, its exit code, and the same in the JSON document. */
async function expectCode(
  url: string,
  folder: string,
  args: readonly string[],
  code: string,
  exit: number,
): Promise<string> {
  const run = runner(url, folder);
  const [verb = '', ...rest] = args;
  const { code: status, stdout, stderr } = await run(verb, '--json', ...rest);
  expect({ status, stderr: stderr.slice(0, code.length + 1) }).toEqual({ status: exit, stderr: `${code}:` });
  const document = JSON.parse(stdout) as { command: string; error: { code: string } };
  expect([document.command, document.error.code]).toEqual([verb, code]);
  return stderr;
}

describe('7. each documented code', () => {
  const ONE = { '1_a.up.sql': 'create table a (id int);', '1_a.down.sql': 'drop table nothere;' };

  test('MIGRATION_SOURCE_FAILED: a folder that is missing, two files of one version, a file that is not text', async () => {
    const { url } = await createDatabase();
    const cases = [
      [join(folderOf({}), 'nowhere'), 'no such file or directory'],
      [folderOf({ '1_a.up.sql': '', '1_b.up.sql': '' }), 'version 1 has two up files'],
      [folderOf({ '1_a.up.sql': Uint8Array.of(0x73, 0xff, 0xfe) }), 'UTF-8'],
    ] as const;
    for (const [folder, message] of cases) {
      expect(await expectCode(url, folder, ['up'], 'MIGRATION_SOURCE_FAILED', 10)).toContain(message);
    }
  });

  test('MIGRATION_INIT_FAILED: no such database, nobody listening, a URL of another kind', async () => {
    const { url } = await createDatabase();
    const elsewhere = new URL(url);
    elsewhere.pathname = '/no_such_database';
    const closed = new URL(url);
    closed.port = '1';
    const cases = [
      [elsewhere.href, 'database "no_such_database" does not exist'],
      ['mysql://root@localhost/app', 'scheme is not postgres'],
    ] as const;
    for (const [where, message] of cases) {
      expect(await expectCode(where, FOLDER, ['up'], 'MIGRATION_INIT_FAILED', 11)).toContain(message);
    }
    const { code, stderr } = await runner(closed.href)('up');
    expect(code).toBe(11);
    expect(stderr).toMatch(/^MIGRATION_INIT_FAILED: cannot get ready to migrate$/m);
  });

  test('MIGRATION_INIT_FAILED: the version table cannot be made', async () => {
    const database = await createDatabase();
    await withRole(database, async (url) => {
      await database.query('revoke create on schema public from public');
      const stderr = await expectCode(url, FOLDER, ['up'], 'MIGRATION_INIT_FAILED', 11);
      expect(stderr).toContain('permission denied for schema public (SQLSTATE 42501)');
    });
  });

  test('MIGRATION_UP_FAILED: the SQL of an up file', async () => {
    const { url } = await createDatabase();
    const folder = folderOf({ '1_a.up.sql': 'insert into nothere values (1);' });
    await expectCode(url, folder, ['up'], 'MIGRATION_UP_FAILED', 12);
  });

  test('MIGRATION_DOWN_FAILED: the SQL of a down file on the way down to nothing', async () => {
    const { url } = await createDatabase();
    const folder = folderOf(ONE);
    await runner(url, folder)('up');
    await expectCode(url, folder, ['down', '--all'], 'MIGRATION_DOWN_FAILED', 13);
  });

  test('MIGRATION_STEPS_FAILED: the SQL of a file where a number of steps was asked for', async () => {
    const { url } = await createDatabase();
    const folder = folderOf(ONE);
    await runner(url, folder)('up');
    await expectCode(url, folder, ['down'], 'MIGRATION_STEPS_FAILED', 14);
    writeInto(folder, { '2_b.up.sql': 'insert into nothere values (1);' });
    await expectCode(url, folder, ['up', '--num-steps', '1'], 'MIGRATION_STEPS_FAILED', 14);
  });

  test('MIGRATION_VERSION_FAILED: a version table that is another’s, or that may not be read', async () => {
    const stranger = await createDatabase();
    await stranger.query('create table schema_migrations (version varchar(128) primary key)');
    for (const verb of ['up', 'status', 'version']) {
      await expectCode(stranger.url, FOLDER, [verb], 'MIGRATION_VERSION_FAILED', 15);
    }
    const { database } = await atVersion(1);
    await withRole(database, async (url) => {
      await database.query('revoke all on schema_migrations from public');
      const stderr = await expectCode(url, FOLDER, ['version'], 'MIGRATION_VERSION_FAILED', 15);
      expect(stderr).toContain('permission denied for table schema_migrations');
    });
  });

  test('MIGRATION_FORCE_FAILED: the connection is lost before the version is set', async () => {
    const { database } = await atVersion(3);
    const keeper = await connectTo(database);
    await keeper.query('begin; lock table schema_migrations in share mode');
    const run = startRungs(['force', '7', '--path', FOLDER], { env: { DATABASE_URL: database.url } });
    await until('force waits for the table', async () => (await waiting(database, 'relation')) === 1);
    await keeper.query(`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name like 'rungs%'`);
    const { code, stdout, stderr } = await run.ended;
    expect({ code, stdout }).toEqual({ code: 16, stdout: '' });
    expect(stderr).toMatch(/^MIGRATION_FORCE_FAILED: cannot force the version$/m);
    await disconnect(keeper);
    expect(await ledgerOf(database)).toEqual(at(3));
  });

  test('MIGRATION_VERSION_CHECK_FAILED: the connection is lost and the database lets nobody in to look', async () => {
    const database = await createDatabase();
    const folder = folderOf({ '1_a.up.sql': 'lock table gate in share mode; create table a (id int);' });
    await database.query('create table gate (id int); grant all on gate to public');
    await withRole(database, async (url, role) => {
      await database.query(`grant create on schema public to ${role}`);
      const keeper = await connectTo(database);
      await keeper.query('begin; lock table gate in access exclusive mode');
      const run = startRungs(['up', '--path', folder, '--json'], { env: { DATABASE_URL: url } });
      await until('it waits at the gate', async () => (await waiting(database, 'relation')) === 1);
      await database.query(`alter role ${role} nologin`);
      await database.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where usename = '${role}'`,
      );
      const { code, stdout, stderr } = await run.ended;
      await disconnect(keeper);
      expect(code).toBe(18);
      expect(stderr).toMatch(/^MIGRATION_VERSION_CHECK_FAILED: cannot tell what was committed$/m);
      expect(JSON.parse(stdout)).toMatchObject({ applied: [], unknown: [{ id: '1' }] });
    });
  });

  test('CONFIG_INVALID: DATABASE_URL is unset or empty, whatever else is wrong', async () => {
    for (const env of [{}, { DATABASE_URL: '' }]) {
      for (const args of [['up'], ['up', '--dry-run'], ['down'], ['status'], ['version'], ['force', 'abc']]) {
        const { code, stdout, stderr } = await rungs(args, { env, cwd: folderOf({}) });
        expect({ args, code, stdout }).toEqual({ args, code: 19, stdout: '' });
        expect(stderr).toMatch(/^CONFIG_INVALID: the configuration is not valid\n/);
        expect(stderr).toContain('error: DATABASE_URL environment variable is required\n');
      }
    }
  });

  test('INVALID_VERSION: a version that is none', async () => {
    const { url } = await createDatabase();
    for (const args of [
      ['force', 'abc'],
      ['goto', 'abc'],
      ['up', '--to', '1.5'],
    ]) {
      await expectCode(url, FOLDER, args, 'INVALID_VERSION', 20);
    }
  });
});

/** A role that may connect and no more; gone afterwards, with the database. */
async function withRole(
  database: Database,
  use: (url: string, role: string) => Promise<void>,
): Promise<void> {
  const role = `rungs_role_${randomBytes(4).toString('hex')}`;
  await database.query(`create role ${role} login password 'secret'`);
  const url = new URL(database.url);
  url.username = role;
  url.password = 'secret';
  try {
    await use(url.href, role);
  } finally {
    const other = await createDatabase();
    await database.drop();
    await other.query(`drop role ${role}`);
  }
}

describe('8. an error', () => {
  test('is three lines that begin with the code, then the place in the file and what comes next', async () => {
    const folder = copyOf('holomush');
    const { database, run } = await atVersion(3, folder);
    await database.query('create table objects (id text)');
    const { code, stdout, stderr } = await run('up');
    expect({ code, stdout }).toEqual({ code: 12, stdout: '' });
    const error = stderr.slice(stderr.indexOf('MIGRATION_UP_FAILED'));
    expect(error.replace('file, and', 'file and')).toBe(`MIGRATION_UP_FAILED: migration failed
  operation: apply migration 7
  error: relation "objects" already exists (SQLSTATE 42P07)
  at: ${folder}/000007_objects.up.sql:1:1
      1 | create table objects (
        | ^
  applied: 4, 5, 6 (kept); 7 rolled back
  next: fix the file and run \`rungs up\` again
`);
  });

  test('names what was being reverted', async () => {
    const folder = copyOf('holomush');
    const { run } = await atVersion(7, folder);
    writeInto(folder, { '000007_objects.down.sql': 'drop table objects;\ndrop table gone;\n' });
    const { code, stderr } = await run('down');
    expect(code).toBe(14);
    expect(stderr).toMatch(
      /^MIGRATION_STEPS_FAILED: migration steps failed\n {2}operation: revert migration 7\n {2}error: table "gone" does not exist \(SQLSTATE 42P01\)\n {2}at: .*000007_objects\.down\.sql:2:1\n/,
    );
  });
});

describe('10. migrate:create', () => {
  const create = (folder: string, ...args: string[]) => rungs(['create', '--path', folder, ...args]);

  test('makes a pair with the next number, six digits wide, and prints both paths', async () => {
    const folder = copyOf('holomush');
    const path = (side: string) => join(folder, `000008_add_channels.${side}.sql`);
    expect(await create(folder, 'add_channels')).toEqual(done(`${path('up')}\n${path('down')}\n`));
    expect(readdirSync(folder).filter((name) => name.startsWith('000008'))).toHaveLength(2);
  });

  test('begins with 000001, and makes the folder', async () => {
    const folder = join(folderOf({}), 'new', 'migrations');
    expect((await create(folder, 'players')).code).toBe(0);
    expect(readdirSync(folder).sort()).toEqual(['000001_players.down.sql', '000001_players.up.sql']);
  });

  test('makes files that are migrations: up and down run them', async () => {
    const folder = copyOf('holomush');
    await create(folder, 'add_channels');
    writeInto(folder, {
      '000008_add_channels.up.sql': 'create table channels (id text primary key);',
      '000008_add_channels.down.sql': 'drop table channels;',
    });
    const { run } = await fresh(folder);
    expect(await run('up')).toEqual(done('Migrated from version 0 to 8\n'));
    expect(await run('down')).toEqual(done('Rolled back from version 8 to 7\n'));
  });

  test('without a name is an error, and makes nothing', async () => {
    const folder = copyOf('holomush');
    const before = readdirSync(folder);
    const { code, stdout, stderr } = await create(folder);
    expect({ code, stdout }).toEqual({ code: 10, stdout: '' });
    expect(stderr).toContain('error: please specify name\n');
    expect(readdirSync(folder)).toEqual(before);
  });
});

describe('15. two at once', () => {
  test('both succeed, and everything is applied once', { timeout: 120_000 }, async () => {
    const { database } = await fresh();
    // A third party keeps the first inside its first migration until the second has come.
    await database.query('create table audit (version bigint)');
    const keeper = await connectTo(database);
    await keeper.query('begin; lock table audit in access exclusive mode');
    const folder = copyOf('holomush');
    writeInto(folder, {
      '000001_players.up.sql': 'insert into audit values (1); create table players (id text primary key);',
    });
    const start = () =>
      startRungs(['up', '--path', folder, '--lock-timeout', '2m'], { env: { DATABASE_URL: database.url } });
    const first = start();
    await until(
      'the first is inside its first migration',
      async () => (await waiting(database, 'relation')) === 1,
    );
    const second = start();
    await said(second, 'waiting for the migration lock, held by pid');
    await keeper.query('rollback');
    expect(await first.ended).toEqual(done('Migrated from version 0 to 7\n'));
    expect(await second.ended).toEqual(done('Already at latest version: 7\n'));
    expect(await database.query('select version::int from audit')).toEqual([{ version: 1 }]);
  });
});
