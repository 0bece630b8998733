// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is what migration files have for placeholders
/** Values for `${name}` in migration files, as a project gives them. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { baseline, down, type Event, status, up, verify } from '../../src/index.ts';
import { checksum } from '../../src/sql/checksum.ts';
import { createDatabase } from '../support/database.ts';
import { errorOf } from '../support/documents.ts';
import { failureOf } from '../support/failure.ts';
import { folderOf, writeInto } from '../support/folder.ts';
import { lines, told, workplace } from '../support/workplace.ts';

const MAKES = 'create schema ${schema};\ncreate table ${schema}.t (note text);\n';

async function place(files: Readonly<Record<string, string>>, config = 'placeholders:\n  schema: app\n') {
  const at = await workplace(files);
  writeInto(at.folder, { 'rungs.yaml': config });
  return at;
}

describe('values', () => {
  it('come from rungs.yaml, and each from the environment, which wins', async () => {
    const text = `${MAKES}insert into \${schema}.t values ('\${region}'), ('\${zone}');`;
    const { rungs, database } = await place(
      { '1_a.up.sql': text },
      'placeholders:\n  schema: app\n  region: ${REGION}\n  zone: a\n',
    );
    expect(await rungs('up', { env: { REGION: 'eu', RUNGS_PLACEHOLDER_zone: 'b' } })).toMatchObject({
      code: 0,
    });
    expect(await database.query('select note from app.t order by 1')).toEqual([
      { note: 'b' },
      { note: 'eu' },
    ]);
  });

  it('come from the environment alone, or from .env', async () => {
    const { rungs, folder, tables } = await workplace({
      '1_a.up.sql': MAKES,
      '2_b.up.sql': 'create table ${t} ()',
    });
    writeInto(folder, { '.env': 'RUNGS_PLACEHOLDER_t=made\n' });
    expect((await rungs('up', { env: { RUNGS_PLACEHOLDER_schema: 'app' } })).code).toBe(0);
    expect(await tables()).toEqual(['made', 't']);
  });

  it('are shown by config with where they come from, but for those with a variable in them', async () => {
    const { rungs } = await place({}, 'placeholders:\n  schema: app\n  pw: x${PW}\n');
    const { stdout } = await rungs('config', { env: { PW: 'geheim', RUNGS_PLACEHOLDER_other: 'geheim' } });
    expect(stdout).toMatch(/placeholders\.schema +app +rungs\.yaml:2\n/);
    expect(stdout).toMatch(/placeholders\.pw +\*\*\* +rungs\.yaml:3\n/);
    expect(stdout).toMatch(/placeholders\.other +\*\*\* +RUNGS_PLACEHOLDER_other\n/);
    expect(stdout).not.toContain('geheim');
  });

  it('must have names that a placeholder can have, and be texts', async () => {
    const { rungs } = await place({}, 'placeholders:\n  my-schema: app\n  list: [a]\n');
    const { details } = errorOf(await rungs('up --json', { env: { 'RUNGS_PLACEHOLDER_a.b': 'x' } }));
    expect(details).toEqual([
      'rungs.yaml:2:3: placeholders.my-schema is no name: one has letters, digits and _, and begins with no digit',
      'rungs.yaml:3:3: placeholders.list is a list: it cannot be used',
      'RUNGS_PLACEHOLDER_a.b is no name: one has letters, digits and _, and begins with no digit',
    ]);
  });

  it('are given to the library as they are', async () => {
    const { url, query } = await createDatabase();
    const migrations = folderOf({ '1_a.up.sql': MAKES, '1_a.down.sql': 'drop schema ${schema} cascade' });
    const at = { database: url, migrations, placeholders: { schema: 'two' } };
    await up(at);
    expect(await query("select to_regclass('two.t')::text as t")).toEqual([{ t: 'two.t' }]);
    await down(at);
    expect(await query("select to_regclass('two.t')::text as t")).toEqual([{ t: null }]);
  });
});

describe('without the setting', () => {
  it('`${` means nothing, and runs byte for byte', async () => {
    const { rungs, database } = await workplace({
      '1_a.up.sql': "create table t as select '${HOME:-x} ${schema} ${:y} ${'::text as a, $${1}$$::text as b",
    });
    expect((await rungs('up')).code).toBe(0);
    expect(await database.query('select * from t')).toEqual([
      { a: '${HOME:-x} ${schema} ${:y} ${', b: '{1}' },
    ]);
  });

  it('a placeholder among SQL is a syntax error that names the setting', async () => {
    const { rungs } = await workplace({ '1_a.up.sql': '-- rungs: atomic\nselect ${a}' });
    expect(errorOf(await rungs('up --json')).message).toContain('syntax error at or near "$"');
  });
});

describe('a placeholder without a value', () => {
  it('is an error with its place, and so are all others in what is pending; nothing is run', async () => {
    const { rungs, tables } = await place({
      '1_a.up.sql': MAKES,
      '2_b.up.sql': 'select 1;\n  select ${schem};\nselect ${}',
      '3_c.up.sql': "select '${c}'",
    });
    expect(told(await rungs('up'))).toBe(
      lines(
        'MIGRATION_SOURCE_FAILED: the migration files cannot be used',
        '  operation: read the migration files',
        '  error: the placeholder ${schem} has no value; did you mean ${schema}?',
        '  also: migrations/2_b.up.sql:3:8: a placeholder has no name; for `${` itself write `${:`',
        '  also: migrations/3_c.up.sql:1:9: the placeholder ${c} has no value',
        '  at: migrations/2_b.up.sql:2:10',
        '      2 |   select ${schem};',
        '        |          ^',
        '  next: give it a value, under `placeholders` in rungs.yaml or as RUNGS_PLACEHOLDER_NAME in the environment (docs/placeholders.md)',
      ),
    );
    expect(await tables()).toEqual([]);
    expect(errorOf(await rungs('up --dry-run --json'))).toMatchObject({
      reason: 'placeholder',
      line: 2,
      column: 10,
    });
    expect((await rungs('verify')).stdout).toContain(
      'FAILED   pending files  the placeholder ${schem} has no value',
    );
  });

  it('is none of anybody’s business in a file that is applied', async () => {
    const { rungs, folder, write } = await place({ '1_a.up.sql': MAKES });
    await rungs('up');
    writeInto(folder, { 'rungs.yaml': 'placeholders: {}\n' });
    write({ '2_b.up.sql': 'select 1' });
    expect((await rungs('up')).code).toBe(0);
    expect((await rungs('status')).stdout).not.toContain('Needs attention');
  });
});

describe('the checksum', () => {
  it('is of the file as written, so other values are no edit', async () => {
    const { rungs, folder, database } = await place({ '1_a.up.sql': MAKES });
    await rungs('up');
    expect(await database.query('select checksum from schema_migrations_history')).toEqual([
      { checksum: checksum(MAKES) },
    ]);
    writeInto(folder, { 'rungs.yaml': 'placeholders:\n  schema: other\n' });
    expect(await rungs('up')).toMatchObject({ code: 0, stdout: 'Already at latest version: 1\n' });
    writeInto(folder, { 'rungs.yaml': '' });
    expect(await rungs('up')).toMatchObject({ code: 0, stdout: 'Already at latest version: 1\n' });
  });

  it('so is FluxStudio’s', async () => {
    const { rungs, database } = await place({
      '001_a.sql': `${MAKES}-- rungs: down\ndrop schema \${schema} cascade;\n`,
    });
    expect((await rungs('up')).code).toBe(0);
    expect((await rungs('status')).stdout).not.toContain('hecksum');
    expect(await database.query("select to_regclass('app.t')::text as t")).toEqual([{ t: 'app.t' }]);
    expect((await rungs('down')).code).toBe(0);
    expect(await database.query("select to_regclass('app.t')::text as t")).toEqual([{ t: null }]);
  });
});

describe('the server’s error', () => {
  it('is told at its place in the file as written', async () => {
    const { rungs } = await place(
      { '1_a.up.sql': "select '${lines}',\n  'é${schema}', nope\n  from ${schema};" },
      'placeholders:\n  schema: pg_class\n  lines: "a\\nb\\nc"\n',
    );
    const result = await rungs('up');
    expect(result.stderr).toContain('at: migrations/1_a.up.sql:2:17\n');
    expect(result.stderr).toContain("2 |   'é${schema}', nope\n");
  });

  it('in a value is told at its placeholder, in every mode', async () => {
    for (const mode of ['atomic', 'no-transaction', 'plain']) {
      const text = `-- rungs: ${mode}\nselect '\${lines}';\nselect 1 from \${schema}.nothing;`;
      const { rungs } = await place(
        { '1_a.up.sql': text },
        'placeholders:\n  schema: app\n  lines: "a\\nb"\n',
      );
      expect(errorOf(await rungs('up --json'))).toMatchObject({ sqlstate: '42P01', line: 3, column: 15 });
    }
  });

  it('without a position is told at its statement', async () => {
    const { rungs } = await place(
      { '1_a.up.sql': "select '${lines}';\n\n select 1 / ${zero};" },
      'placeholders:\n  zero: 0\n  lines: "a\\nb\\nc"\n',
    );
    expect(errorOf(await rungs('up --json'))).toMatchObject({ sqlstate: '22012', line: 3, column: 2 });
  });

  it('behind a COPY is told at its line, and the rows are as they are', async () => {
    const { rungs, database } = await place({
      '1_a.up.sql': `${MAKES}copy \${schema}.t from stdin;\n\${schema}\n\\.\n`,
      '2_b.up.sql': 'copy ${schema}.t from stdin;\n${x}\n\\.\nselect ${schema};\n',
    });
    expect(errorOf(await rungs('up --json'))).toMatchObject({ sqlstate: '42703', line: 4, column: 8 });
    expect(await database.query('select note from app.t')).toEqual([{ note: '${schema}' }]);
  });

  it('of a large file’s SQL is told so too', async () => {
    const rows = `${'${schema}'.repeat(1000)}\n`.repeat(500);
    const { rungs, database, write } = await place({
      '1_a.up.sql': `${MAKES}copy \${schema}.t from stdin;\n${rows}\\.\n`,
      '2_b.up.sql': `copy \${schema}.t from stdin;\n${rows}\\.\nselect \${schema};`,
    });
    expect(errorOf(await rungs('up --json'))).toMatchObject({ sqlstate: '42703', line: 503, column: 8 });
    expect(await database.query('select count(*)::int as n, min(length(note)) as l from app.t')).toEqual([
      { n: 500, l: 9000 },
    ]);
    write({ '2_b.up.sql': '' });
  });
});

describe('a value from the environment', () => {
  const env = { RUNGS_PLACEHOLDER_pw: 'ge;heim', DEBUG: '1' };
  const config = 'placeholders: {}\n';

  it('is in nothing that is printed, whatever the server repeats', async () => {
    const { rungs } = await place(
      {
        '1_a.up.sql':
          "do $$ begin raise notice '${pw}'; raise exception '${pw}' using detail = '${pw}', hint = '${pw}'; end $$;",
      },
      config,
    );
    const results = [
      await rungs('up', { env }),
      await rungs('up --json', { env: { ...env, LOG_FORMAT: 'json' } }),
    ];
    for (const { stdout, stderr } of results) expect(stdout + stderr).not.toContain('heim');
    expect(results[0]?.stderr).toContain('NOTICE: ${pw}\n');
    expect(results[0]?.stderr).toContain('error: ${pw} (SQLSTATE P0001)');
  });

  it('nor in a form that the server gives it', async () => {
    const secret = "It''s-A-Secret-Of-Some-Length-That-Is-Cut-By-The-Server-After-Sixty-Four-Bytes-Of-It";
    const { rungs, write } = await place({ '1_a.up.sql': '' }, config);
    for (const sql of [
      "select '${pw}'::int",
      "select E'\\\\${pw}\\n'::int",
      "create temp table t (a text check (a = '')); insert into t values ('${pw}')",
      "create temp table t (a text not null, b text); insert into t (b) select '-' || '${pw}'",
      'create role "${pw}" in role nobody_there',
      'drop table "${pw}"',
      "create temp table t (a text unique); insert into t values ('${pw}'), ('${pw}')",
    ]) {
      write({ '1_a.up.sql': sql });
      const { code, stdout, stderr } = await rungs('up', { env: { ...env, RUNGS_PLACEHOLDER_pw: secret } });
      expect(code, sql).toBe(12);
      expect(stdout + stderr, sql).not.toMatch(/a-secret/i);
    }
    write({ '1_a.up.sql': 'drop table ${pw}' });
    const lowered = await rungs('up', { env: { ...env, RUNGS_PLACEHOLDER_pw: 'GeHeim' } });
    expect(lowered.stderr).toContain('error: table "${pw}" does not exist');
  });

  it('nor where the grammar quotes a part of it', async () => {
    const { rungs } = await place({ '1_a.up.sql': 'select ${pw}' }, config);
    const result = await rungs('up', { env: { ...env, RUNGS_PLACEHOLDER_pw: "geheim) '" } });
    expect(result.stderr).toContain('at: migrations/1_a.up.sql:1:8');
    expect(result.stderr).not.toContain('geheim');
    expect(result.stderr).toContain(
      "next: the value of ${pw} breaks the SQL here (double a ' in it, for one); correct the value, and run",
    );
  });

  it('is to be corrected where it is what the server points at', async () => {
    const { rungs, write } = await place({ '1_a.up.sql': 'select 1 from ${pw}' }, config);
    const missing = await rungs('up', { env: { ...env, RUNGS_PLACEHOLDER_pw: 'geheim' } });
    expect(missing.stderr).toContain(
      'next: correct the value of ${pw}, or the file, and run `rungs up` again',
    );
    write({ '1_a.up.sql': "do '${pw}'" });
    const { stderr } = await rungs('up', { env: { ...env, RUNGS_PLACEHOLDER_pw: 'not plpgsql' } });
    expect(stderr).toContain('next: the value of ${pw} breaks the SQL here');
  });

  it('nor in FluxStudio’s record of a failure', async () => {
    const { rungs, database } = await place({ '001_a.sql': "do $$ begin raise '${pw}'; end $$" }, config);
    await rungs('up', { env });
    const [row] = await database.query('select error from schema_migrations_history');
    expect(row?.error).toContain('${pw}');
    expect(row?.error).not.toContain('heim');
  });

  const SAYS =
    "do $$ begin raise notice '${pw}'; raise exception '${pw}' using detail = '${pw}', hint = '${pw}'; end $$;";

  it.each(['beforeAll', 'beforeEach', 'afterEach', 'afterAll'])(
    'nor where a hook has it: %s',
    async (hook) => {
      const { rungs } = await place(
        { '1_a.up.sql': 'select 1', '../hook.sql': SAYS },
        `${config}hooks:\n  ${hook}: hook.sql\n`,
      );
      const results = [
        await rungs('up', { env }),
        await rungs('up --json', { env: { ...env, LOG_FORMAT: 'json' } }),
      ];
      for (const { stdout, stderr } of results) expect(stdout + stderr).not.toContain('heim');
      expect(results[0]?.stderr).toContain('NOTICE: ${pw}\n');
      if (hook !== 'afterAll') expect(results[1]?.stdout).toContain('"message": "${pw}"');
    },
  );

  it('nor where a hook’s value is quoted in part', async () => {
    const { url } = await createDatabase();
    const folder = folderOf({ '1_a.up.sql': 'select 1' });
    const hooks = folderOf({ 'hook.sql': 'select 1;\nselect ${pw};' });
    const error = await failureOf(
      up({
        database: url,
        migrations: folder,
        hooks: { beforeEach: `${hooks}/hook.sql` },
        placeholders: { pw: { secret: 'geheim.sache' } },
      }),
    );
    expect(error).toMatchObject({
      location: { line: 2, column: 8 },
      message: expect.stringContaining('${pw}'),
    });
    expect(inspect(error, { depth: 10 })).not.toMatch(/geheim|sache/);
  });

  it('nor where a hook stores what the file then says, or the file what a hook says', async () => {
    const { url } = await createDatabase();
    const sets = "set rungs_test.pw = '${pw}';";
    const says =
      "do $$ begin raise notice '%', current_setting('rungs_test.pw'); raise exception '%', current_setting('rungs_test.pw'); end $$;";
    const heard: string[] = [];
    const run = async (file: string, hook: string, name: 'beforeEach' | 'afterEach') => {
      const hooks = { [name]: `${folderOf({ 'hook.sql': hook })}/hook.sql` };
      const migrations = folderOf({ '1_a.up.sql': file });
      const onEvent = (e: Event) => void (e.kind === 'notice' && heard.push(e.message));
      return failureOf(
        up({ database: url, migrations, hooks, onEvent, placeholders: { pw: { secret: 'geheim' } } }),
      );
    };
    expect(await run(says, sets, 'beforeEach')).toMatchObject({ message: '${pw}', reason: 'sql' });
    expect(heard).toEqual(['${pw}']);
    const stores = "create temp table kept as select '${pw}' as pw;";
    // The session is as it was before afterEach; a table of the transaction is there.
    const finds = "do $$ begin raise '%', (select pw from kept2); end $$;";
    const file = stores.replace('temp table kept', 'table kept2');
    expect(await run(file, finds, 'afterEach')).toMatchObject({ message: '${pw}', reason: 'hook' });
  });

  it('nor in FluxStudio’s record of a hook’s failure', async () => {
    const { rungs, database } = await place(
      { '001_a.sql': 'select 1', '../hook.sql': SAYS },
      `${config}layout: named\nhooks:\n  beforeEach: hook.sql\n`,
    );
    await rungs('up', { env });
    const [row] = await database.query('select error from schema_migrations_history');
    expect(row?.error).toContain('${pw}');
    expect(row?.error).not.toContain('heim');
  });

  it('nor in the causes of an error', async () => {
    const database = await createDatabase();
    const secret = 'geheim';
    const dies =
      "do $$ begin perform '${pw}'; perform pg_terminate_backend(pg_backend_pid()), pg_sleep(10), '${pw}'; end $$;";
    const at = { database: database.url, placeholders: { pw: { secret } } };
    const lost = await failureOf(up({ ...at, migrations: folderOf({ '1_a.up.sql': dies }) }));
    expect(lost.reason).toBe('connection_lost');
    const hook = `${folderOf({ 'hook.sql': dies })}/hook.sql`;
    const migrations = folderOf({ '1_a.up.sql': 'select 1' });
    const lostHook = await failureOf(up({ ...at, migrations, hooks: { beforeAll: hook } }));
    expect(lostHook.reason).toBe('connection_lost');
    const slow = `${folderOf({ 'hook.sql': "do $$ begin perform pg_sleep(60), '${pw}'; end $$;" })}/hook.sql`;
    const controller = new AbortController();
    const cancelled = await failureOf(
      up({
        ...at,
        migrations,
        hooks: { beforeAll: slow },
        signal: controller.signal,
        onEvent: (e) => void (e.kind === 'hook' && controller.abort()),
      }),
    );
    expect(cancelled.reason).toBe('cancelled');
    const unplaced = `${folderOf({ 'hook.sql': "select '${pw}'; create temp table t (a int unique deferrable initially deferred); insert into t values (1), (1);" })}/hook.sql`;
    const deferred = await failureOf(up({ ...at, migrations, hooks: { beforeAll: unplaced } }));
    expect(deferred.sqlstate).toBe('23505');
    for (const error of [lost, lostHook, cancelled, deferred])
      expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(secret);
  });

  it('of a library’s caller is one that it calls secret', async () => {
    const { url } = await createDatabase();
    const migrations = folderOf({ '1_a.up.sql': "do $$ begin raise '${pw} ${name}'; end $$" });
    const at = { database: url, migrations };
    const error = await failureOf(up({ ...at, placeholders: { pw: { secret: 'geheim' }, name: 'offen' } }));
    expect(error.message).toBe('${pw} offen');
    expect(String((error.cause as Error).stack)).not.toContain('geheim');
  });
});

describe('a half-done file', () => {
  const FILE = 'create table ${t} (id int);\ncreate index concurrently i on ${t} (${column});\nvacuum;';

  it('goes on with another value for what is not done', async () => {
    const { rungs, folder } = await place({ '1_a.up.sql': FILE }, 'placeholders:\n  t: a\n  column: nope\n');
    expect(errorOf(await rungs('up --json'))).toMatchObject({ sqlstate: '42703', line: 2 });
    writeInto(folder, { 'rungs.yaml': 'placeholders:\n  t: a\n  column: id\n' });
    expect((await rungs('up')).code).toBe(0);
  });

  it('does not go on where what is done was done with another value', async () => {
    const { rungs, folder } = await place({ '1_a.up.sql': FILE }, 'placeholders:\n  t: a\n  column: nope\n');
    await rungs('up');
    writeInto(folder, { 'rungs.yaml': 'placeholders:\n  t: b\n  column: id\n' });
    expect(errorOf(await rungs('up --json'))).toMatchObject({
      reason: 'resume_changed',
      message: expect.stringContaining('it has ${t}: is that what it was then?'),
      line: 1,
    });
  });
});

describe('other readers of the files', () => {
  it('baseline looks for what the values make', async () => {
    const { url, query } = await createDatabase();
    await query('create schema app; create table app.t ()');
    const at = { database: url, migrations: folderOf({ '1_a.up.sql': MAKES }), version: 1n };
    expect(await failureOf(baseline({ ...at, placeholders: { schema: 'other' } }))).toMatchObject({
      reason: 'objects_missing',
      location: { line: 1, column: 1 },
    });
    expect(await failureOf(baseline({ ...at, placeholders: {} }))).toMatchObject({
      reason: 'placeholder',
      location: { line: 1, column: 15 },
    });
    expect(await baseline({ ...at, placeholders: { schema: 'app' } })).toMatchObject({
      objects: 2,
      written: true,
    });
  });

  it('a script has them too, and its first migration keeps them', async () => {
    const { url } = await createDatabase();
    const folder = folderOf({ 'init-db.sql': 'create table ${users} (id int);' });
    const at = { database: url, migrations: join(folder, 'init-db.sql'), placeholders: { users: 'users' } };
    expect(await up(at)).toMatchObject({ applied: [{ name: '' }] });
    expect((await status(at)).counts.applied).toBe(1);
    expect((await verify({ ...at, placeholders: {} })).filter((c) => c.state === 'failed')).toEqual([]);
  });

  it('create --from-script copies them, and says so in the draft of the way back', async () => {
    const { rungs, folder } = await place({}, 'path: migrations\nplaceholders:\n  owner: app\n  pw: ${PW}\n');
    const script = 'create table ${owner}_users (id int);\nalter role ${pw} nologin;\n';
    writeInto(folder, { 'setup.sql': script });
    const made = await rungs('create --from-script setup.sql', { env: { PW: 'geheim' } });
    expect(made.code).toBe(0);
    const read = (name: string) => readFileSync(join(folder, 'migrations', name), 'utf8');
    expect(read('000001_init.up.sql')).toBe(script);
    expect(read('000001_init.down.sql')).toContain(
      '-- Put its placeholders back where their values stand: ${owner}, ${pw}.\n',
    );
    expect(read('000001_init.down.sql')).toContain('drop table if exists "app_users";');
    expect(read('000001_init.down.sql')).not.toContain('geheim');
  });
});
