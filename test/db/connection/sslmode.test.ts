/** What sslmode and the authority's file mean to psql they mean to us: on servers of every kind, with every mode. */

import { mkdirSync, rmSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseDatabaseUrl } from '../../../src/config/url.ts';
import { connect } from '../../../src/pg/connect.ts';
import { HBA, makeAccounts } from '../../support/accounts.ts';
import { Certificates, hasOpenssl } from '../../support/certificates.ts';
import { failureOf } from '../../support/failure.ts';
import { root } from '../../support/project.ts';
import { byPsql, byUs, hasPsql, once } from '../../support/psql.ts';
import { makeServer, type OwnServer } from '../../support/tls-servers.ts';

const home = join(root, 'home');
const certificates = new Certificates(join(root, 'certificates'));
const file = (name: string) => certificates.path(name);
let server: OwnServer;

const MODES = ['', 'disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'];

/** Each mode alone, and with each of the files as the authority. */
const combinations = (...roots: string[]) =>
  ['', ...roots].flatMap((name) =>
    MODES.map((mode) =>
      [mode && `sslmode=${mode}`, name && `sslrootcert=${file(name)}`].filter((s) => s !== '').join(' '),
    ),
  );

describe.runIf(hasPsql && hasOpenssl)('as with psql', () => {
  beforeAll(async () => {
    certificates.authority('ca');
    certificates.authority('other-ca');
    const name = 'db.example';
    certificates.certificate('good', { name, also: `DNS:${name}` });
    certificates.certificate('expired', { name, also: `DNS:${name}`, days: -1 });
    certificates.certificate('self-signed', { name, also: `DNS:${name}`, by: 'itself' });
    certificates.certificate('wrong-host', { name: 'elsewhere.example', also: 'DNS:elsewhere.example' });
    server = await makeServer('sslmode', HBA, {});
    await server.start();
    await makeAccounts(server);
  });

  beforeEach(() => {
    rmSync(home, { recursive: true, force: true });
    mkdirSync(join(home, '.postgresql'), { recursive: true });
  });

  /** Both get in, as the same user and in the same way, or both are refused for the same kind of reason. */
  async function compare(more: string, user = 'trusted'): Promise<string> {
    const text = `host=db.example hostaddr=127.0.0.1 port=${server.port} dbname=postgres user=${user} ${more}`;
    const [theirs, ours] = await Promise.all([byPsql(text, { HOME: home }), byUs(text, { HOME: home })]);
    expect(ours).toBe(theirs);
    return ours;
  }

  const kinds = [
    // Without the file we say so before we ask the server, which would have said no too.
    ['none', null, combinations('ca.crt').filter((row) => !/^sslmode=verify-\w+$/.test(row))],
    ['a good one', 'good', combinations('ca.crt', 'other-ca.crt')],
    ['a self-signed one', 'self-signed', combinations('ca.crt', 'self-signed.crt')],
    ['an expired one', 'expired', combinations('ca.crt')],
    ['one for another host', 'wrong-host', combinations('ca.crt')],
  ] as const;

  describe.each(kinds)('where the server’s certificate is %s', (_what, certificate, rows) => {
    beforeAll(async () => {
      if (certificate === null) await server.configure({ ssl: 'off' });
      else await server.present(certificates, certificate);
    });

    it.each(rows)('%s', async (more) => {
      await compare(more);
    });
  });

  describe('where the rules are about TLS', () => {
    beforeAll(() => server.present(certificates, 'good'));

    const users = ['only_tls', 'only_plain', 'rejected', 'scram_tls'];
    it.each(users.flatMap((user) => MODES.map((mode) => [user, mode] as const)))(
      '%s, %s',
      async (user, mode) => {
        await compare(mode && `sslmode=${mode} sslrootcert=${file('ca.crt')}`, user);
      },
    );
  });

  describe('where there is a root.crt at home', () => {
    beforeAll(() => server.present(certificates, 'good'));

    it.each(['ca', 'other-ca'].flatMap((name) => MODES.map((mode) => [name, mode] as const)))(
      '%s, %s',
      async (name, mode) => {
        await copyFile(file(`${name}.crt`), join(home, '.postgresql/root.crt'));
        await compare(mode && `sslmode=${mode}`);
      },
    );

    it('an empty one is an error, and prefer goes on without TLS', async () => {
      await copyFile(file('ca.index'), join(home, '.postgresql/root.crt'));
      expect(await compare('sslmode=require')).toBe('refused: file');
      expect(await compare('sslmode=prefer')).toContain(' plain ');
    });
  });

  it('and the outcomes are not all the same', async () => {
    await server.present(certificates, 'good');
    const ca = `sslrootcert=${file('ca.crt')}`;
    expect(await compare(`sslmode=verify-full ${ca}`)).toContain(' TLSv1.3 ');
    expect(await compare('sslmode=allow')).toContain(' plain ');
    expect(await compare(`sslmode=require sslrootcert=${file('other-ca.crt')}`)).toBe('refused: certificate');
    expect(await compare('sslmode=verify-full')).toBe('refused: file');
  });
});

/** On purpose not as with psql, which goes on without the check, or without the certificate. */
describe.runIf(hasPsql && hasOpenssl)('a file that was named has to be there', () => {
  it.each([
    ['sslmode=prefer sslrootcert=/nowhere', 'sslrootcert'],
    ['sslmode=require sslcert=/nowhere', 'sslcert'],
    [`sslmode=require sslrootcert=${file('good.crt')} sslcrl=/nowhere`, 'sslcrl'],
  ])('%s', async (more, keyword) => {
    const database = parseDatabaseUrl(`host=127.0.0.1 port=1 user=u ${more}`, {});
    const error = await failureOf(connect(database, 'test', once()));
    expect(error).toMatchObject({ reason: 'unreadable', message: `${keyword} /nowhere: ENOENT` });
  });
});
