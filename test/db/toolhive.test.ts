/** What ToolHive's document promises, and what its command line does besides, through ours. */

import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { run } from '../support/built.ts';
import { type CliResult, rungs, rungsOnTerminal } from '../support/cli.ts';
import { createDatabase, type Database } from '../support/database.ts';
import { folderLike, writeInto } from '../support/folder.ts';
import { schemaOf } from '../support/schema.ts';
import { hasTerminal } from '../support/terminal.ts';

interface Project {
  readonly folder: string;
  readonly database: Database;
  /** The document's commands: `migrate up --config config.yaml …`. */
  readonly migrate: (...args: readonly string[]) => Promise<CliResult>;
  /** The version table's rows. */
  readonly recorded: () => Promise<unknown>;
}

/** A copy of its kind of project, whose config.yaml has `database:` as documented, and `more`. */
async function project(more: readonly string[] = [], database?: Database): Promise<Project> {
  const own = database ?? (await createDatabase());
  const folder = folderLike('test/fixtures/projects/toolhive');
  writeConfig(folder, [...sectionOf(own), 'path: database/migrations', ...more]);
  return {
    folder,
    database: own,
    migrate: (verb = '', ...args) =>
      rungs(['migrate', verb, '--config', 'config.yaml', ...args], { cwd: folder }),
    recorded: () => own.query('select version::int, dirty from schema_migrations'),
  };
}

function writeConfig(folder: string, lines: readonly string[]): void {
  const path = join(folder, 'config.yaml');
  writeFileSync(path, `${lines.join('\n')}\n`);
  chmodSync(path, 0o600);
}

/** The database's URL in ToolHive's parts. */
function sectionOf({ url }: Database, more: Readonly<Record<string, string>> = {}): readonly string[] {
  const { hostname, port, username, password, pathname } = new URL(url);
  const parts = {
    host: decodeURIComponent(hostname),
    port,
    user: username,
    password: decodeURIComponent(password),
    database: pathname.slice(1),
    sslmode: 'disable',
    ...more,
  };
  const lines = Object.entries(parts).filter(([, value]) => value !== '');
  return ['database:', ...lines.map(([key, value]) => `  ${key}: '${value.replaceAll("'", "''")}'`)];
}

/** Where nobody listens: who gets as far as connecting fails otherwise. */
const NOWHERE = { DATABASE_URL: 'postgres://u:pa55word@127.0.0.1:1/d' };

const done = (stdout: string) => ({ code: 0, stdout: `${stdout}\n`, stderr: expect.any(String) });

describe('migrate up', () => {
  test('--yes goes to the latest version and says it; and again there is nothing to do', async () => {
    const { migrate, recorded } = await project();
    expect(await migrate('up', '--yes')).toEqual(done('Migrated from version 0 to 4'));
    expect(await migrate('up', '-y')).toEqual(done('Already at latest version: 4'));
    expect(await recorded()).toEqual([{ version: 4, dirty: false }]);
  });

  test('--num-steps 2 applies exactly two more', async () => {
    const { migrate, recorded } = await project();
    expect(await migrate('up', '--num-steps', '1', '--yes')).toMatchObject({ code: 0 });
    expect(await migrate('up', '--num-steps', '2', '--yes')).toEqual(
      done('Migrated from version 1 to 3\n1 pending'),
    );
    expect(await recorded()).toEqual([{ version: 3, dirty: false }]);
    expect(await migrate('up', '-n', '0', '-y')).toEqual(done('Migrated from version 3 to 4'));
  });

  test('with more steps than there are applies what there is, and then says so', async () => {
    const { migrate } = await project();
    const { code, stdout, stderr } = await migrate('up', '--num-steps', '9', '--yes');
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'Migrated from version 0 to 4\n' });
    expect(stderr).toMatch(/^warning: .*9/m);
  });

  test('makes schema_migrations, with version and dirty', async () => {
    const { migrate, database } = await project();
    await migrate('up', '--num-steps', '1', '--yes');
    const columns = await database.query(
      `select column_name, data_type, is_nullable from information_schema.columns
        where table_name = 'schema_migrations' order by ordinal_position`,
    );
    expect(columns).toEqual([
      { column_name: 'version', data_type: 'bigint', is_nullable: 'NO' },
      { column_name: 'dirty', data_type: 'boolean', is_nullable: 'NO' },
    ]);
  });

  test('runs side by side end well, and each migration is applied once', async () => {
    const { migrate, recorded, database } = await project();
    const runs = await Promise.all([1, 2, 3, 4].map(() => migrate('up', '--yes')));
    expect(runs.map((r) => r.code)).toEqual([0, 0, 0, 0]);
    expect(await recorded()).toEqual([{ version: 4, dirty: false }]);
    expect(await database.query('select count(*)::int from schema_migrations_history')).toEqual([
      { count: 4 },
    ]);
  });
});

