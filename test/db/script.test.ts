/** One file with the whole schema, and the table that says that it has run. */

import { join } from 'node:path';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { currentVersion, migrateOnStart, status, up, verify } from '../../src/index.ts';
import { type CliResult, rungs } from '../support/cli.ts';
import { createDatabase, type Database } from '../support/database.ts';
import { documentOf, errorOf } from '../support/documents.ts';
import { failureOf } from '../support/failure.ts';
import { folderOf, writeInto } from '../support/folder.ts';

interface Place {
  readonly database: Database;
  readonly folder: string;
  readonly write: (script: string) => void;
  /** Words of the command line; the script is `init-db.sql` there. */
  readonly rungs: (words: string) => Promise<CliResult>;
  readonly tables: () => Promise<string>;
}

async function place(script: string, config = ''): Promise<Place> {
  const database = await createDatabase();
  const folder = folderOf({ 'init-db.sql': script, 'rungs.yaml': `path: init-db.sql\n${config}` });
  return {
    database,
    folder,
    write: (text) => writeInto(folder, { 'init-db.sql': text }),
    rungs: (words) => rungs(words.split(' '), { cwd: folder, env: { DATABASE_URL: database.url } }),
    tables: async () => {
      const rows = await database.query(
        `select oid::regclass::text as name from pg_class where relkind = 'r' and relnamespace::regnamespace::text
         !~ '^(pg_|information_schema)' and relname !~ '^schema_migrations' order by 1`,
      );
      return rows.map((r) => r.name).join(' ');
    },
  };
}

const USERS = 'create table users (id int);\n';

describe('the sentinel', () => {
  it('may have another name, and a schema', async () => {
    const { rungs, tables, write } = await place(
      'create schema app; create table app.members (id int);',
      'sentinel: app.members',
    );
    expect((await rungs('up')).code).toBe(0);
    write('create table never (id int);');
    expect((await rungs('up')).stdout).toBe('Nothing to do\n');
    expect(await tables()).toBe('app.members');
  });

  it('is looked for in the search_path, where the script makes it, and not in schemas beside it', async () => {
    const { rungs, database, tables } = await place(USERS);
    await database.query('create schema auth; create table auth.users (id int)');
    expect((await rungs('up')).code).toBe(0);
    expect(await tables()).toBe('auth.users users');
  });

  it('may be a view, and is no index or sequence', async () => {
    const { rungs, database } = await place(`${USERS}create table other (id int);`);
    await database.query('create sequence users');
    expect((await rungs('status')).stdout).toContain('NOT INITIALIZED');
    await database.query('drop sequence users; create view users as select 1 as id');
    expect((await rungs('up')).stdout).toBe('Nothing to do\n');
  });

  it('that the script does not make is an error, and nothing of the script stays', async () => {
    const { rungs, tables } = await place('create table accounts (id int);');
    const result = await rungs('up');
    expect(result.code).toBe(12);
    expect(result.stderr).toContain(
      'error: the script has run, and there is no table users (SQLSTATE RG002)',
    );
    expect(result.stderr).toContain('`sentinel: users` or `sentinel: app.users`, in rungs.yaml');
    expect(await tables()).toBe('');
  });

  it('is looked for as the next start will, whatever search_path the script has set', async () => {
    const script = `create schema app; set search_path = app; ${USERS}`;
    const { rungs, tables } = await place(script);
    expect(errorOf(await rungs('up --json')).reason).toBe('sentinel');
    const named = await place(script, 'sentinel: app.users');
    expect((await named.rungs('up')).code).toBe(0);
    expect([await tables(), await named.tables()]).toEqual(['', 'app.users']);
  });

  it('that is missing from a database of versioned migrations is no reason to run the script', async () => {
    const { rungs, database, tables } = await place(`${USERS}create table other (id int);`);
    await database.query(
      'create table schema_migrations (version bigint not null primary key, dirty boolean not null)',
    );
    const result = await rungs('up');
    expect(result.code).toBe(11);
    expect(result.stderr).toContain(
      'public.schema_migrations is golang-migrate’s version table: this database is migrated by versioned files',
    );
    await database.query(USERS);
    expect((await rungs('up')).stdout).toBe('Nothing to do\n');
    expect(await tables()).toBe('users');
  });
});

