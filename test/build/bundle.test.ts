/** `rungs build`: one file with the migrations inside, run where there is nothing else. */

import { chmodSync, cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { alone, root, run } from '../support/built.ts';
import { type CliResult, rungs } from '../support/cli.ts';
import { createDatabase } from '../support/database.ts';
import { faultsOf } from '../support/documents.ts';
import { folderOf } from '../support/folder.ts';
import { ordinaryUser } from '../support/project.ts';
import { schemaOf } from '../support/schema.ts';

type Files = Readonly<Record<string, string | Uint8Array>>;

const THREE: Files = {
  '000001_a.up.sql': 'create table a (id int);\n',
  '000001_a.down.sql': 'drop table a;\n',
  '000002_b.up.sql': 'create index concurrently a_id on a (id);\n',
  '000002_b.down.sql': 'drop index a_id;\n',
  '000003_c.up.sql': 'create table "c\u{1f418}" ();\n',
  '000003_c.down.sql': 'drop table "c\u{1f418}";\n',
};

/** A project's folder `migrations`, built with these flags. */
async function build(files: Files, flags: readonly string[] = []): Promise<CliResult & { project: string }> {
  const project = folderOf(Object.fromEntries(Object.entries(files).map(([n, t]) => [`migrations/${n}`, t])));
  return { project, ...(await rungs(['build', ...flags], { cwd: project })) };
}

/** The bundle of these files, in a folder of its own. */
async function bundleOf(files: Files, flags: readonly string[] = []): Promise<string> {
  const { project, code, stderr } = await build(files, flags);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return alone(join(project, 'dist/migrate.mjs'));
}

/** By the published schema. */
function json({ stdout }: CliResult) {
  const document = JSON.parse(stdout);
  expect(faultsOf(document)).toEqual([]);
  return document;
}

const edit = (file: string, change: (text: string) => string) =>
  writeFileSync(file, change(readFileSync(file, 'utf8')));

describe('the one file', () => {
  it('answers to every command that needs no folder', async () => {
    const file = await bundleOf(THREE);
    const { url } = await createDatabase();
    const say = async (...args: readonly string[]) => {
      const { code, stdout, stderr } = await run(file, args, { env: { DATABASE_URL: url } });
      expect({ args, code, stderr: code === 0 ? '' : stderr }).toEqual({ args, code: 0, stderr: '' });
      return stdout.trim();
    };
    expect(await say('up', '--dry-run')).toMatch(/000001_a\n.*000002_b \[resumable\]\n.*000003_c\n/);
    expect(await say('up')).toBe('Migrated from version 0 to 3');
    expect(await say('up')).toBe('Already at latest version: 3');
    expect(await say('status')).toContain('3 applied, 0 pending');
    expect(await say('down')).toBe('Rolled back from version 3 to 2');
    expect(await say('version')).toBe('2');
    expect(await say('goto', '3')).toBe('Migrated from version 2 to 3');
    expect(await say('redo')).toBe('Reverted and applied again: 3');
    expect(await say('force', '2')).toBe('Version forced successfully: 3 to 2');
    expect(await say('down', '--all', '--yes')).toContain('to 0');
  });

  it('adopts from another tool; baseline reads SQL, and so needs a checkout', async () => {
    const file = await bundleOf(THREE);
    const { url, query } = await createDatabase();
    await query(`create table goose_db_version (id int, version_id bigint, is_applied boolean, tstamp timestamp);
      insert into goose_db_version values (1, 1, true, now()), (2, 2, true, now())`);
    const env = { DATABASE_URL: url };
    expect((await run(file, ['adopt', '--yes'], { env })).stdout).toContain('Adopted 2 migrations');
    expect((await run(file, ['version'], { env })).stdout.trim()).toBe('2');
    const { code, stderr } = await run(file, ['baseline', '3'], { env });
    expect([code, stderr]).toEqual([19, expect.stringContaining('baseline needs a checkout of the project')]);
    expect((await run(file, ['--help'])).stdout).not.toContain('baseline');
  });

  it('is like the folder, for 300 files', { timeout: 180_000 }, async () => {
    const files = many(300);
    const { project, code } = await build(files);
    expect(code).toBe(0);
    const [one, other] = [await createDatabase(), await createDatabase()];
    const file = alone(join(project, 'dist/migrate.mjs'));
    const bundled = json(await run(file, ['up', '--json'], { env: { DATABASE_URL: one.url } }));
    const read = json(await rungs(['up', '--json'], { cwd: project, env: { DATABASE_URL: other.url } }));
    expect(bundled.error).toBe(null);
    const steps = (document: { applied: object[] }) =>
      document.applied.map((step) => ({ ...step, executionTimeMs: 0 }));
    expect(steps(bundled)).toHaveLength(300);
    expect(steps(bundled)).toEqual(steps(read));
    expect(await schemaOf(one)).toEqual(await schemaOf(other));
    const status = await rungs(['status', '--json'], { cwd: project, env: { DATABASE_URL: one.url } });
    expect(json(status).counts).toMatchObject({ applied: 300, changed: 0, pending: 0 });
    const reverted = json(
      await run(file, ['down', '--all', '--yes', '--json'], { env: { DATABASE_URL: one.url } }),
    );
    expect(reverted).toMatchObject({ to: null, error: null });
  });

  it('says what it carries, without a database', async () => {
    const file = await bundleOf(THREE, ['--server-version', '16.3']);
    const { stdout } = await run(file, ['version', '--embedded']);
    expect(stdout).toMatch(
      /^3 migrations: 1 to 3\ndigest: [0-9a-f]{64}\nbuilt by rungs .* for PostgreSQL 16\n$/,
    );
    const document = json(await run(file, ['version', '--embedded', '--json']));
    expect(document).toMatchObject({
      command: 'version',
      embedded: { count: 3, first: '1', last: '3', serverVersion: 16 },
      error: null,
    });
    const { digest } = document.embedded;
    expect(stdout).toContain(digest);
    // Line ends are Git's; everything else is the author's.
    const crlf = Object.fromEntries(
      Object.entries(THREE).map(([name, text]) => [name, String(text).replaceAll('\n', '\r\n')]),
    );
    const digestOf = async (files: Files) =>
      json(await run(await bundleOf(files), ['version', '--embedded', '--json'])).embedded.digest;
    expect(await digestOf(crlf)).toBe(digest);
    const { '000003_c.down.sql': down = '', ...rest } = THREE;
    expect(await digestOf({ ...rest, '000003_d.down.sql': down })).not.toBe(digest);
    expect(await digestOf({ ...THREE, '000003_c.down.sql': `${down} ` })).not.toBe(digest);
    expect(await digestOf(rest)).not.toBe(digest);
  });

  it('says what it carries without loading what a database needs', async () => {
    const file = await bundleOf(THREE);
    const spy = join(folderOf({}), 'spy.cjs');
    writeFileSync(
      spy,
      "process.on('exit', () => require('fs').writeSync(2, process.moduleLoadList.join('\\n')));",
    );
    const loaded = async (args: readonly string[]) => {
      const { stderr } = await run(file, args, { env: { NODE_OPTIONS: `--require=${spy}` } });
      return ['crypto', 'net', 'tls', 'dns', 'readline', 'stream'].filter((n) =>
        stderr.split('\n').includes(`NativeModule ${n}`),
      );
    };
    expect(await loaded(['version', '--embedded'])).toEqual([]);
    expect(await loaded(['up'])).toEqual(expect.arrayContaining(['crypto', 'net']));
  });

  it.each([
    ['sum', /"sum":\d+/],
    ['length', /"list":\d+/],
  ])(
    'asks the seal where the %s of its list is another, as a sum is with another byte order',
    async (_, found) => {
      const file = await bundleOf(THREE);
      const { stdout } = await run(file, ['version', '--embedded']);
      edit(file, (text) => text.replace(found, (was) => was.replace(/\d+/, '1')));
      expect(await run(file, ['version', '--embedded'])).toMatchObject({ code: 0, stdout });
    },
  );

  it('is the same bytes for the same files', async () => {
    const [one, other] = [await bundleOf(THREE), await bundleOf(THREE)];
    const text = readFileSync(one);
    expect(text.equals(readFileSync(other))).toBe(true);
    expect(text.toString()).not.toContain(root);
    expect(text.toString()).not.toContain(dirname(one));
  });

  it('has no parser, no builder and no pool inside, and is not large', async () => {
    const text = readFileSync(await bundleOf({ '1_a.up.sql': 'select 1' }), 'utf8');
    const others = ['libpg', 'wasm', 'onResolve', 'NODE_SEA', 'idleListener'];
    expect(others.filter((word) => text.includes(word))).toEqual([]);
    expect(text.length).toBeLessThan(SIZE_LIMIT);
  });

  it('runs on a read-only file system, from any directory, for a user who may write nowhere', async () => {
    const file = await bundleOf(THREE);
    const { uid, gid } = await ordinaryUser();
    chmodSync(file, 0o555);
    chmodSync(dirname(file), 0o555);
    const { url } = await createDatabase();
    const env = { DATABASE_URL: url, TMPDIR: '/nowhere', HOME: '/nowhere' };
    const { code, stdout } = await run(file, ['up'], { env, cwd: '/', uid, gid });
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'Migrated from version 0 to 3\n' });
    chmodSync(dirname(file), 0o755);
  });

  it('can be started by its name, and be CommonJS', async () => {
    const project = folderOf({ 'sql/1_a.up.sql': 'select 1' });
    const flags = ['--path', 'sql', '--outfile', 'out/put/m.cjs', '--json'];
    const built = await rungs(['build', ...flags], { cwd: project });
    expect(json(built)).toMatchObject({ command: 'build', outfile: 'out/put/m.cjs', embedded: { count: 1 } });
    const { stdout } = await run(alone(join(project, 'out/put/m.cjs')), ['version', '--embedded']);
    expect(stdout).toContain('1 migration: 1\n');
    const file = await bundleOf(THREE);
    symlinkSync(file, join(project, 'migrate'));
    const { PATH = '' } = process.env;
    expect((await run(join(project, 'migrate'), ['--version'], { env: { PATH } })).code).toBe(0);
  });
});