describe('migrate down', () => {
  test('--num-steps 1 --yes goes one back', async () => {
    const { migrate, recorded } = await project();
    await migrate('up', '--yes');
    expect(await migrate('down', '--num-steps', '1', '--yes')).toEqual(
      done('Rolled back from version 4 to 3'),
    );
    expect(await recorded()).toEqual([{ version: 3, dirty: false }]);
  });

  test.each([[[]], [['--yes']], [['--dry-run']]])(
    'without --num-steps (%j) is refused before connecting, with requireSteps',
    async (args) => {
      const { folder } = await project(['requireSteps: true']);
      const refused = await rungs(['migrate', 'down', '--config', 'config.yaml', ...args], {
        cwd: folder,
        env: NOWHERE,
      });
      expect(refused).toMatchObject({ code: 19, stdout: '' });
      expect(refused.stderr).toContain('--num-steps flag is required for down migrations (safety measure)');
      expect(refused.stderr).toContain('next: add `--num-steps N`; 0 reverts all');
    },
  );

  test.each([['--num-steps=1'], ['-n1'], ['1'], ['--all']])('%s is number enough for it', async (arg) => {
    const { migrate } = await project(['requireSteps: true']);
    await migrate('up', '--num-steps', '1', '--yes');
    expect(await migrate('down', arg, '--yes')).toEqual(done('Rolled back from version 1 to 0'));
  });

  test('--num-steps 0 reverts all: the table stays, without a row', async () => {
    const { migrate, recorded, database } = await project();
    await migrate('up', '--num-steps', '0', '--yes');
    expect(await migrate('down', '--num-steps', '0', '--yes')).toEqual(
      done('Rolled back from version 4 to 0'),
    );
    expect(await recorded()).toEqual([]);
    const left = (await schemaOf(database)).filter((line) => !line.includes('schema_migrations'));
    expect(left.filter((line) => /^(relation|type|index|constraint)/.test(line))).toEqual([]);
  });

  test('with more steps than there are reverts what there is, and then says so', async () => {
    const { migrate } = await project();
    await migrate('up', '--yes');
    const { code, stdout, stderr } = await migrate('down', '--num-steps', '1000', '--yes');
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'Rolled back from version 4 to 0\n' });
    expect(stderr).toMatch(/^warning: .*1000/m);
  });

  test('-n -1 is no number of steps', async () => {
    const { migrate } = await project();
    expect(await migrate('down', '--num-steps=-1', '--yes')).toMatchObject({ code: 19, stdout: '' });
  });
});