describe('a script', () => {
  it('is run once by twenty that start at the same time', async () => {
    const { database, folder } = await place(`${USERS}insert into users values (1); select pg_sleep(0.3);`);
    const migrations = join(folder, 'init-db.sql');
    const reports = await Promise.all(
      Array.from({ length: 20 }, () => migrateOnStart({ url: database.url, migrations })),
    );
    expect(reports.flatMap((r) => r?.applied)).toHaveLength(1);
    expect(await database.query('select count(*)::int as n from users')).toEqual([{ n: 1 }]);
  });

  it('is run on a lent client, which is given back as it was', async () => {
    const { database, folder } = await place(`${USERS}set lock_timeout = 3000;`);
    const client = new pg.Client(database.url);
    await client.connect();
    await client.query(
      'create schema tenant; set search_path = tenant; create temporary table users (id int)',
    );
    const migrations = join(folder, 'init-db.sql');
    expect(await migrateOnStart({ client, migrations, sentinel: 'tenant.users' })).toMatchObject({
      pending: [],
    });
    const after = await client.query(
      `select current_setting('search_path') as path, current_setting('lock_timeout') as lock`,
    );
    expect(after.rows).toEqual([{ path: 'tenant', lock: '0' }]);
    await client.end();
  });

  it('is shown by a dry run, which runs nothing', async () => {
    const { rungs, tables } = await place(USERS);
    expect(await rungs('up --dry-run')).toMatchObject({
      code: 0,
      stdout: 'Dry run - this script would be run:\n  - init-db.sql\n',
    });
    expect(await tables()).toBe('');
  });

  it('that was edited since is not run again, which is a warning and in status', async () => {
    const { rungs, write, tables } = await place(USERS);
    await rungs('up');
    write(`${USERS}create table tokens (id int);`);
    const again = await rungs('up');
    expect(again.stderr).toContain(
      'warning: init-db.sql: it was edited since it was run here, and is not run again; make versioned migrations of it: `rungs create --from-script init-db.sql`\n',
    );
    expect(again.stdout).toBe('Nothing to do\n');
    expect((await rungs('status')).stdout).toContain('Needs attention: the script was edited since');
    expect((await rungs('up --accept-changed')).stderr).not.toContain('warning');
    expect((await rungs('up')).stderr).not.toContain('warning');
    expect(await tables()).toBe('users');
  });

  it('that has run is left alone by a role that may create nothing', async () => {
    const { database, folder } = await place(USERS);
    await database.query(USERS);
    const at = { database: database.url, role: 'pg_monitor', migrations: join(folder, 'init-db.sql') };
    await database.query('revoke create on schema public from public');
    expect(await up(at)).toMatchObject({ applied: [], pending: [] });
    expect((await verify(at)).filter((c) => c.state === 'failed')).toEqual([]);
  });

  it('may leave no table of the layouts with versions', async () => {
    const { rungs, database } = await place(USERS);
    await rungs('up');
    expect(await database.query(`select to_regclass('schema_migrations') as ledger`)).toEqual([
      { ledger: null },
    ]);
  });
});

