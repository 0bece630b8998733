/** A client's certificate and its key, named or at home, with libpq's checks: as with psql. */

import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { copyFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseDatabaseUrl } from '../../../src/config/url.ts';
import { connect } from '../../../src/pg/connect.ts';
import { HBA, makeAccounts } from '../../support/accounts.ts';
import { Certificates, hasOpenssl } from '../../support/certificates.ts';
import { failureOf } from '../../support/failure.ts';
import { isRoot, root } from '../../support/project.ts';
import { byPsql, byUs, hasPsql, once } from '../../support/psql.ts';
import { giveToServer, makeServer, type OwnServer } from '../../support/tls-servers.ts';

const home = join(root, 'home');
const certificates = new Certificates(join(root, 'certificates'));
const file = (name: string) => certificates.path(name);
let server: OwnServer;

describe.runIf(hasPsql && hasOpenssl)('as with psql', () => {
  beforeAll(async () => {
    certificates.authority('ca');
    certificates.authority('other-ca');
    certificates.certificate('server', { name: 'db.example' });
    certificates.certificate('own', { name: 'certified' });
    certificates.certificate('stranger', { name: 'somebody' });
    certificates.certificate('foreign', { name: 'certified', by: 'other-ca' });
    certificates.certificate('old', { name: 'certified', days: -1 });
    certificates.encrypt('own', 'locked', 'open sesame');
    server = await makeServer('client', HBA, {});
    await server.start();
    await makeAccounts(server);
    const ca = join(server.data, 'ca.crt');
    await copyFile(file('ca.crt'), ca);
    await giveToServer(ca);
    await server.configure({ ssl_ca_file: 'ca.crt' });
    await server.present(certificates, 'server');
  });

  beforeEach(() => {
    rmSync(home, { recursive: true, force: true });
    mkdirSync(join(home, '.postgresql'), { recursive: true });
  });

  const textOf = (more: string, user = 'certified') =>
    `host=db.example hostaddr=127.0.0.1 port=${server.port} dbname=postgres user=${user} ${more}`;

  async function compare(more: string, user = 'certified'): Promise<string> {
    const text = textOf(more, user);
    const [theirs, ours] = await Promise.all([byPsql(text, { HOME: home }), byUs(text, { HOME: home })]);
    expect(ours).toBe(theirs);
    return ours;
  }

  const pair = (cert: string, key = cert) => `sslcert=${file(`${cert}.crt`)} sslkey=${file(`${key}.key`)}`;

  it.each([
    ['its own', () => pair('own'), 'TLSv1.3 /CN=certified'],
    ['another’s', () => pair('stranger'), 'refused: client certificate'],
    [
      'one of an authority that the server does not know',
      () => pair('foreign'),
      'refused: client certificate',
    ],
    ['one that has expired', () => pair('old'), 'refused: client certificate'],
    ['none', () => '', 'refused: client certificate'],
    ['a key that is not the certificate’s', () => pair('own', 'stranger'), 'refused: file'],
    [
      'a key that is a certificate',
      () => `sslcert=${file('own.crt')} sslkey=${file('own.crt')}`,
      'refused: file',
    ],
    [
      'a certificate that is a key',
      () => `sslcert=${file('own.key')} sslkey=${file('own.key')}`,
      'refused: file',
    ],
    ['a key with its password', () => `${pair('own', 'locked')} sslpassword='open sesame'`, '/CN=certified'],
    ['a key with another password', () => `${pair('own', 'locked')} sslpassword=x`, 'refused: file'],
    ['a password that is not needed', () => `${pair('own')} sslpassword=x`, '/CN=certified'],
  ])('a user with %s', async (_what, more, expected) => {
    expect(await compare(`sslmode=require ${more()}`)).toContain(expected);
  });

  it('a user whose key is at home, or only the certificate', async () => {
    await copyFile(file('own.crt'), join(home, '.postgresql/postgresql.crt'));
    expect(await compare('sslmode=require')).toBe('refused: file');
    await copyFile(file('own.key'), join(home, '.postgresql/postgresql.key'));
    expect(await compare('sslmode=require')).toContain('/CN=certified');
    expect(await compare(`sslmode=require sslkey=${file('own.key')}`)).toContain('/CN=certified');
  });

  it('one that the server does not ask for', async () => {
    expect(await compare(`sslmode=require ${pair('own')}`, 'trusted')).toContain('TLSv1.3 /CN=certified');
    expect(await compare(`sslmode=prefer ${pair('foreign')}`, 'trusted')).toBe('refused: client certificate');
  });

  it('a key that is a folder, or not there', async () => {
    expect(await compare(`sslmode=require sslcert=${file('own.crt')} sslkey=${home}`)).toBe('refused: file');
    const text = textOf(`sslmode=require sslcert=${file('own.crt')} sslkey=/nowhere`);
    expect(await byPsql(text, { HOME: home })).toBe('refused: file');
    const error = await failureOf(connect(parseDatabaseUrl(text, {}), 'test', once()));
    expect(error).toMatchObject({ reason: 'unreadable', message: 'sslkey /nowhere: ENOENT' });
  });

  const modes = [0o600, 0o400, 0o640, 0o644, 0o660, 0o604, 0o700];
  const owners = isRoot ? ['root', 'somebody else'] : ['the user'];
  it.each(owners.flatMap((owner) => modes.map((mode) => [owner, mode.toString(8)] as const)))(
    'a key of %s with mode %s',
    async (owner, mode) => {
      const key = join(home, 'own.key');
      await copyFile(file('own.key'), key);
      if (owner === 'somebody else') await giveToServer(key);
      chmodSync(key, Number.parseInt(mode, 8));
      const outcome = await compare(`sslmode=require sslcert=${file('own.crt')} sslkey=${key}`);
      const isFine =
        mode === '600' || mode === '400' || mode === '700' || (owner === 'root' && mode === '640');
      expect(outcome).toContain(isFine ? '/CN=certified' : 'refused: file');
    },
  );

  it('a key at home that others can read, which makes prefer go on without TLS', async () => {
    await copyFile(file('own.crt'), join(home, '.postgresql/postgresql.crt'));
    await symlink(file('own.key'), join(home, '.postgresql/postgresql.key'));
    chmodSync(file('own.key'), 0o644);
    expect(await compare('sslmode=prefer', 'trusted')).toContain(' plain ');
    expect(await compare('sslmode=require', 'trusted')).toBe('refused: file');
    chmodSync(file('own.key'), 0o600);
    expect(await compare('sslmode=prefer', 'trusted')).toContain('TLSv1.3');
  });

  it('sslcertmode=disable sends none (libpq 16; psql here may be older)', async () => {
    const text = textOf(`sslmode=require sslcertmode=disable ${pair('own')}`);
    expect(await byUs(text, { HOME: home })).toBe('refused: client certificate');
  });

  it('the words are libpq’s', async () => {
    const refusal = async (more: string) =>
      (await failureOf(connect(parseDatabaseUrl(textOf(`sslmode=require ${more}`), {}), 'test', once())))
        .message;
    chmodSync(file('own.key'), 0o644);
    expect(await refusal(pair('own'))).toBe(
      `private key file "${file('own.key')}" has group or world access; file must have permissions u=rw (0600) or ` +
        'less if owned by the current user, or permissions u=rw,g=r (0640) or less if owned by root',
    );
    chmodSync(file('own.key'), 0o600);
    expect(await refusal(pair('own', 'stranger'))).toContain(
      `certificate does not match private key file "${file('stranger.key')}": `,
    );
  });
});