describe.runIf(hasTerminal)('on a terminal, confirm: always', () => {
  const ask = async ({ folder }: Project, args: readonly string[], question: string, keys: string) => {
    const terminal = rungsOnTerminal(['migrate', ...args, '--config', 'config.yaml'], { cwd: folder });
    await terminal.shows(question);
    terminal.type(keys);
    return terminal.ended;
  };
  const UP = 'Continue? (yes/no): ';
  const DOWN = "Are you sure you want to continue? Type 'yes' to proceed: ";

  test.each([
    ['yes', 'yes\r', true],
    ['y', 'y\r', true],
    ['no', 'no\r', false],
    ['Y', 'Y\r', false],
    ['nothing', '\r', false],
    ['the end of input', '\u0004', false],
  ])('up says what it will do, asks, and takes %s for an answer', async (_what, keys, goesOn) => {
    const p = await project(['confirm: always']);
    const { code, screen } = await ask(p, ['up', '--num-steps', '2'], UP, keys);
    expect(code).toBe(0);
    expect(screen).toContain(
      `About to apply 2 migrations to database ${p.database.name}:\n  1 init\n  2 add_user_table\n`,
    );
    expect(screen).toContain(goesOn ? 'Migrated from version 0 to 2' : 'Cancelled: ');
    expect(screen).not.toContain(new URL(p.database.url).password || 'nothing to hide');
    const made = await p.database.query("select to_regclass('users') is not null as made");
    expect(made).toEqual([{ made: goesOn }]);
  });

  test.each([
    ['yes', 'yes\r', true],
    ['y', 'y\r', false],
    ['YES', 'YES\r', false],
    ['the end of input', '\u0004', false],
  ])('down warns of data loss, asks, and takes %s for an answer', async (_what, keys, goesOn) => {
    const p = await project(['confirm: always']);
    await p.migrate('up', '--yes');
    const { code, screen } = await ask(p, ['down', '--num-steps', '2'], DOWN, keys);
    expect(code).toBe(0);
    expect(screen).toContain(
      `WARNING: This will revert 2 migrations from database ${p.database.name}:\n  4 added_at\n  3 `,
    );
    expect(screen).toContain('WARNING: This operation may result in DATA LOSS');
    expect(screen).toContain(goesOn ? 'Rolled back from version 4 to 2' : 'Cancelled: ');
    expect(await p.recorded()).toEqual([{ version: goesOn ? 2 : 4, dirty: false }]);
  });

  test('does not ask where there is nothing to do, or with --yes, or in a dry run', async () => {
    const { migrate, folder } = await project(['confirm: always']);
    await migrate('up', '--yes');
    for (const args of [['up'], ['down', '1', '--dry-run'], ['up', '--dry-run'], ['down', '1', '--yes']]) {
      const { code, screen } = await rungsOnTerminal(['migrate', ...args, '--config', 'config.yaml'], {
        cwd: folder,
      }).ended;
      expect({ args, code }).toEqual({ args, code: 0 });
      expect(screen).not.toMatch(/Continue\?|Are you sure/);
    }
  });
});

describe('without a terminal', () => {
  test.each([['up'], ['down --num-steps 1'], ['goto 1'], ['redo']])(
    '%s with confirm: always is an error before connecting, unless there is --yes',
    async (words) => {
      const { folder } = await project(['confirm: always']);
      const args = ['migrate', ...words.split(' '), '--config', 'config.yaml'];
      const refused = await rungs([...args, '--json'], { cwd: folder, env: NOWHERE, input: 'yes\n' });
      expect(refused.code).toBe(19);
      const { error } = JSON.parse(refused.stdout);
      expect(error).toMatchObject({ code: 'CONFIG_INVALID', reason: 'confirmation', hint: 'add `--yes`' });
    },
  );

  test('confirm: never lets even all of it be reverted', async () => {
    const { migrate } = await project(['confirm: never']);
    await migrate('up');
    expect(await migrate('down', '--all')).toEqual(done('Rolled back from version 4 to 0'));
  });

  test('by default going up asks nothing, and reverting more than one is an error', async () => {
    const { migrate, recorded } = await project();
    expect(await migrate('up')).toMatchObject({ code: 0 });
    expect(await migrate('down', '--num-steps', '2')).toMatchObject({ code: 19, stdout: '' });
    expect(await recorded()).toEqual([{ version: 4, dirty: false }]);
  });
});

