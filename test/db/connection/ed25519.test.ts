/** Ed25519 certificates, whose signature names no digest to bind a password with: as with psql. */

import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseDatabaseUrl } from '../../../src/config/url.ts';
import { connect } from '../../../src/pg/connect.ts';
import { HBA, makeAccounts, PASSWORD } from '../../support/accounts.ts';
import { Certificates, hasOpenssl } from '../../support/certificates.ts';
import { failureOf } from '../../support/failure.ts';
import { root } from '../../support/project.ts';
import { byPsql, byUs, hasPsql, once } from '../../support/psql.ts';
import { giveToServer, makeServer, type OwnServer } from '../../support/tls-servers.ts';

const certificates = new Certificates(join(root, 'certificates'));
const file = (name: string) => certificates.path(name);
const env = { HOME: join(root, 'home') };
let server: OwnServer;

const password = PASSWORD.replaceAll('\\', '\\\\').replaceAll("'", "\\'");
const textOf = (user: string, more: string) =>
  `host=127.0.0.1 port=${server.port} dbname=postgres user=${user} password='${password}' sslmode=require ${more}`;

async function compare(user: string, more: string): Promise<string> {
  const text = textOf(user, more);
  const [theirs, ours] = await Promise.all([byPsql(text, env), byUs(text, env)]);
  // Words of the server's that nobody else has.
  const known = (outcome: string) => (/could not find digest/.test(outcome) ? 'refused: no digest' : outcome);
  expect(known(ours)).toBe(known(theirs));
  return known(ours);
}

describe.runIf(hasPsql && hasOpenssl)('Ed25519', () => {
  beforeAll(async () => {
    certificates.authority('ca');
    certificates.certificate('server', { name: 'db.example' });
    certificates.certificate('odd', { name: 'db.example', by: 'itself', algorithm: 'ED25519' });
    certificates.certificate('own', { name: 'certified', algorithm: 'ED25519' });
    server = await makeServer('ed', HBA, {});
    await server.start();
    await makeAccounts(server);
    const ca = join(server.data, 'ca.crt');
    await copyFile(file('ca.crt'), ca);
    await giveToServer(ca);
    await server.configure({ ssl_ca_file: 'ca.crt' });
  });

  it.each(['prefer', 'require'])(
    'is fine for a client’s own certificate (channel_binding=%s)',
    async (binding) => {
      await server.present(certificates, 'server');
      const own = `sslcert=${file('own.crt')} sslkey=${file('own.key')} channel_binding=${binding}`;
      expect(await compare('scram', own)).toContain('/CN=certified');
      if (binding === 'prefer') expect(await compare('certified', own)).toContain('/CN=certified');
    },
  );

  it.each([
    ['prefer', 'refused: no digest'],
    ['require', 'refused: no digest'],
    ['disable', 'TLSv1.3'],
  ])('of the server’s makes SCRAM fail, but for channel_binding=disable (%s)', async (binding, expected) => {
    await server.present(certificates, 'odd');
    expect(await compare('scram', `channel_binding=${binding}`)).toContain(expected);
  });

  it('of the server’s is no trouble without a password; with one the hint says what is', async () => {
    await server.present(certificates, 'odd');
    expect(await compare('trusted', '')).toContain('TLSv1.3');
    const error = await failureOf(connect(parseDatabaseUrl(textOf('scram', ''), {}), 'test', once()));
    expect(error).toMatchObject({ reason: 'connection', sqlstate: 'XX000' });
    expect(error.hint).toContain('`channel_binding=disable`');
  });
});
