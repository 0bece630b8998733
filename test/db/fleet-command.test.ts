/** `rungs fleet` as a user has it: targets from rungs.yaml, one table, one document, one exit code. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type CliOptions, rungs, startRungs } from '../support/cli.ts';
import { documentOf } from '../support/documents.ts';
import { folderOf, writeInto } from '../support/folder.ts';
import { createTenants, MARKS, marksIn, type Tenants, versionsIn } from '../support/tenants.ts';

/** A project whose rungs.yaml has these lines. */
function projectOf(targets: string, files: Readonly<Record<string, string>> = MARKS): string {
  const migrations = Object.entries(files).map(([name, text]) => [`migrations/${name}`, text]);
  return folderOf({ 'rungs.yaml': `${targets}\n`, ...Object.fromEntries(migrations) });
}

const listOf = ({ schemas }: Tenants) => `targets:\n${schemas.map((s) => `  - schema: ${s}`).join('\n')}`;

function fleetIn(cwd: string, { database }: Tenants, args: readonly string[] = [], options: CliOptions = {}) {
  return rungs(['fleet', ...args], { cwd, ...options, env: { DATABASE_URL: database.url, ...options.env } });
}

const FAILING = { '1_taken.up.sql': 'select 1;\ncreate table taken (n int);\n', '1_taken.down.sql': '' };