describe('config.yaml', () => {
  test.each(['sslmode', 'sslMode', 'SSLMODE'])(
    'with nothing but `database:` works, %s and all',
    async (key) => {
      const { folder, database, migrate } = await project();
      const lines = sectionOf(database).map((line) => line.replace('sslmode', key));
      writeConfig(folder, lines);
      expect(await migrate('up', '--path', 'database/migrations', '--yes')).toMatchObject({
        code: 0,
        stderr: expect.not.stringContaining('warning'),
      });
    },
  );

  test.each(['require', 'verify-ca', 'verify-full'])(
    'sslmode: %s is not satisfied by plain text',
    async (sslmode) => {
      const { folder, database, migrate } = await project();
      writeConfig(folder, sectionOf(database, { sslmode }));
      const { code, stdout } = await migrate('status', '--path', 'database/migrations');
      const [{ ssl } = {}] = await database.query('show ssl');
      if (ssl === 'off') expect({ code, stdout }).toEqual({ code: 11, stdout: '' });
    },
  );

  test('migrationUser migrates, with its own password; and what it makes is its own', async () => {
    const database = await createDatabase();
    const { folder, migrate } = await project([], database);
    const role = `${database.name}_m`;
    const password = `m'"\\ @:/?#%é\${X}`;
    await database.query(
      `create role ${role} login password '${password.replaceAll("'", "''")}';
       grant create on schema public to ${role}; grant usage on schema public to ${role}`,
    );
    try {
      const more = {
        password: 'not-this-one',
        migrationUser: role,
        migrationPassword: password.replace('$', '$$$$'),
      };
      writeConfig(folder, sectionOf(database, more));
      const ran = await migrate('up', '--path', 'database/migrations', '--yes');
      expect(ran).toMatchObject({ code: 0 });
      expect(await database.query("select tableowner from pg_tables where tablename = 'users'")).toEqual([
        { tableowner: role },
      ]);
      writeConfig(folder, sectionOf(database, { ...more, migrationPassword: '' }));
      const env = { PGPASSWORD: password };
      const status = await rungs(['status', '--config', 'config.yaml', '--path', 'database/migrations'], {
        cwd: folder,
        env,
      });
      expect(status).toMatchObject({ code: 0 });
    } finally {
      await database.query(`drop owned by ${role} cascade; drop role ${role}`);
    }
  });

  test('passwordFile is read beside it, .pgpass is asked without one, and two passwords are refused', async () => {
    const { folder, database, migrate } = await project();
    const password = decodeURIComponent(new URL(database.url).password);
    writeInto(folder, { 'secret/pw': `${password}\n`, pgpass: `*:*:*:*:${password}\n` });
    chmodSync(join(folder, 'pgpass'), 0o600);
    writeConfig(folder, sectionOf(database, { password: '', passwordFile: 'secret/pw' }));
    expect(await migrate('up', '--path', 'database/migrations', '--yes')).toMatchObject({ code: 0 });
    writeConfig(folder, sectionOf(database, { password: '' }));
    const env = { PGPASSFILE: join(folder, 'pgpass') };
    expect(await rungs(['version', '--config', 'config.yaml'], { cwd: folder, env })).toEqual(done('4'));
    writeConfig(folder, sectionOf(database, { password: 'x', passwordFile: 'secret/pw' }));
    const refused = await migrate('status');
    expect(refused.code).toBe(19);
    expect(refused.stderr).toContain('database.passwordFile and a password are both given');
    expect(refused.stderr).toContain('at: config.yaml:8:3');
  });

  test('the environment wins over it: DATABASE_URL, aloud, and ToolHive’s own password', async () => {
    const { folder, database } = await project();
    const password = decodeURIComponent(new URL(database.url).password);
    const args = ['version', '--config', 'config.yaml'];
    writeConfig(folder, sectionOf(database, { password: 'wrong' }));
    const url = await rungs(args, { cwd: folder, env: { DATABASE_URL: database.url } });
    expect(url).toMatchObject(done('0'));
    expect(url.stderr).toContain(
      'warning: DATABASE_URL names the database; what config.yaml:1 says of it is not used',
    );
    const env = { THV_REGISTRY_DATABASE_PASSWORD: password };
    expect(await rungs(args, { cwd: folder, env })).toEqual({ ...done('0'), stderr: '' });
  });

  test('whose password others can read gets a warning; one with a variable for it does not', async () => {
    const { folder, database, migrate } = await project();
    chmodSync(join(folder, 'config.yaml'), 0o644);
    const { stderr } = await migrate('version');
    expect(stderr).toBe(
      'warning: config.yaml: others can read this file, and there is a password in it: `chmod 600 config.yaml`\n',
    );
    writeConfig(folder, sectionOf(database, { password: '$' + '{PW}' }));
    chmodSync(join(folder, 'config.yaml'), 0o644);
    const env = { PW: decodeURIComponent(new URL(database.url).password) };
    expect(await rungs(['version', '--config', 'config.yaml'], { cwd: folder, env })).toEqual({
      ...done('0'),
      stderr: '',
    });
  });

  test('that is missing, or has mistakes, is refused with all of them', async () => {
    const { folder, migrate } = await project();
    writeConfig(folder, ['database:', '  hots: x', 'confirm: somtimes']);
    const { code, stderr } = await migrate('up', '--yes');
    expect(code).toBe(19);
    expect(stderr).toContain('config.yaml:2:3: database.hots is not a known key; did you mean host?');
    expect(stderr).toContain('config.yaml:3:1: confirm is "somtimes"');
    const gone = await rungs(['migrate', 'up', '--config', 'gone.yaml', '--yes'], { cwd: folder });
    expect(gone).toMatchObject({
      code: 19,
      stderr: expect.stringContaining('cannot read "gone.yaml" (ENOENT)'),
    });
  });
});

