/** `create --from-script`: from one script to versioned migrations, on databases old and new. */

import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type CliResult, rungs } from '../support/cli.ts';
import { createDatabase, type Database } from '../support/database.ts';
import { documentOf } from '../support/documents.ts';
import { folderOf, writeInto } from '../support/folder.ts';

const MUSE = resolve(import.meta.dirname, '../fixtures/muse');
const SCRIPT = 'scripts/init-db.sql';

interface Place {
  readonly folder: string;
  readonly database: Database;
  readonly rungs: (words: string, env?: Readonly<Record<string, string>>) => Promise<CliResult>;
  readonly read: (path: string) => string;
}

async function muse(script?: string, config = ''): Promise<Place> {
  const database = await createDatabase();
  const folder = folderOf({ 'rungs.yaml': config });
  cpSync(MUSE, folder, { recursive: true });
  if (script !== undefined) writeInto(folder, { [SCRIPT]: script });
  const env = { DATABASE_URL: database.url };
  return {
    folder,
    database,
    rungs: (words, more) => rungs(words.split(' '), { cwd: folder, env: { ...env, ...more } }),
    read: (path) => readFileSync(join(folder, path), 'utf8'),
  };
}

const FILES = 'migrations/000001_init.up.sql\nmigrations/000001_init.down.sql\n';
const CREATE = `create --from-script ${SCRIPT}`;

describe('the files', () => {
  it('are the script as it is, to the byte, and its way back', async () => {
    const { rungs, read } = await muse('\uFEFFcreate table users (id int);\r\n');
    expect(await rungs(CREATE, { DATABASE_URL: '' })).toEqual({ code: 0, stdout: FILES, stderr: '' });
    expect(read('migrations/000001_init.up.sql')).toBe('\uFEFFcreate table users (id int);\r\n');
    expect(read('migrations/000001_init.down.sql')).toBe(
      `-- Made of ${SCRIPT}: read it before you need it.\n\ndrop table if exists "users";\n`,
    );
  });

  it('apply, revert to nothing and apply again', async () => {
    const { rungs, database } = await muse();
    const result = await rungs(CREATE);
    expect(result.stderr).toBe('the database has no table users: version 1 is to be applied to it\n');
    expect((await rungs('up')).stdout).toBe('Migrated from version 0 to 1\n');
    expect((await rungs('down')).code).toBe(0);
    const left = await database.query(
      `select relname from pg_class where relnamespace = 'public'::regnamespace and relname !~ '^schema_mig'
       union all select proname from pg_proc p where pronamespace = 'public'::regnamespace
       and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')`,
    );
    expect(left).toEqual([]);
    expect((await rungs('redo')).code).toBe(0);
    expect((await rungs('up')).code).toBe(0);
  });

  it('say what is to be written by hand, and revert nothing until it is', async () => {
    const { rungs, read, database } = await muse(
      'create table users (id int);\ndo $$ begin perform 1; end $$;',
    );
    const result = await rungs(CREATE);
    expect(result.stderr).toContain(
      'warning: migrations/000001_init.down.sql: the down file is to be completed: its comments say what is missing\n',
    );
    expect(read('migrations/000001_init.down.sql')).toContain('--   line 2: do $$ begin perform 1; end $$\n');
    await rungs('up');
    expect((await rungs('down')).stderr).toContain('error: the down file is to be completed');
    expect(await database.query('select * from users')).toEqual([]);
  });

  it('are never written over', async () => {
    const { rungs, folder } = await muse();
    writeInto(folder, { 'migrations/7_x.up.sql': 'select 1' });
    const result = await rungs(CREATE);
    expect(result.code).toBe(10);
    expect(result.stderr).toContain('migrations has 7_x.up.sql already');
    expect(readdirSync(join(folder, 'migrations'))).toEqual(['7_x.up.sql']);
    expect((await rungs(`${CREATE} --path db/steps`)).stdout).toContain('db/steps/000001_init.up.sql\n');
  });

  it('are not made of a script that is not there or is no SQL, and not with a name', async () => {
    const { rungs, folder } = await muse('create table users (id int);\ncreate tabel;');
    expect((await rungs('create --from-script none.sql')).stderr).toContain('none.sql: no such file');
    expect((await rungs(CREATE)).stderr).toContain(`at: ${SCRIPT}:2:8`);
    expect((await rungs(`${CREATE} name`)).code).toBe(19);
    expect(existsSync(join(folder, 'migrations'))).toBe(false);
  });
});