describe('which layout it is', () => {
  it('is a script where the path is a file, or a folder whose only SQL file is init-db.sql', async () => {
    const { url } = await createDatabase();
    const folder = folderOf({ 'init-db.sql': USERS, 'seed.sh': '' });
    expect((await status({ database: url, migrations: folder })).layout).toBe('script');
    const other = folderOf({ 'schema.sql': USERS });
    expect((await status({ database: url, migrations: join(other, 'schema.sql') })).layout).toBe('script');
    writeInto(folder, { '1_a.up.sql': '' });
    expect((await status({ database: url, migrations: folder })).layout).toBe('pairs');
    const asked = await status({ database: url, migrations: folder, layout: 'script' });
    expect(asked.migrations.map((m) => m.path)).toEqual([join(folder, 'init-db.sql')]);
  });

  it('is no script where the file is a migration’s or no SQL, unless the setting says so', async () => {
    const { url } = await createDatabase();
    const folder = folderOf({ '1_a.up.sql': USERS, README: USERS });
    for (const name of ['1_a.up.sql', 'README']) {
      const at = { database: url, migrations: join(folder, name) };
      expect((await failureOf(status(at))).message).toContain('not a directory');
      expect((await status({ ...at, layout: 'script' })).counts.pending).toBe(1);
    }
  });

  it('is an error where a file is said to be a folder, or a folder has no script', async () => {
    const { url } = await createDatabase();
    const folder = folderOf({ 'schema.sql': USERS });
    const at = { database: url, migrations: join(folder, 'schema.sql') };
    expect(await failureOf(up({ ...at, layout: 'pairs' }))).toMatchObject({ reason: 'layout' });
    expect(await failureOf(up({ ...at, migrations: folder, layout: 'script' }))).toMatchObject({
      reason: 'no_migrations',
      message: `there is no init-db.sql in ${folder}`,
    });
  });
});

describe('what needs versions is refused, with the way to them', () => {
  it.each(['down', 'redo', 'goto 1', 'up --to 1', 'force 1', 'version'])('%s', async (words) => {
    const { rungs, database } = await place(USERS);
    await database.query(USERS);
    const result = await rungs(words);
    expect(result.code).toBeGreaterThan(9);
    expect(result.stderr).toMatch(/error: a script has no (versions|way back)/);
    expect(result.stderr).toMatch(
      /next: make versioned migrations of it: `rungs create --from-script (init-db\.sql|PATH)`\n$/,
    );
    expect(result.stderr).not.toContain('Initializing');
  });

  it('create, of a next one', async () => {
    const { rungs } = await place(USERS);
    const result = await rungs('create add_projects');
    expect(result.code).toBe(10);
    expect(result.stderr).toContain('error: a script has no next migration (init-db.sql)\n');
    expect(result.stderr).toContain('`rungs create --from-script PATH`');
  });

  it('rollback', async () => {
    const { rungs } = await place(USERS);
    await rungs('up');
    expect((await rungs('rollback')).stderr).toContain(
      'only a half-done run can be forgotten, and there is none',
    );
  });

  it('currentVersion, where it is told of the script', async () => {
    const { database, folder } = await place(USERS);
    const at = { database: database.url };
    expect(await currentVersion(at)).toEqual({ version: null, dirty: false });
    expect(await failureOf(currentVersion({ ...at, migrations: join(folder, 'init-db.sql') }))).toMatchObject(
      { reason: 'layout' },
    );
  });
});

describe('status and verify', () => {
  it('say whether the sentinel is there', async () => {
    const { rungs } = await place(USERS);
    expect((await rungs('status')).stdout).toBe(
      'Script: init-db.sql\nStatus: NOT INITIALIZED, there is no table users; `rungs up` runs the script\n',
    );
    expect((await rungs('verify')).stdout).toContain('none; the table users is not there yet\n');
    await rungs('up');
    expect((await rungs('status')).stdout).toMatch(
      /^Script: init-db\.sql\nStatus: initialized \(\d{4}-.* UTC\), the table users is there\n$/,
    );
    expect((await rungs('verify')).stdout).toContain('none; the table users is there\n');
  });

  it('are documents too', async () => {
    const { rungs } = await place(USERS);
    expect(documentOf(await rungs('up --json'))).toMatchObject({
      applied: [{ id: 'init-db.sql', version: '1', name: '', mode: 'atomic' }],
      pending: [],
    });
    expect(documentOf(await rungs('status --json'))).toMatchObject({
      version: null,
      migrations: [{ id: 'init-db.sql', state: 'applied' }],
    });
    expect(documentOf(await rungs('verify --json'))).toMatchObject({ error: null });
  });

  it('do without a time where another tool has run it', async () => {
    const { rungs, database } = await place(USERS);
    await database.query(USERS);
    expect((await rungs('status')).stdout).toContain('Status: initialized, the table users is there\n');
  });
});