describe('rungs fleet', () => {
  it('tells of each target as it ends, and then prints one table', async () => {
    const tenants = await createTenants(3);
    const project = projectOf(listOf(tenants));
    const { code, stdout, stderr } = await fleetIn(project, tenants);
    expect(code).toBe(0);
    expect(
      stderr
        .replaceAll(/\d+(\.\d+)? m?s\b/g, 'N ms')
        .split('\n')
        .sort(),
    ).toEqual([
      '',
      '[1/3] tenant_01: migrated at 3 (3 applied, N ms)',
      expect.stringMatching(/^\[2\/3\] tenant_0[23]: migrated at 3 \(3 applied, N ms\)$/),
      expect.stringMatching(/^\[3\/3\] tenant_0[23]: migrated at 3 \(3 applied, N ms\)$/),
    ]);
    const lines = stdout
      .replaceAll(/\d+(\.\d+)? m?s\b/g, 'N ms')
      .replaceAll(/ +/g, ' ')
      .trimEnd()
      .split('\n');
    expect(lines).toEqual([
      'target state applied version took error',
      ...tenants.schemas.map((s) => `${s} migrated 3 3 N ms`),
      '',
      '3 targets: 3 migrated',
    ]);
    expect(await marksIn(tenants)).toMatchObject({ tenant_03: ['1', '2', '3'] });
    const again = await fleetIn(project, tenants);
    expect(again.stdout).toContain('3 targets: 3 up to date');
  });

  it('ends with the exit code of the first that failed, tells its error whole, and says what was not begun', async () => {
    const tenants = await createTenants(3);
    await tenants.database.query('create table tenant_01.taken ()');
    const { code, stdout, stderr } = await fleetIn(projectOf(listOf(tenants), FAILING), tenants);
    expect(code).toBe(12);
    expect(stdout).toMatch(
      /^tenant_01 +failed +0 +- +[\d.]+ m?s +relation "taken" already exists \(SQLSTATE 42P07\)$/m,
    );
    expect(stdout).toContain('3 targets: 1 failed, 2 not begun');
    expect(stderr).toContain(
      [
        'MIGRATION_UP_FAILED: migration failed',
        '  target: tenant_01',
        '  operation: apply migration 1',
        '  error: relation "taken" already exists (SQLSTATE 42P07)',
        '  at: migrations/1_taken.up.sql:2:1',
      ].join('\n'),
    );
    expect(stderr).toMatch(/next: .*`rungs fleet`/);
  });

  it('says what became of each migration of a target that failed, as `up` does, and which target it is', async () => {
    const tenants = await createTenants(2);
    await tenants.database.query('create table tenant_02.taken (); create table public.taken ()');
    const files = {
      ...MARKS,
      '4_taken.up.sql': 'create table taken ();',
      '4_taken.down.sql': '',
      '5_last.up.sql': 'select 1;',
      '5_last.down.sql': '',
    };
    const project = projectOf(listOf(tenants), files);
    const alone = await rungs(['up'], { cwd: project, env: { DATABASE_URL: tenants.database.url } });
    const fate = '  applied: 1, 2, 3 (kept); 4 rolled back; not reached: 5\n';
    expect(alone.stderr).toContain(fate);
    const result = await fleetIn(project, tenants, ['--json']);
    expect(result.stderr).toContain(fate);
    expect(documentOf(result).error).toMatchObject({ target: 'tenant_02', sqlstate: '42P07' });
  });

  it('tells what many have met in the same words once', async () => {
    const tenants = await createTenants(4);
    for (const s of ['tenant_02', 'tenant_04']) await tenants.database.query(`create table ${s}.taken ()`);
    const args = ['--max-failures', 'all', '--json'];
    const result = await fleetIn(projectOf(listOf(tenants), FAILING), tenants, args);
    const { code, stderr } = result;
    expect(code).toBe(12);
    expect(stderr.match(/MIGRATION_UP_FAILED/g)).toHaveLength(1);
    expect(stderr).toContain('target: tenant_02, tenant_04');
    const document = documentOf(result);
    expect(document).toMatchObject({
      command: 'fleet',
      counts: { migrated: 2, failed: 2, 'not-begun': 0 },
      error: { sqlstate: '42P07', file: 'migrations/1_taken.up.sql', line: 2 },
    });
    expect(document.targets?.map((t) => [t.name, t.state])).toEqual([
      ['tenant_01', 'migrated'],
      ['tenant_02', 'failed'],
      ['tenant_03', 'migrated'],
      ['tenant_04', 'failed'],
    ]);
    expect(document.targets?.[1]).toMatchObject({ failed: { id: '1', rolledBack: true }, applied: [] });
  });

  it('resumes from its own report', async () => {
    const tenants = await createTenants(3);
    await tenants.database.query('create table tenant_02.taken ()');
    const project = projectOf(listOf(tenants), FAILING);
    const first = await fleetIn(project, tenants, ['--json', '--concurrency', '1']);
    const report = join(folderOf({ 'report.json': first.stdout }), 'report.json');
    await tenants.database.query('drop table tenant_02.taken');
    const second = await fleetIn(project, tenants, ['--resume', report, '--json']);
    expect(second.code).toBe(0);
    expect(documentOf(second).counts).toMatchObject({ 'done-before': 1, migrated: 2 });
    for (const [text, why] of [
      ['{"command": "up"}', 'it is not the report of a fleet'],
      ['', 'it is not one JSON document'],
    ] as const) {
      const bad = join(folderOf({ 'bad.json': text }), 'bad.json');
      const refused = await fleetIn(project, tenants, ['--resume', bad]);
      expect([refused.code, refused.stderr]).toEqual([19, expect.stringContaining(why)]);
    }
  });

  it('asks a query of the configured database, and a dry run writes nothing', async () => {
    const tenants = await createTenants(2);
    const project = projectOf(
      "targets:\n  query: select nspname as schema from pg_namespace where nspname like 'tenant%' order by 1",
    );
    const dry = await fleetIn(project, tenants, ['--dry-run']);
    expect(dry.code).toBe(0);
    expect(dry.stdout.replaceAll(/ +/g, ' ')).toMatch(/^tenant_01 pending 3 3 /m);
    expect(dry.stdout).toContain('2 targets: 2 pending');
    expect(await versionsIn(tenants)).toEqual({ tenant_01: 'none', tenant_02: 'none' });
    const { code } = await fleetIn(project, tenants);
    expect(code).toBe(0);
    expect(await versionsIn(tenants)).toEqual({ tenant_01: '3', tenant_02: '3' });
  });

  it('takes what a command prints: URLs, and JSON, with the configured database in DATABASE_URL', async () => {
    const tenants = await createTenants(3);
    const script = `console.error('looking');
      console.log(process.env.DATABASE_URL + '&search_path=tenant_01');
      console.log(JSON.stringify({ schema: 'tenant_02' }));
      console.log('');
      console.log(JSON.stringify({ url: process.env.DATABASE_URL, schema: 'tenant_03', name: 'three' }));`;
    const project = projectOf('targets:\n  command: node targets.cjs');
    writeInto(project, { 'targets.cjs': script });
    const url = new URL(tenants.database.url);
    url.searchParams.set('sslmode', 'disable');
    const { code, stdout, stderr } = await fleetIn(project, tenants, [], { env: { DATABASE_URL: url.href } });
    expect([code, stderr]).toEqual([0, expect.stringContaining('three: migrated at 3')]);
    expect(stdout).toMatch(/^\S+@\S+\/\S+ tenant_01 +migrated/m);
    expect(await versionsIn(tenants)).toEqual({ tenant_01: '3', tenant_02: '3', tenant_03: '3' });
  });

  it('says why a command gave no targets', async () => {
    const tenants = await createTenants(1);
    const failing = projectOf('targets:\n  command: echo no such vault >&2; exit 3');
    const { code, stderr } = await fleetIn(failing, tenants);
    expect(code).toBe(19);
    expect(stderr).toContain('exit code 3: no such vault');
    expect(stderr).toContain('at: rungs.yaml:2:3');
    // It is given the connection string, and may repeat it.
    const telling = projectOf('targets:\n  command: echo "cannot reach $DATABASE_URL" >&2; exit 3');
    const url = new URL(tenants.database.url);
    url.password = 'hun ter/2';
    const told = await rungs(['fleet'], { cwd: telling, env: { DATABASE_URL: url.href } });
    expect(told.stderr).toContain('exit code 3: cannot reach postgres://postgres:***@');
    const foreign = projectOf(
      `targets:\n  command: "node -e 'console.error([\\"postgres:\\",\\"//u:topsecret\\"].join(\\"\\")+\\"@x\\");process.exit(1)'"`,
    );
    const other = await fleetIn(foreign, tenants, ['--json']);
    expect(other.stderr).toContain('exit code 1: postgres://u:***@x');
    expect(documentOf(other).error?.message).toContain('postgres://u:***@x');
    const empty = projectOf("targets:\n  command: 'true'");
    const none = await fleetIn(empty, tenants);
    expect([none.code, none.stderr]).toEqual([19, expect.stringContaining('--allow-empty')]);
    const allowed = await fleetIn(empty, tenants, ['--allow-empty']);
    expect([allowed.code, allowed.stdout]).toEqual([0, '0 targets\n']);
    const odd = projectOf('targets:\n  command: node odd.cjs');
    writeInto(odd, { 'odd.cjs': 'console.log(\'{"schema": 7, "url": "postgres://a:hunter2@b/c"}\')' });
    const refused = await fleetIn(odd, tenants);
    expect(refused.code).toBe(19);
    expect(refused.stderr).toContain('line 1 of the command');
    expect(refused.stderr).not.toContain('hunter2');
  });

  it('refuses the same target twice, with both places, and never prints a password', async () => {
    const tenants = await createTenants(1);
    const url = new URL(tenants.database.url);
    const other = `postgres://someone:s3cret-word@${url.host}${url.pathname}`;
    const project = projectOf(`targets:
  - schema: tenant_01
  - url: ${other}
    schema: tenant_01
  - url: postgres://x:s3cret-word@h:port/d
  - schema: ""`);
    const broken = await fleetIn(project, tenants);
    expect(broken.code).toBe(19);
    const fixed = projectOf(`targets:
  - schema: tenant_01
  - url: ${other}
    schema: tenant_01
  - url: postgres://x:s3cret-word@h:port/d`);
    const result = await fleetIn(fixed, tenants, ['--json'], { env: { DEBUG: '1' } });
    const { code, stdout, stderr } = result;
    expect(code).toBe(19);
    expect(stderr).toMatch(/rungs\.yaml:3: .*tenant_01 is the same target as that of rungs\.yaml:2/);
    expect(stderr).toMatch(/rungs\.yaml:5: its URL cannot be used/);
    expect(`${broken.stderr}${stdout}${stderr}`).not.toContain('s3cret-word');
    expect(documentOf(result).error?.reason).toBe('targets');
    const config = await rungs(['config'], { cwd: fixed, env: { DATABASE_URL: tenants.database.url } });
    expect(config.stdout).toMatch(/^targets +3 targets +rungs\.yaml:2$/m);
    expect(config.stdout).not.toContain('s3cret-word');
  });

  it.each([
    ['targets:\n  quary: select 1', /targets\.quary is not a known key; did you mean query\?/],
    [
      'targets:\n  query: select 1\n  command: ls',
      /targets has query and command in it: only one of them can be given/,
    ],
    ['targets: []', /there are none: nothing would be migrated/],
    ['targets: {}', /targets is a section: it must be a list of databases and schemas/],
    ['targets:\n  - shema: a', /targets\.0\.shema is not a known key; did you mean schema\?/],
    ['path: migrations', /there is no `targets` in rungs.yaml/],
  ])('says what is wrong in %s', async (yaml, said) => {
    const tenants = await createTenants(1);
    const { code, stderr } = await fleetIn(projectOf(yaml), tenants);
    expect([code, stderr]).toEqual([19, expect.stringMatching(said)]);
  });

  it('takes an empty list as no targets where that may be', async () => {
    const tenants = await createTenants(1);
    const project = projectOf('targets: []');
    const { code, stdout } = await fleetIn(project, tenants, ['--allow-empty']);
    expect([code, stdout]).toEqual([0, '0 targets\n']);
    expect((await rungs(['config'], { cwd: project })).stdout).toMatch(
      /^targets +0 targets +rungs\.yaml:1$/m,
    );
  });

  it.each([
    [['--shard', '17/16'], /there is no shard 17 of 16/],
    [['--shard', '0/16'], /there is no shard 0 of 16/],
    [['--shard', 'three'], /must be K\/N as in 3\/16/],
    [['--shard', 'index/4'], /needs JOB_COMPLETION_INDEX/],
    [['--concurrency', '0'], /--concurrency must be a whole number from 1, not "0"/],
    [['--concurrency', 'x'], /--concurrency must be a whole number from 1, not "x"/],
    [['--max-failures', '0'], /--max-failures must be a whole number from 1, not "0"/],
    [['--max-failures', 'no'], /--max-failures must be a whole number from 1, not "no"/],
    [['--resume', 'not-there.json'], /it cannot be read \(ENOENT\)/],
    [['more'], /too many arguments/],
  ])('refuses %j', async (args, said) => {
    const tenants = await createTenants(1);
    const { code, stderr } = await fleetIn(projectOf(listOf(tenants)), tenants, args);
    expect([code, stderr]).toEqual([19, expect.stringMatching(said)]);
    expect(await versionsIn(tenants)).toEqual({ tenant_01: 'none' });
  });

  it('stops at Ctrl-C: rolls back what is running, begins no more, and tells of all', async () => {
    const tenants = await createTenants(5);
    const slow = { '1_slow.up.sql': 'create table slow ();\nselect pg_sleep(600);\n', '1_slow.down.sql': '' };
    const { child, ended } = startRungs(['fleet', '--canary', '0', '--concurrency', '2', '--json'], {
      cwd: projectOf(listOf(tenants), slow),
      env: { DATABASE_URL: tenants.database.url },
    });
    for (;;) {
      const rows = await tenants.database.query(
        "select from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'",
      );
      if (rows.length === 2) break;
    }
    child.kill('SIGINT');
    const result = await ended;
    expect(result.code).toBe(130);
    const document = documentOf(result);
    expect(document.counts).toMatchObject({ failed: 2, 'not-begun': 3 });
    expect(document.error?.reason).toBe('cancelled');
    expect(await versionsIn(tenants)).not.toMatchObject({ tenant_01: '1' });
    expect(await tenants.database.query("select from pg_tables where tablename = 'slow'")).toEqual([]);
  });

  it('asks once for all of them with `confirm: always`, and not at all without a terminal', async () => {
    const tenants = await createTenants(2);
    const project = projectOf(`confirm: always\n${listOf(tenants)}`);
    const refused = await fleetIn(project, tenants);
    expect([refused.code, refused.stderr]).toEqual([19, expect.stringContaining('--yes')]);
    expect(await versionsIn(tenants)).toEqual({ tenant_01: 'none', tenant_02: 'none' });
    const { code } = await fleetIn(project, tenants, ['--yes']);
    expect(code).toBe(0);
  });

  it('tells a command of a hook which schema it is for', async () => {
    const tenants = await createTenants(2);
    const hook = `node -e "require('fs').appendFileSync('heard', process.env.RUNGS_SCHEMA + ' ' + process.env.PGOPTIONS + ' ' + process.env.DATABASE_URL.slice(0, 8) + '\\n')"`;
    const project = projectOf(`hooks:\n  afterAll:\n    command: >-\n      ${hook}\n${listOf(tenants)}`);
    const { code, stderr } = await fleetIn(project, tenants);
    expect([code, stderr]).toEqual([0, expect.any(String)]);
    expect(readFileSync(join(project, 'heard'), 'utf8').trim().split('\n').sort()).toEqual([
      'tenant_01 -c search_path="tenant_01" postgres',
      'tenant_02 -c search_path="tenant_02" postgres',
    ]);
  });

  it('says of each line of a hook’s command which target it is of', async () => {
    const tenants = await createTenants(3);
    const hook = 'hooks:\n  afterEach:\n    command: echo "  hello from $RUNGS_SCHEMA"';
    const files = { '1_a.up.sql': 'create table a ();', '1_a.down.sql': '' };
    const project = projectOf(`${hook}\n${listOf(tenants)}`, files);
    const { stderr } = await fleetIn(project, tenants);
    const heard = stderr.split('\n').filter((line) => line.includes('hello from tenant'));
    expect(heard.sort()).toEqual(tenants.schemas.map((s) => `${s}: hello from ${s}`));
    const dropped = tenants.schemas.map((s) => `drop schema ${s} cascade; create schema ${s}`).join('; ');
    await tenants.database.query(dropped);
    const json = await fleetIn(project, tenants, ['--canary', '0'], { env: { LOG_FORMAT: 'json' } });
    const records = json.stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(records).toContainEqual(
      expect.objectContaining({
        kind: 'message',
        target: 'tenant_03',
        message: expect.stringContaining('hello from'),
      }),
    );
  });

  it('writes its narration as JSON lines that name the target, where that is asked for', async () => {
    const tenants = await createTenants(1);
    const files = {
      ...MARKS,
      '4_note.up.sql': "do $$ begin raise notice 'hello'; end $$;",
      '4_note.down.sql': '',
    };
    const project = projectOf(listOf(tenants), files);
    const { stderr } = await fleetIn(project, tenants, [], { env: { LOG_FORMAT: 'json' } });
    const records = stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(records).toContainEqual(
      expect.objectContaining({ kind: 'notice', message: 'hello', target: 'tenant_01' }),
    );
  });
});