describe('a database that the script has initialized', () => {
  it('is not touched, and the command that marks it is named', async () => {
    const { rungs, database } = await muse();
    await rungs(`up --path ${SCRIPT}`);
    const result = await rungs(CREATE);
    expect(result).toEqual({
      code: 0,
      stdout: FILES,
      stderr: 'the database has the table users: `rungs force 1` marks it as having version 1\n',
    });
    expect(await database.query(`select to_regclass('schema_migrations') as t`)).toEqual([{ t: null }]);
    expect((await rungs('force 1')).stdout).toBe('Version forced successfully: 0 to 1\n');
    expect((await rungs('up')).stdout).toBe('Already at latest version: 1\n');
  });

  it('is marked with --yes, by whichever tool it was made; the journal says so', async () => {
    const { rungs, database, read } = await muse();
    await database.query(read(SCRIPT));
    const document = documentOf(await rungs(`${CREATE} --yes --json`));
    expect(document).toMatchObject({ command: 'create', marked: '1', warnings: [] });
    expect((await rungs('status')).stdout).toContain('Current version: 1\nStatus: OK\n');
    expect(await database.query('select kind, version::int, name from schema_migrations_history')).toEqual([
      { kind: 'forced', version: 1, name: 'init' },
    ]);
  });

  it('is left alone by old replicas that still start with the script', async () => {
    const { rungs } = await muse();
    await rungs(`up --path ${SCRIPT}`);
    await rungs(`${CREATE} --yes`);
    expect((await rungs(`up --path ${SCRIPT}`)).stdout).toBe('Nothing to do\n');
  });

  it('is not marked twice, nor where it has half of the script', async () => {
    const twice = await muse(undefined, 'layout: script\n');
    await twice.rungs('up');
    const first = await twice.rungs(`${CREATE} --yes`);
    expect(first.stderr).toBe(
      'from here on: set the path to migrations (rungs.yaml, MIGRATION_PATH), and take `layout: script` out of rungs.yaml\n',
    );
    expect((await twice.rungs(`${CREATE} --path again --yes`)).stderr).toContain('at version 1 already\n');
    const half = await muse('-- rungs: no-transaction\ncreate table users (id int);\nselect 1/0;');
    await half.rungs(`up --path ${SCRIPT}`);
    const result = await half.rungs(`${CREATE} --yes`);
    expect(result.stderr).toContain('the database has half of the script');
    expect(result.stdout).not.toContain('marked');
  });

  it('that cannot be reached is a warning, or an error before anything is written where it was to be marked', async () => {
    const { rungs, folder } = await muse();
    const env = { DATABASE_URL: 'postgres://x@127.0.0.1:1/x?sslmode=disable' };
    expect((await rungs(`${CREATE} --yes`, env)).code).toBe(11);
    expect(existsSync(join(folder, 'migrations'))).toBe(false);
    const result = await rungs(CREATE, env);
    expect(result).toMatchObject({ code: 0, stdout: FILES });
    expect(result.stderr).toContain('warning: the database was not looked at: ');
  });
});

describe('the two files of a pair', () => {
  it('are made together or not at all', async () => {
    // As wide as the numbers there: the up file's name has the 255 bytes that a name may have, and the down file's two more.
    const width = 48;
    const there = `${'1'.padStart(width, '0')}_a.up.sql`;
    const folder = folderOf({ [`migrations/${there}`]: '' });
    const title = 'x'.repeat(199);
    const { code, stderr } = await rungs(['create', title], { cwd: folder });
    expect(code).toBe(10);
    expect(stderr).toContain(`${'2'.padStart(width, '0')}_${title}.up.sql was taken back`);
    expect(readdirSync(join(folder, 'migrations'))).toEqual([there]);
  });
});
