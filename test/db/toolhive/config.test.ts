/** ToolHive’s config.yaml, and that nothing shows the passwords in it. */

import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { rungs } from '../../support/cli.ts';
import { createDatabase } from '../../support/database.ts';
import { writeInto } from '../../support/folder.ts';
import { done, project, sectionOf, writeConfig } from '../../support/toolhive.ts';

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

  test('with a blank in its name is quoted in the command to type', async () => {
    const { folder } = await project();
    const name = 'my config.yaml';
    writeInto(folder, { [name]: readFileSync(join(folder, 'config.yaml')) });
    chmodSync(join(folder, name), 0o644);
    const { stderr } = await rungs(['version', '--config', name], { cwd: folder });
    expect(stderr).toContain("`chmod 600 'my config.yaml'`\n");
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
