/** What an error of a fleet says to type next is about the target that it is of, typed as it stands. */

import { execFile } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { rungs } from '../support/cli.ts';
import { createDatabase } from '../support/database.ts';
import { errorOf } from '../support/documents.ts';
import { folderOf } from '../support/folder.ts';
import { withParameters } from '../support/golang-migrate.ts';
import { createTenants, versionsIn } from '../support/tenants.ts';

const HALF = {
  '9_first.up.sql': 'create table first ();',
  '9_first.down.sql': '',
  '10_half.up.sql':
    '-- rungs: plain\nbegin; create table half (); commit;\nbegin; create table taken (); commit;\n',
  '10_half.down.sql': '',
};

function projectOf(targets: string): string {
  const files = Object.entries(HALF).map(([name, text]) => [`migrations/${name}`, text]);
  return folderOf({ 'rungs.yaml': `targets:\n${targets}\n`, ...Object.fromEntries(files) });
}

/** As at a shell's prompt. */
async function typed(command: string, cwd: string, env: Readonly<Record<string, string>>): Promise<string> {
  const script = resolve(import.meta.dirname, '../../dist/rungs.mjs');
  const bin = folderOf({ rungs: `#!/bin/sh\nexec '${process.execPath}' '${script}' "$@"\n` });
  chmodSync(join(bin, 'rungs'), 0o755);
  const { HOME = '', PATH = '' } = process.env;
  const options = { cwd, env: { HOME, PATH: `${bin}:${PATH}`, ...env } };
  return (await promisify(execFile)('/bin/sh', ['-c', command], options)).stdout;
}

const commandIn = (hint: string): string => /`([^`]*\brungs force [^`]*)`/.exec(hint)?.[1] ?? hint;

describe('the next command of a fleet’s error', () => {
  it('forces the schema whose file failed half-way, and no other', async () => {
    const tenants = await createTenants(['a', 'Ten ant\\s']);
    await tenants.database.query('create table "Ten ant\\s".taken ()');
    const project = projectOf("  - schema: a\n  - schema: 'Ten ant\\s'");
    const env = { DATABASE_URL: tenants.database.url };
    const result = await rungs(['fleet', '--json'], { cwd: project, env });
    expect(result.code).toBe(12);
    const { hint } = errorOf(result);
    expect(result.stderr).toContain(hint);
    expect(await versionsIn(tenants)).toEqual({ a: '10', 'Ten ant\\s': '10 dirty' });
    expect(await typed(commandIn(hint), project, env)).toContain('Version forced successfully: 10 to 9');
    expect(await versionsIn(tenants)).toEqual({ a: '10', 'Ten ant\\s': '9' });
    expect(await versionsIn({ ...tenants, schemas: ['public'] })).toEqual({ public: 'none' });
  });

  it('names the database too where a flag has said which, as the same words typed again would be about another', async () => {
    const [tenants, other] = [await createTenants(['a']), await createDatabase()];
    await tenants.database.query('create table a.taken ()');
    const project = projectOf('  - schema: a');
    const env = { DATABASE_URL: other.url };
    const result = await rungs(['fleet', '--json', '--database', tenants.database.url], {
      cwd: project,
      env,
    });
    const { password } = new URL(tenants.database.url);
    const command = commandIn(errorOf(result).hint);
    await typed(command, project, { ...env, PGPASSWORD: decodeURIComponent(password) });
    expect(await versionsIn(tenants)).toEqual({ a: '9' });
    expect(await other.query("select from pg_class where relname = 'schema_migrations'")).toEqual([]);
  });

  it('names a target that has a connection string of its own, and leaves the password to whoever types it', async () => {
    const [base, own] = [await createDatabase(), await createDatabase()];
    await own.query('create schema b; create table b.taken ()');
    const url = withParameters(own.url, { application_name: 'mine' });
    const project = projectOf(`  - url: ${url}\n    schema: b`);
    const env = { DATABASE_URL: base.url };
    const result = await rungs(['fleet', '--json'], { cwd: project, env });
    const { password } = new URL(own.url);
    const { hint } = errorOf(result);
    const command = commandIn(hint);
    expect(command).toMatch(/^rungs force 9 --database 'postgres\w*:\/\/postgres@.*search_path=%22b%22'$/);
    expect(hint).toContain('its password is to be put into the connection string');
    await typed(command, project, { ...env, PGPASSWORD: decodeURIComponent(password) });
    expect(await own.query('select version, dirty from b.schema_migrations')).toEqual([
      { version: '9', dirty: false },
    ]);
  });

  it('is about the schema of a half-done file where the fleet finds it dirty again', async () => {
    const tenants = await createTenants(['a', 'b']);
    await tenants.database.query('create table b.taken ()');
    const project = projectOf('  - schema: a\n  - schema: b');
    const env = { DATABASE_URL: tenants.database.url };
    await rungs(['fleet'], { cwd: project, env });
    const again = await rungs(['fleet', '--json'], { cwd: project, env });
    const { reason, hint } = errorOf(again);
    expect(reason).toBe('dirty');
    expect(hint.match(/`PGOPTIONS='-c search_path="b"' rungs force \d+`/g)).toHaveLength(2);
    expect(hint.match(/rungs force/g)).toHaveLength(2);
  });
});