describe('a script that cannot be one transaction', () => {
  const INDEX = 'create index concurrently users_id on users (id);\n';

  it.each([
    ['CREATE INDEX CONCURRENTLY at line 2 cannot', 'no-transaction', `${USERS}${INDEX}`],
    ['this one has its own BEGIN at line 1', 'plain', `begin;\n${USERS}commit;\nselect 1;`],
  ])('is refused before anything is run: %s', async (why, word, script) => {
    const { rungs, tables } = await place(script);
    const result = await rungs('up');
    expect(result.code).toBe(10);
    expect(result.stderr).toContain(`a script runs in one transaction, and ${why}`);
    expect(result.stderr).toContain(`-- rungs: ${word}`);
    expect(await tables()).toBe('');
  });

  it('is not one with BEGIN and COMMIT around the whole: a failure leaves nothing of it', async () => {
    const { rungs, write, tables } = await place(`begin;\n${USERS}select 1/0;\ncommit;`);
    expect((await rungs('up')).stderr).toContain('init-db.sql:3:');
    expect(await tables()).toBe('');
    write(`begin;\n${USERS}commit;`);
    expect((await rungs('up')).stdout).toBe('Database initialized: init-db.sql\n');
  });

  it('goes on where it failed if its head allows it: the sentinel alone does not make it done', async () => {
    const { rungs, database, write, tables } = await place(
      `-- rungs: no-transaction\n${USERS}${INDEX}select 1/0;`,
    );
    const failed = await rungs('up');
    expect(failed.code).toBe(12);
    expect(failed.stderr).toContain('init-db.sql:4:');
    expect(await tables()).toBe('users');
    expect((await rungs('status')).stdout).toBe(
      'Script: init-db.sql\nStatus: HALF DONE: 2 statements; `rungs up` goes on\n',
    );
    write(`-- rungs: no-transaction\n${USERS}${INDEX}create table sessions (id int);`);
    expect((await rungs('up')).stdout).toBe('Database initialized: init-db.sql\n');
    expect(await tables()).toBe('sessions users');
    expect((await rungs('up')).stdout).toBe('Nothing to do\n');
    expect(await database.query('select count(*)::int as n from pg_index where not indisvalid')).toEqual([
      { n: 0 },
    ]);
  });

  it('with its own COMMIT is refused once it is half done, until somebody has looked', async () => {
    const { rungs, write, tables, database } = await place(
      `-- rungs: plain\nbegin;\n${USERS}commit;\nselect 1/0;`,
    );
    expect((await rungs('up')).stderr).toContain('then `rungs rollback`');
    expect(await tables()).toBe('users');
    write(`-- rungs: plain\nbegin;\n${USERS}commit;`);
    const refused = await rungs('up');
    expect(refused.code).toBe(12);
    expect(refused.stderr).toContain('error: init-db.sql is half done\n');
    await database.query('drop table users');
    expect((await rungs('rollback')).stdout).toContain('init-db.sql');
    expect((await rungs('up')).stdout).toBe('Database initialized: init-db.sql\n');
  });

  it('that is done and did not make its sentinel goes on once the right one is named', async () => {
    const { rungs, folder } = await place('-- rungs: no-transaction\ncreate table accounts (id int);');
    expect(errorOf(await rungs('up --json')).reason).toBe('sentinel');
    writeInto(folder, { 'rungs.yaml': 'path: init-db.sql\nsentinel: accounts\n' });
    expect((await rungs('up')).stdout).toBe('Database initialized: init-db.sql\n');
  });
});