test('a bundle answers to the same commands, with the same file', async () => {
  const { folder, recorded } = await project(['requireSteps: true']);
  const built = await rungs(['build', '--config', 'config.yaml', '--outfile', 'dist/migrate.mjs'], {
    cwd: folder,
  });
  expect(built).toMatchObject({ code: 0 });
  const bundle = (words: string) => run(join(folder, 'dist/migrate.mjs'), words.split(' '), { cwd: folder });
  expect(await bundle('migrate up --config config.yaml --yes')).toEqual(done('Migrated from version 0 to 4'));
  expect(await bundle('down --config config.yaml --yes')).toMatchObject({ code: 19 });
  expect(await bundle('down --config config.yaml --num-steps 1 --yes')).toMatchObject({ code: 0 });
  expect(await recorded()).toEqual([{ version: 3, dirty: false }]);
  const shown = await bundle('config --config config.yaml');
  expect(shown.stdout).toMatch(/^path +- +the bundle$/m);
});

describe('files made by hand', () => {
  test('with the next number are found; the document’s TIMESTAMPZ is pointed at, with what was meant', async () => {
    const { folder, migrate, recorded } = await project();
    await migrate('up', '--yes');
    const text = readFileSync(join(folder, 'database/migrations/000002_add_user_table.up.sql'), 'utf8');
    const documented = text.replace('users', 'members').replace('TIMESTAMPTZ', 'TIMESTAMPZ');
    writeInto(folder, {
      'database/migrations/000005_members.up.sql': documented,
      'database/migrations/000005_members.down.sql': 'DROP TABLE IF EXISTS members;\n',
    });
    const { code, stderr } = await migrate('up', '--yes');
    expect(code).toBe(12);
    expect(stderr).toContain('error: type "timestampz" does not exist (SQLSTATE 42704)');
    expect(stderr).toContain('at: database/migrations/000005_members.up.sql:4:16');
    expect(stderr).toContain('next: write timestamptz, and run `rungs up` again');
    expect(await recorded()).toEqual([{ version: 4, dirty: false }]);
  });
});

