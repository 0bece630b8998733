/** Who is let in, with a password from wherever it may come: as with psql. */

import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { parseDatabaseUrl } from '../../../src/config/url.ts';
import type { Event } from '../../../src/event.ts';
import { connect } from '../../../src/pg/connect.ts';
import { HBA, makeAccounts, PASSWORD } from '../../support/accounts.ts';
import { Certificates, hasOpenssl } from '../../support/certificates.ts';
import { failureOf } from '../../support/failure.ts';
import { root } from '../../support/project.ts';
import { byPsql, byUs, type Env, hasPsql, once } from '../../support/psql.ts';
import { makeServer, type OwnServer } from '../../support/tls-servers.ts';

const home = join(root, 'home');
const certificates = new Certificates(join(root, 'certificates'));
let server: OwnServer;

const quoted = (text: string) => `'${text.replaceAll(/[\\']/g, '\\$&')}'`;
const inPassfile = (text: string) => text.replaceAll(/[\\:]/g, '\\$&');

describe.runIf(hasPsql && hasOpenssl)('as with psql', () => {
  beforeAll(async () => {
    certificates.authority('ca');
    certificates.certificate('server', { name: 'db.example' });
    server = await makeServer('login', HBA, {});
    await server.start();
    await makeAccounts(server);
    await server.query('create database odd_name; ');
    await server.query("alter role member set search_path = 'of member'");
    await server.present(certificates, 'server');
  });

  beforeEach(() => {
    rmSync(home, { recursive: true, force: true });
    mkdirSync(home);
  });

  async function compareText(text: string, env: Env = {}): Promise<string> {
    const here = { HOME: home, ...env };
    const [theirs, ours] = await Promise.all([byPsql(text, here), byUs(text, here)]);
    expect(ours).toBe(theirs);
    return ours;
  }

  const compare = (more: string, env: Env = {}) =>
    compareText(`host=localhost hostaddr=127.0.0.1 port=${server.port} dbname=postgres ${more}`, env);

  const methods = ['scram', 'scram_tls', 'md5', 'clear'];
  const bindings = ['', 'disable', 'prefer', 'require'];

  describe.each(methods)('%s', (user) => {
    it.each(['disable', 'require'].flatMap((mode) => bindings.map((binding) => [mode, binding] as const)))(
      'sslmode=%s channel_binding=%s',
      async (mode, binding) => {
        const more = `user=${user} sslmode=${mode} ${binding && `channel_binding=${binding}`}`;
        const right = await compare(`${more} password=${quoted(PASSWORD)}`);
        if (binding === 'require' && (mode === 'disable' || !user.includes('scram')))
          expect(right).toMatch(/binding|no entry/);
      },
    );
  });

  it.each(['scram', 'md5', 'clear'])('%s, with the wrong password or none', async (user) => {
    for (const mode of ['disable', 'prefer', 'require']) {
      expect(await compare(`user=${user} sslmode=${mode} password=wrong`)).toBe('refused: password');
      expect(await compare(`user=${user} sslmode=${mode}`)).toBe('refused: no password');
    }
  });

  it('a server that asks for more work than pg would do', async () => {
    expect(await compare(`user=slow_scram password=${quoted(PASSWORD)}`)).toContain('TLSv1.3');
  });

  it.each(['trusted', 'only_tls'])(
    '%s and channel_binding=require, where nobody asks for a password',
    async (user) => {
      const more = `user=${user} password=x sslmode=require`;
      expect(await compare(`${more} channel_binding=require`)).toBe('refused: binding');
      expect(await compare(more)).toContain('TLSv1.3');
    },
  );

  describe('a password arrives', () => {
    const port = () => server.port;
    it.each([
      [
        'in a URL',
        () => [`postgres://scram:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port()}/postgres`, {}],
      ],
      ['as a parameter of one', () => [url(`?password=${encodeURIComponent(PASSWORD)}`), {}]],
      ['in PGPASSWORD', () => [url(), { PGPASSWORD: PASSWORD }]],
      ['in ~/.pgpass', () => [url(), { '.pgpass': `127.0.0.1:*:postgres:scram:${inPassfile(PASSWORD)}` }]],
      ['in PGPASSFILE', () => [url(), { PGPASSFILE: own(`*:*:*:scram:${inPassfile(PASSWORD)}`) }]],
      ['in passfile=', () => [url(`?passfile=${own(`*:*:*:*:${inPassfile(PASSWORD)}`)}`), {}]],
      [
        'in a line for localhost',
        () => [named(), { '.pgpass': `localhost:*:*:*:${inPassfile(PASSWORD)}\n` }],
      ],
    ] as const)('%s', async (_where, given) => {
      const [text, { '.pgpass': passfile, ...env }] = given() as unknown as [string, Record<string, string>];
      if (passfile !== undefined) writeFileSync(join(home, '.pgpass'), passfile, { mode: 0o600 });
      expect(await compareText(text, env)).toContain('scram as scram');
    });

    const url = (more = '') => `postgres://scram@127.0.0.1:${port()}/postgres${more}`;
    const named = () => `host=localhost hostaddr=127.0.0.1 port=${port()} user=scram dbname=postgres`;
    function own(line: string): string {
      writeFileSync(join(home, 'passwords'), `# mine\n${line}\r\n`, { mode: 0o600 });
      return join(home, 'passwords');
    }

    it('from the connection string before PGPASSWORD, and from there before a file', async () => {
      writeFileSync(join(home, '.pgpass'), `*:*:*:*:${inPassfile(PASSWORD)}`, { mode: 0o600 });
      expect(await compareText(url(), { PGPASSWORD: 'x' })).toBe('refused: password');
      expect(await compareText(url('?password=x'), { PGPASSWORD: PASSWORD })).toBe('refused: password');
      expect(await compareText(url('?password='), {})).toContain('scram as scram');
    });

    it.each([
      ['of another host', 'other:*:*:*:x', 0o600, 'refused: no password'],
      ['that is wrong', '*:*:*:*:x', 0o600, 'refused: password'],
      ['that is empty', '*:*:*:*:\n*:*:*:*:x', 0o600, 'refused: no password'],
      ['in a file that the group may read', `*:*:*:*:${inPassfile(PASSWORD)}`, 0o640, 'refused: no password'],
      ['in a file that all may write', `*:*:*:*:${inPassfile(PASSWORD)}`, 0o602, 'refused: no password'],
      ['in a file that only we may read', `*:*:*:*:${inPassfile(PASSWORD)}`, 0o400, 'scram as scram'],
    ])('not from a line %s', async (_what, line, mode, expected) => {
      writeFileSync(join(home, '.pgpass'), line);
      chmodSync(join(home, '.pgpass'), mode);
      expect(await compareText(url())).toContain(expected);
    });

    it('with libpq’s warning for a file that others can read, and its word on where a wrong one is from', async () => {
      const file = join(home, '.pgpass');
      writeFileSync(file, '*:*:*:*:x');
      chmodSync(file, 0o644);
      const heard: Event[] = [];
      const database = parseDatabaseUrl(url(), { HOME: home });
      const attempt = () => connect(database, 'test', { ...once(), emit: (e) => heard.push(e) });
      expect((await failureOf(attempt())).message).toBe('fe_sendauth: no password supplied');
      const words = `password file "${file}" has group or world access; permissions should be u=rw (0600) or less`;
      expect(heard).toMatchObject([{ kind: 'warning', warning: { reason: 'passfile', message: words } }]);
      chmodSync(file, 0o600);
      const { sqlstate, details } = await failureOf(attempt());
      expect([sqlstate, details.at(-1)]).toEqual(['28P01', `password retrieved from file "${file}"`]);
    });
  });

  it.each([
    ['user=trusted options=-csearch_path=elsewhere', 'path elsewhere'],
    ['user=trusted options=\'-c search_path="a\\\\ b"\'', 'path "a b"'],
    ['user=member', 'path "of member"'],
    ["user=member options='-c role=owner'", 'member as owner'],
    ["user=trusted options='-c role=owner'", 'refused: server'],
    ["user=trusted options='-c role=nobody'", 'refused: server'],
    ["user=trusted options='-c nothing_known=1'", 'refused: server'],
    ['user=nobody_at_all', 'refused: no entry'],
    ['user=trusted dbname=none_such', 'refused: server'],
    ['user=trusted application_name=mine', 'called mine'],
    ['user=trusted connect_timeout=x', 'refused: string'],
    ['user=trusted keepalives=0 connect_timeout=3', 'trusted as trusted'],
    ['user=trusted gssencmode=disable', 'trusted as trusted'],
  ])('%s', async (more, expected) => {
    const database = more.includes('dbname') ? '' : 'dbname=postgres';
    expect(await compareText(`host=127.0.0.1 port=${server.port} ${database} ${more}`)).toContain(expected);
  });

  it('through a socket, whatever sslmode says', async () => {
    for (const mode of ['disable', 'require', 'verify-full']) {
      const text = `host=${server.socket} port=${server.port} user=rejected dbname=postgres sslmode=${mode}`;
      expect(await compareText(text)).toContain('port none plain');
    }
    const url = `postgres://scram@${encodeURIComponent(server.socket)}:${server.port}/postgres`;
    expect(await compareText(`${url}?channel_binding=require`)).toBe('refused: binding');
  });

  it('with all that the environment says', async () => {
    const env = {
      PGHOST: '127.0.0.1',
      PGPORT: String(server.port),
      PGDATABASE: 'odd_name',
      PGUSER: 'trusted',
    };
    const more = { PGAPPNAME: 'mine', PGSSLMODE: 'require', PGOPTIONS: '-c search_path=there' };
    expect(await compareText('postgres://', { ...env, ...more })).toMatch(
      /^trusted as trusted on odd_name port \d+ TLSv1.3 called mine path there$/,
    );
    expect(await compareText('postgres://', { ...env, PGCHANNELBINDING: 'require' })).toBe(
      'refused: binding',
    );
    expect(await compareText('postgres://', { ...env, PGTARGETSESSIONATTRS: 'standby' })).toBe(
      'refused: session',
    );
    expect(await compareText('postgres://', { ...env, PGSSLMAXPROTOCOLVERSION: 'TLSv1.2' })).toContain(
      'TLSv1.2',
    );
  });

  it('and with nothing that another environment says, though pg would read it', async () => {
    const ours = { PGOPTIONS: '-c search_path=leak', PGREPLICATION: 'database', PGSSLNEGOTIATION: 'direct' };
    for (const [name, value] of Object.entries({ ...ours, PGCLIENT_ENCODING: 'LATIN1' }))
      vi.stubEnv(name, value);
    const text = `host=127.0.0.1 port=${server.port} user=trusted dbname=postgres`;
    for (const mode of ['disable', 'require'])
      expect(await byUs(`${text} sslmode=${mode}`, {})).toContain('path "$user", public');
    vi.unstubAllEnvs();
  });
});
