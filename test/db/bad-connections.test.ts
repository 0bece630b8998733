/** Servers that are not there, not yet there, or say no; and URLs that are none. */

import { describe, expect, it } from 'vitest';
import { documentOf, errorOf } from '../support/documents.ts';
import { startProxy } from '../support/proxy.ts';
import { createRole } from '../support/role.ts';
import { lines, told, workplace } from '../support/workplace.ts';

const FILES = { '1_a.up.sql': 'create table a (id int);' };

describe('DATABASE_URL', () => {
  it.each([{}, { RUNGS_VOICE: 'task' }])(
    'is required, and the hint says how to get one (%j)',
    async (env) => {
      const { rungs } = await workplace(FILES);
      const result = await rungs('up', { env: { DATABASE_URL: '', ...env } });
      expect(result.code).toBe(19);
      expect(told(result)).toBe(
        lines(
          'CONFIG_INVALID: the configuration is not valid',
          '  operation: read the configuration',
          '  error: DATABASE_URL environment variable is required',
          `  next: set DATABASE_URL, or ${'RUNGS_VOICE' in env ? 'run `task db:start`' : 'give `--database URL`'}`,
        ),
      );
    },
  );

  it.each([
    ['mysql://app@db/app', 'the URL’s scheme is not postgres or postgresql'],
    ['db.example.com/app', 'the URL does not begin with postgres://'],
    ['postgres://app@db:54321x/app', 'port in the URL is not a number from 1 to 65535'],
    ['postgres://app@db/app?sslmode=on', 'sslmode in the URL is not an sslmode'],
    [
      'postgres://app@db/app?ssl_mode=require',
      'the parameter "ssl_mode" is not known; did you mean sslmode?',
    ],
    ['postgres://app@[::1/app', 'the brackets around a host are not right'],
  ])('of the form %s is refused, and says what is wrong with it', async (url, message) => {
    const { rungs } = await workplace(FILES);
    const result = await rungs('status --json', { env: { DATABASE_URL: url } });
    expect(result.code).toBe(11);
    expect(errorOf(result)).toMatchObject({ code: 'MIGRATION_INIT_FAILED', reason: 'url', message });
  });
});

describe('a server', () => {
  it('that has stopped is tried again, and then named', async () => {
    const { rungs, database } = await workplace(FILES);
    const proxy = await startProxy(database.url);
    await proxy.close();
    const address = new URL(proxy.url).host;
    const result = await rungs('up', { env: { DATABASE_URL: proxy.url } });
    expect(result.code).toBe(11);
    expect(told(result)).toBe(
      lines(
        `connection attempt 1/3 failed: connect ECONNREFUSED ${address}; trying again in N ms`,
        `connection attempt 2/3 failed: connect ECONNREFUSED ${address}; trying again in N ms`,
        'MIGRATION_INIT_FAILED: cannot get ready to migrate',
        `  operation: connect to postgres@${address}/${database.name}`,
        `  error: connect ECONNREFUSED ${address}`,
        '  3 attempts',
        '  next: check that the server runs and the URL is right; `rungs config` shows where that comes from',
      ).replace('postgres@', `${new URL(database.url).username}@`),
    );
  });

  it('that comes up at the third attempt is used', async () => {
    const { rungs, database, ledger } = await workplace(FILES);
    const proxy = await startProxy(database.url);
    proxy.accept = () => (proxy.connections < 3 ? 'reset' : 'server');
    const result = await rungs('up --json', { env: { DATABASE_URL: proxy.url } });
    expect(documentOf(result)).toMatchObject({ to: '1', error: null });
    expect(result.stderr).toMatch(
      /^connection attempt 1\/3 failed: [^\n]+\nconnection attempt 2\/3 failed: /,
    );
    expect(await ledger()).toEqual(['1']);
  });

  it('that does not know the password is not asked a second time', async () => {
    const { rungs, database } = await workplace(FILES);
    const role = await createRole();
    const proxy = await startProxy(role.urlOf(database));
    const url = new URL(proxy.url);
    url.password = 'wrong';
    const result = await rungs('up --json', { env: { DATABASE_URL: url.href } });
    expect(result.code).toBe(11);
    expect(errorOf(result)).toMatchObject({
      reason: 'connection',
      message: `password authentication failed for user "${role.name}"`,
      sqlstate: '28P01',
      hint: 'check the user and the password in the URL, PGPASSWORD or .pgpass',
    });
    expect(proxy.connections).toBe(1);
  });

  it.each([
    ['role=rungs_no_such_role', /^create the role, or correct its name/],
    ['target_session_attrs=standby', /^no host is what target_session_attrs=standby asks for/],
    ['channel_binding=require&sslmode=disable', /^take sslmode=require /],
  ])('that cannot give %s is answered by a hint about that', async (asked, hint) => {
    const { rungs, database } = await workplace(FILES);
    const role = await createRole();
    const url = new URL(role.urlOf(database));
    for (const [key, value] of new URLSearchParams(asked)) url.searchParams.set(key, value);
    const env = { DATABASE_URL: url.href, DB_RETRY_ATTEMPTS: '1' };
    const result = await rungs('up --json', { env });
    expect(errorOf(result)).toMatchObject({ reason: 'connection', hint: expect.stringMatching(hint) });
  });

  it('where the login is no member of the role is answered with the GRANT, and verify says which server', async () => {
    const { rungs, database } = await workplace(FILES);
    const [login, other] = [await createRole(), await createRole()];
    const env = { DATABASE_URL: login.urlOf(database) };
    const result = await rungs(`up --json --role ${other.name}`, { env });
    expect(errorOf(result)).toMatchObject({
      message: `permission denied to set role "${other.name}"`,
      hint: `\`grant "${other.name}" to "${login.name}"\`, or act as another role`,
    });
    const { stdout } = await rungs(`verify --role ${other.name}`, { env });
    expect(stdout).toMatch(new RegExp(`^ +connect to ${login.name}@\\S+/${database.name}$`, 'm'));
  });

  it('that wants a password is not given an empty one', async () => {
    const { rungs, database } = await workplace(FILES);
    const role = await createRole();
    const url = new URL(role.urlOf(database));
    url.password = '';
    const result = await rungs('up --json', { env: { DATABASE_URL: url.href, PGPASSFILE: '/nonexistent' } });
    expect(errorOf(result)).toMatchObject({
      reason: 'connection',
      message: 'fe_sendauth: no password supplied',
      hint: 'give the password in the URL, PGPASSWORD or .pgpass',
    });
  });
});