describe('the document’s best practices', () => {
  test('down migrations can be tested: up, all down, up again gives the same schema', async () => {
    const { migrate, database } = await project();
    await migrate('up', '--yes');
    const before = await schemaOf(database);
    expect(await migrate('down', '--num-steps', '0', '--yes')).toMatchObject({ code: 0 });
    expect(await migrate('up', '--yes')).toMatchObject({ code: 0 });
    expect(await schemaOf(database)).toEqual(before);
    expect(await migrate('redo', '--yes')).toMatchObject({ code: 0 });
    expect(await schemaOf(database)).toEqual(before);
  });

  test('an applied migration that is edited is noticed', async () => {
    const { folder, migrate } = await project();
    await migrate('up', '--num-steps', '2', '--yes');
    const path = 'database/migrations/000001_init.up.sql';
    writeInto(folder, { [path]: `${readFileSync(join(folder, path), 'utf8')}\nSELECT 1;\n` });
    const refused = await migrate('up', '--yes', '--json');
    expect(JSON.parse(refused.stdout).error).toMatchObject({
      code: 'MIGRATION_UP_FAILED',
      reason: 'changed',
    });
  });

  test('a migration is a transaction: one that fails leaves nothing, and nothing is dirty', async () => {
    const { folder, migrate, recorded, database } = await project();
    await migrate('up', '--yes');
    writeInto(folder, {
      'database/migrations/000005_half.up.sql': 'CREATE TABLE half (id int);\nCREATE TABLE users (id int);\n',
    });
    expect(await migrate('up', '--yes')).toMatchObject({ code: 12 });
    expect(await recorded()).toEqual([{ version: 4, dirty: false }]);
    expect(await database.query("select to_regclass('half') is null as gone")).toEqual([{ gone: true }]);
  });
});

describe('a dirty database', () => {
  test('is refused, and goes on once the table is repaired by hand, as documented', async () => {
    const { migrate, recorded, database } = await project();
    await migrate('up', '--num-steps', '2', '--yes');
    await database.query('update schema_migrations set version = 3, dirty = true');
    const { code, stderr } = await migrate('up', '--yes');
    expect(code).toBe(12);
    expect(stderr).toContain('Dirty database version 3');
    await database.query('update schema_migrations set version = 2, dirty = false');
    expect(await migrate('up', '--yes')).toEqual(done('Migrated from version 2 to 4'));
    expect(await recorded()).toEqual([{ version: 4, dirty: false }]);
  });
});

test('no password is ever shown, whatever fails, with DEBUG and as JSON', async () => {
  const { folder, database } = await project();
  const password = "pä55'wörd@:/?#[]%";
  const shown: string[] = [];
  const forms = [
    password,
    encodeURIComponent(password),
    JSON.stringify(password).slice(1, -1),
    'pä55',
    'p%C3%A455',
  ];
  const files = [
    sectionOf(database, { password }),
    sectionOf(database, { password, port: '1' }),
    sectionOf(database, { password, port: 'x' }),
    [...sectionOf(database, { password }), '  nonsense: 1'],
    [
      `database: 'postgres://u:${encodeURIComponent(password)}@127.0.0.1:1/d'`,
      'retry: { attempts: 2, delay: 1ms }',
    ],
    [`database: 'postgres://u:${encodeURIComponent(password)}@127.0.0.1:1/d?nonsense=1'`],
    [`database: "host=127.0.0.1 port=1 user=u password='${password.replaceAll("'", "\\\\'")}'"`],
    [`database: [${password}`],
  ];
  for (const lines of files) {
    writeConfig(folder, lines);
    const run = (...args: readonly string[]) =>
      rungs([...args, '--config', 'config.yaml', '--path', 'database/migrations'], {
        cwd: folder,
        env: { DEBUG: '1', LOG_FORMAT: args.includes('--json') ? 'json' : 'text' },
      });
    const runs = await Promise.all([
      run('up'),
      run('status', '--json'),
      run('config'),
      run('config', '--json'),
    ]);
    shown.push(...runs.flatMap(({ stdout, stderr }) => [stdout, stderr]));
  }
  for (const form of forms) expect(shown.filter((text) => text.includes(form))).toEqual([]);
  expect(shown.join('').length).toBeGreaterThan(1000);
});