/** Measured: 577 kB, of which a fifth is for the configuration's YAML; and 15 % for what is to come. */
const SIZE_LIMIT = 660_000;

describe('the one file refuses', () => {
  it('another folder, and what needs a checkout', async () => {
    const file = await bundleOf(THREE);
    const env = { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' };
    const refusal = async (...args: readonly string[]) => {
      const { code, stdout } = await run(file, [...args, '--json'], { env });
      const { code: name, reason, message } = JSON.parse(stdout).error;
      return { code, name, reason, message };
    };
    const flag = { code: 19, name: 'CONFIG_INVALID', reason: 'flag' };
    expect(await refusal('up', '--path', 'elsewhere')).toMatchObject({
      ...flag,
      message: '--path: a bundle runs the migrations inside it and no others',
    });
    for (const verb of ['create', 'build']) {
      const { message, ...rest } = await refusal(verb, 'x');
      expect(rest).toEqual(flag);
      expect(message).toContain(`${verb} needs a checkout`);
    }
    const help = (await run(file, ['up', '--help'])).stdout;
    expect(help).toContain('Usage: node migrate.mjs up');
    expect(help).not.toContain('--path');
    expect((await run(file, ['--help'])).stdout).not.toContain('create');
  });

  it('to begin without a database', async () => {
    const { code, stderr } = await run(await bundleOf(THREE), ['up']);
    expect(code).toBe(19);
    expect(stderr).toContain('CONFIG_INVALID');
    expect(stderr).toContain('DATABASE_URL environment variable is required');
  });

  it('a text that was edited in it, naming the file and both digests', async () => {
    const file = await bundleOf(THREE);
    edit(file, (text) => text.replace('create table a', 'create table x'));
    const { url } = await createDatabase();
    for (const verb of [['up'], ['status'], ['version', '--embedded']]) {
      const { code, stdout } = await run(file, [...verb, '--json'], { env: { DATABASE_URL: url } });
      expect(code).toBe(10);
      expect(JSON.parse(stdout).error).toMatchObject({
        code: 'MIGRATION_SOURCE_FAILED',
        reason: 'edited_bundle',
        file: 'migrations/000001_a.up.sql',
        message: expect.stringMatching(/its digest is [0-9a-f]{64}, and was [0-9a-f]{64}$/),
      });
    }
  });

  it.each([
    ['another mode', (text: string) => text.replace('"mode":"resumable"', '"mode":"atomic"')],
    ['other statements', (text: string) => text.replace(/"end":\d+/, '"end":1')],
    ['a migration less', (text: string) => text.replace(/\n\/\/\{"id":"2".*\n/, '\n')],
    ['a checksum that fits', (text: string) => text.replace(/"checksum":"[0-9a-f]/, '"checksum":"_')],
    ['another seal', (text: string) => text.replace(/"seal":"./, '"seal":"_')],
    // One letter, behind all migrations. (A word can be cut in two by a line's end.)
    ['other commands', (text: string) => text.slice(0, -999) + text.slice(-999).replace(/[b-z]/, 'a')],
    ['nothing at the end', (text: string) => text.trimEnd()],
    ['another front', (text: string) => text.replace('\n"use strict"', "\n'use strict'")],
    ['other line ends', (text: string) => text.replaceAll('\n', '\r\n')],
    ['a line more', (text: string) => `${text}console.log('hello');\n`],
  ])('%s than it was built with', async (_, change) => {
    const file = await bundleOf(THREE);
    const before = readFileSync(file, 'utf8');
    edit(file, change);
    expect(readFileSync(file, 'utf8')).not.toBe(before);
    const { code, stderr } = await run(file, ['up', '--database', 'postgres://nobody@127.0.0.1:1/none']);
    expect(code).toBe(10);
    expect(stderr).toMatch(/^MIGRATION_SOURCE_FAILED: .*\n.*\n {2}error: .*digest is .*, and was /);
  });

  it.each([
    ['another head', (text: string) => text.replace('"count":3', '"count":2')],
    ['a line more', (text: string) => `${text}//\n`],
  ])('to say what is inside of %s than it was built with', async (_, change) => {
    const file = await bundleOf(THREE);
    edit(file, change);
    expect(await run(file, ['version', '--embedded'])).toMatchObject({ code: 10, stdout: '' });
  });

  it('to run where it was cut off, wherever that was', async () => {
    const file = await bundleOf(THREE);
    const whole = readFileSync(file);
    const front = whole.indexOf('\n//{"size"') + 1;
    // In the front Node says that this is no program.
    for (const cut of [30, 100, 5000, front - 60, front - 30]) {
      writeFileSync(file, whole.subarray(0, cut));
      const { code, stdout } = await run(file, ['version', '--embedded']);
      expect({ cut, code, stdout }).toEqual({ cut, code: 1, stdout: '' });
    }
    for (const cut of [0, 2, 20, 200, 3000, whole.length - front - 1]) {
      writeFileSync(file, whole.subarray(0, front + cut));
      const { code, stdout, stderr } = await run(file, ['up', '--json']);
      expect({ cut, code }).toEqual({ cut, code: 10 });
      expect(stderr).toMatch(/^MIGRATION_SOURCE_FAILED: .*\n.*\n {2}error: the bundle is cut off/);
      expect(JSON.parse(stdout).error).toMatchObject({ reason: 'edited_bundle', file });
    }
  });

  it('a database that knows another text for a version, naming both digests', async () => {
    const { url } = await createDatabase();
    const env = { DATABASE_URL: url };
    expect((await run(await bundleOf(THREE), ['up'], { env })).code).toBe(0);
    const other = await bundleOf({ ...THREE, '000001_a.up.sql': 'create table a (id bigint);\n' });
    const { code, stdout } = await run(other, ['up', '--json'], { env });
    expect(code).toBe(12);
    const { error } = JSON.parse(stdout);
    expect(error).toMatchObject({ code: 'MIGRATION_UP_FAILED', reason: 'changed' });
    expect(error.details.join()).toMatch(/migrations\/000001_a\.up\.sql .*[0-9a-f]{64}.*[0-9a-f]{64}/s);
  });

  it('a database that is newer than it', async () => {
    const { url } = await createDatabase();
    const env = { DATABASE_URL: url };
    expect((await run(await bundleOf(THREE), ['up'], { env })).code).toBe(0);
    const { code, stderr } = await run(
      await bundleOf({ '1_a.up.sql': 'create table a (id int);\n' }),
      ['up'],
      { env },
    );
    expect(code).toBe(12);
    expect(stderr).toContain('the database is at 3, and the newest file is 1 (the bundle of migrations)');
  });
});

describe('a build fails', () => {
  it.each<[string, Files, object]>([
    ['an empty folder', { 'README.md': '' }, { reason: 'no_migrations' }],
    [
      'what is no SQL',
      { '1_a.up.sql': 'select 1;\nselect from from;' },
      { reason: 'syntax', file: 'migrations/1_a.up.sql', line: 2, column: 13 },
    ],
    [
      'what is not UTF-8',
      { '1_a.up.sql': new Uint8Array([0x2d, 0x2d, 0xff]) },
      { reason: 'encoding', file: 'migrations/1_a.up.sql' },
    ],
    ['a number twice', { '1_a.up.sql': '', '01_b.up.sql': '' }, { reason: 'duplicate' }],
  ])('for %s', async (_, files, error) => {
    const result = await build(files, ['--json']);
    expect(result.code).toBe(10);
    expect(json(result).error).toMatchObject({ code: 'MIGRATION_SOURCE_FAILED', ...error });
  });

  it('for a folder that is not there', async () => {
    const { code, stderr } = await rungs(['build', '--path', 'nowhere'], { cwd: folderOf({}) });
    expect(code).toBe(10);
    expect(stderr).toContain('nowhere: no such file or directory');
  });

  it('where the file cannot be written, or not be named so', async () => {
    const cwd = folderOf({ 'migrations/1_a.up.sql': 'select 1', taken: '' });
    for (const outfile of ['taken/m.mjs', 'm.js', '']) {
      const result = await rungs(['build', '--json', '--outfile', outfile], { cwd });
      expect({ outfile, code: result.code }).toEqual({ outfile, code: 19 });
      expect(json(result).error.code).toBe('CONFIG_INVALID');
    }
    const { stderr } = await rungs(['build', '--server-version', '9.6'], { cwd });
    expect(stderr).toContain('--server-version is a PostgreSQL version from 14 on');
  });

  it('without esbuild or postject, saying what to install', async () => {
    const project = folderOf({ 'migrations/1_a.up.sql': 'select 1' });
    const home = join(project, 'node_modules/rungs');
    mkdirSync(home, { recursive: true });
    cpSync(join(root, 'dist'), join(home, 'dist'), { recursive: true });
    cpSync(join(root, 'package.json'), join(home, 'package.json'));
    const link = (name: string) => {
      mkdirSync(dirname(join(project, 'node_modules', name)), { recursive: true });
      symlinkSync(join(root, 'node_modules', name), join(project, 'node_modules', name));
    };
    for (const name of ['pg', 'pgpass', 'libpg-query', 'yaml']) link(name);
    const attempt = (flags: readonly string[]) =>
      run(join(home, 'dist/rungs.mjs'), ['build', '--json', ...flags], { cwd: project });
    const missing = async (flags: readonly string[]) => json(await attempt(flags)).error;
    expect(await missing([])).toMatchObject({
      code: 'CONFIG_INVALID',
      reason: 'build',
      message: 'the package esbuild is not installed',
      hint: 'run `npm i -D esbuild`',
    });
    link('esbuild');
    expect(await missing(['--executable'])).toMatchObject({
      message: 'the package postject is not installed',
      hint: 'run `npm i -D postject`',
    });
    expect((await attempt([])).code).toBe(0);
    const { stdout } = await run(alone(join(project, 'dist/migrate.mjs')), ['version', '--embedded']);
    expect(stdout).toContain('1 migration: 1');
  });
});

it('a build warns of what is left out, and of what only another PostgreSQL may understand', async () => {
  const files = { '1_a.up.sql': 'create table t (system_user text);', '2_b.sql': '' };
  const result = await build(files, ['--server-version', '15', '--json']);
  expect(result.code).toBe(0);
  expect(json(result).warnings).toMatchObject([
    { reason: 'ignored_file', file: 'migrations/2_b.sql' },
    { reason: 'other_grammar', file: 'migrations/1_a.up.sql', line: 1, column: 17 },
  ]);
  expect(result.stderr).toContain('warning: migrations/1_a.up.sql:1:17: PostgreSQL 18’s grammar refuses');
  expect((await build(files)).code).toBe(10);
});

/** Groups of five that need each other, with each way to run a file, and texts that look like code. */
function many(count: number): Files {
  const pairs = Array.from({ length: count }, (_, i) => {
    const t = `t${Math.floor(i / 5)}`;
    const [up, down] = FIVE[i % 5]?.(t) ?? [];
    const name = `${String(i + 1).padStart(6, '0')}_m${i}`;
    return { [`${name}.up.sql`]: up ?? '', [`${name}.down.sql`]: down ?? '' };
  });
  return Object.assign({}, ...pairs);
}

const FIVE: readonly ((t: string) => readonly [up: string, down: string])[] = [
  (t) => [`create table ${t} (id serial, x text default E'é\\\\\\n');\r\n`, `drop table ${t};`],
  (t) => [`create function f_${t}() returns int language sql as $$ select 1 $$;`, `drop function f_${t}();`],
  (t) => [`create index concurrently i_${t} on ${t} (x);`, `drop index concurrently i_${t};`],
  (t) => [`begin;\ninsert into ${t} (x) values ('\`\${x}\`');\ncommit;\n`, `truncate ${t};`],
  (t) => [`comment on table ${t} is $c$ '' \u{1f418} $c$;`, `-- nothing to do for ${t}`],
];
