/** FluxStudio's document, line by line, through ours: its files, its table, its words. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { GRAMMAR_MAJOR } from '../../src/sql/grammar-major.ts';
import { serverMajor } from '../support/database.ts';
import { documentOf, errorOf } from '../support/documents.ts';
import { FILES, fluxStudio, itsChecksum, MIGRATIONS } from '../support/fluxstudio.ts';
import { createRole } from '../support/role.ts';
import { lines } from '../support/workplace.ts';

const RULE = '='.repeat(60);

const status = (applied: readonly string[], pending: readonly string[], more: readonly string[] = []) =>
  lines(
    'MIGRATION STATUS',
    RULE,
    '',
    'Applied Migrations:',
    ...(applied.length === 0 ? ['  (none)'] : applied.map((f) => `  [x] ${f} (Nms)`)),
    '',
    'Pending Migrations:',
    ...(pending.length === 0 ? ['  (none)'] : pending.map((f) => `  [ ] ${f}`)),
    '',
    RULE,
    `Total: ${applied.length + pending.length} | Applied: ${applied.length} | Pending: ${pending.length}`,
    ...more,
  );
const untimed = (text: string): string => text.replaceAll(/\((\d+ms|\d+\.\d\ds)\)/g, '(Nms)');

describe('the commands', () => {
  test('status lists what is applied and what is pending, with times and totals, and writes nothing', async () => {
    const { rungs, database } = await fluxStudio();
    expect((await rungs('status')).stdout).toBe(status([], FILES));
    expect(await database.query("select to_regclass('schema_migrations') as t")).toEqual([{ t: null }]);
    await rungs('up --num-steps 2');
    expect(untimed((await rungs('status')).stdout)).toBe(status(FILES.slice(0, 2), FILES.slice(2)));
  });

  test('run applies what is pending in order; again there is nothing to do', async () => {
    const { rungs, rows, folder } = await fluxStudio();
    expect(await rungs('run')).toMatchObject({ code: 0, stdout: 'Applied 4 migrations\n' });
    expect(await rows()).toEqual(
      FILES.map((name) => ({
        name,
        checksum: itsChecksum(readFileSync(join(folder, MIGRATIONS, name), 'utf8')),
        applied_by: 'postgres',
        dated: true,
        timed: true,
      })),
    );
    expect(await rungs('run')).toMatchObject({ code: 0, stdout: 'No pending migrations\n', stderr: '' });
  });

  test('DRY_RUN=true shows what would be applied, and changes nothing', async () => {
    const { rungs, database } = await fluxStudio();
    const { code, stdout } = await rungs('run', { env: { DRY_RUN: 'true' } });
    const list = FILES.map((f) => `  - ${f}`);
    expect([code, stdout]).toEqual([
      0,
      lines('Dry run - the following migrations would be applied:', ...list),
    ]);
    expect(await database.query("select to_regclass('schema_migrations') as t")).toEqual([{ t: null }]);
  });

  test('rollback forgets the last record, reverses nothing, and says so', async () => {
    const { rungs, rows, database } = await fluxStudio();
    expect((await rungs('rollback')).stdout).toBe('No migrations to rollback\n');
    await rungs('run');
    expect((await rungs('rollback')).stdout).toBe(
      lines(
        'Rollback complete: 105_create_project_members.sql',
        'Note: Database changes are NOT automatically reversed.',
        'You may need to manually reverse the migration SQL.',
      ),
    );
    expect((await rows()).map((r) => r.name)).toEqual(FILES.slice(0, 3));
    expect(await database.query("select to_regclass('project_members') is not null as there")).toEqual([
      { there: true },
    ]);
    expect(documentOf(await rungs('rollback --json'))).toEqual({
      command: 'rollback',
      forgotten: FILES[2],
      warnings: [],
      error: null,
    });
  });

  test('create makes the next file, in snake case, with its header', async () => {
    const { rungs, folder } = await fluxStudio();
    const { stdout } = await rungs('create add_user_settings');
    expect(stdout).toBe(`${MIGRATIONS}/106_add_user_settings.sql\n`);
    const text = readFileSync(join(folder, MIGRATIONS, '106_add_user_settings.sql'), 'utf8');
    expect(text).toMatch(
      /^-- Migration: 106_add_user_settings\.sql\n-- Created: \d{4}-\d\d-\d\dT[\d:.]+Z\n-- Description: add_user_settings\n\n/,
    );
    await rungs('create Add-Colours!');
    expect(readdirSync(join(folder, MIGRATIONS)).at(-1)).toBe('107_add_colours.sql');
    // What else a name could mean is gone with the signs.
    expect((await rungs('create ../x')).stdout).toBe(`${MIGRATIONS}/108_x.sql\n`);
    expect(errorOf(await rungs('create ../ --json')).reason).toBe('name');
  });

  test('verify tests the connection and looks for the table', async () => {
    const { rungs } = await fluxStudio();
    expect((await rungs('verify')).stdout).toMatch(
      /^ok +version table +public\.schema_migrations is not there yet/m,
    );
    await rungs('run');
    expect((await rungs('verify')).stdout).toMatch(
      /^ok +version table +public\.schema_migrations has 4 records$/m,
    );
    const gone = await rungs('verify', { env: { DATABASE_URL: 'postgres://app:pw-x@127.0.0.1:1/flux' } });
    expect(gone.code).toBe(11);
    expect(gone.stdout).toMatch(/^FAILED +connection +connect ECONNREFUSED 127\.0\.0\.1:1$/m);
  });
});

describe('the environment', () => {
  test('DATABASE_URL is required', async () => {
    const { rungs } = await fluxStudio();
    expect(errorOf(await rungs('run --json', { env: { DATABASE_URL: '' } }))).toMatchObject({
      code: 'CONFIG_INVALID',
      message: 'DATABASE_URL environment variable is required',
    });
  });

  test('NODE_ENV=production asks for TLS, unless the URL says otherwise', async () => {
    const { rungs, database } = await fluxStudio();
    const env = { NODE_ENV: 'production' };
    const bare = database.url.replace(/[?&]sslmode=\w+/, '');
    const refused = errorOf(await rungs('run --json', { env: { ...env, DATABASE_URL: bare } }));
    expect(refused.message).toMatch(/TLS|SSL/);
    const plain = `${bare}${bare.includes('?') ? '&' : '?'}sslmode=disable`;
    expect(await rungs('run', { env: { ...env, DATABASE_URL: plain } })).toMatchObject({ code: 0 });
  });
});

describe('errors', () => {
  test('an error of connection names host, port, database and user, and never the password', async () => {
    const { rungs } = await fluxStudio();
    const { stderr, code } = await rungs('run', {
      env: { DATABASE_URL: 'postgres://flux:hunter2@127.0.0.1:1/studio' },
    });
    expect([code, stderr]).toEqual([11, expect.stringContaining('flux@127.0.0.1:1/studio')]);
    expect(stderr).not.toContain('hunter2');
  });

  test('a file that fails is rolled back and marked as failed; corrected, it runs', async () => {
    const { rungs, write, rows } = await fluxStudio();
    write({ '106_c.sql': 'create table c (id int);\ncreate table users (id int);' });
    expect((await rungs('run')).code).toBe(12);
    const failed = (await rungs('status')).stdout;
    expect(failed).toContain(
      '106_c.sql: failed: database/migrations/106_c.sql:2:1: relation "users" already exists (SQLSTATE 42P07); correct it',
    );
    expect(documentOf(await rungs('status --json')).migrations?.at(-1)).toMatchObject({ state: 'failed' });
    write({ '106_c.sql': 'create table c (id int);' });
    expect((await rungs('run')).stdout).toBe('Applied 1 migration\n');
    expect(untimed((await rungs('status')).stdout)).toBe(status([...FILES, '106_c.sql'], []));
    expect((await rows()).at(-1)).toMatchObject({ name: '106_c.sql' });
  });

  test('a syntax error is found before anything runs where the grammar is the server’s, and marked as failed', async () => {
    const { rungs, write, rows } = await fluxStudio();
    write({ '106_c.sql': 'selec 1;' });
    const isOurs = serverMajor === GRAMMAR_MAJOR;
    const reason = isOurs ? 'syntax' : 'sql';
    expect(errorOf(await rungs('run --json'))).toMatchObject({ reason, line: 1, column: 1 });
    expect(await rows()).toHaveLength(isOurs ? 0 : FILES.length);
    expect((await rungs('status')).stdout).toContain(
      '106_c.sql: failed: database/migrations/106_c.sql:1:1: syntax',
    );
  });

  test('a file is skipped by a row put in by hand, and run again when its row is taken out', async () => {
    const { rungs, database } = await fluxStudio();
    await rungs('up --num-steps 3');
    await database.query(`insert into schema_migrations (migration_name) values ('${FILES[3]}')`);
    expect((await rungs('run')).stdout).toBe('No pending migrations\n');
    await database.query(`delete from schema_migrations where migration_name = '${FILES[3]}'`);
    expect((await rungs('run')).stdout).toBe('Applied 1 migration\n');
  });

  test('a role that may not create is told which right it lacks', async () => {
    const { rungs, database } = await fluxStudio();
    await database.query('revoke create on schema public from public');
    const role = await createRole();
    const error = errorOf(await rungs('run --json', { env: { DATABASE_URL: role.urlOf(database) } }));
    expect(error).toMatchObject({
      reason: 'permission',
      hint: expect.stringContaining('grant usage, create on schema'),
    });
  });

  test('the exit code tells of a failed run', async () => {
    const { rungs, write } = await fluxStudio();
    write({ '002_x.sql': 'select 1/0;' });
    expect((await rungs('run')).code).toBe(12);
  });
});

describe('beside its own tool', () => {
  test('what that has applied is applied, and what we apply it sees as its own', async () => {
    const { rungs, itsTool, rows } = await fluxStudio();
    await itsTool(FILES[0]);
    await itsTool(FILES[1]);
    expect(untimed((await rungs('status')).stdout)).toBe(status(FILES.slice(0, 2), FILES.slice(2)));
    expect((await rungs('up --num-steps 1')).stdout).toBe('Applied 1 migration\n1 pending\n');
    await itsTool(FILES[3]);
    expect((await rungs('run')).stdout).toBe('No pending migrations\n');
    const shapes = new Set(
      (await rows()).map((r) => `${String(r.checksum).length} ${r.applied_by} ${r.dated}`),
    );
    expect([...shapes]).toEqual(['16 postgres true']);
  });

  test('a file edited after we applied it is refused, and one edited after its tool did is shown', async () => {
    const { rungs, write, itsTool, folder } = await fluxStudio();
    await itsTool(FILES[0]);
    write({ [FILES[0]]: `${readFileSync(join(folder, MIGRATIONS, FILES[0]), 'utf8')}-- later\n` });
    expect((await rungs('run')).stdout).toBe('Applied 3 migrations\n');
    expect((await rungs('status')).stdout).toContain(`${FILES[0]}: edited after being applied`);
    write({ [FILES[3]]: 'select 1;', '106_c.sql': 'select 1;' });
    expect(errorOf(await rungs('run --json'))).toMatchObject({
      reason: 'changed',
      message: `${FILES[3]} was edited after being applied`,
    });
    expect((await rungs('run --accept-changed')).stdout).toBe('Applied 1 migration\n');
    expect((await rungs('status')).stdout).not.toContain(`${FILES[3]}: edited`);
  });

  test('other line ends are no edit', async () => {
    const { rungs, write, itsTool, folder } = await fluxStudio();
    await itsTool(FILES[0]);
    await rungs('up --num-steps 1');
    for (const file of FILES.slice(0, 2)) {
      const text = readFileSync(join(folder, MIGRATIONS, file), 'utf8');
      write({ [file]: text.replaceAll('\n', '\r\n') });
    }
    expect((await rungs('status')).stdout).not.toContain('edited');
  });

  test('its table under pairs is refused, with the setting to write', async () => {
    const { rungs, itsTool, write } = await fluxStudio();
    await itsTool(FILES[0]);
    write({ '../pairs/1_a.up.sql': 'select 1;' });
    const error = errorOf(await rungs('status --json --path database/pairs'));
    expect(error).toMatchObject({
      code: 'MIGRATION_VERSION_FAILED',
      reason: 'ledger_shape',
      hint: expect.stringContaining('layout: named'),
    });
  });
});
