/** Which certificate names which host, what is revoked, which version is spoken, what is sent as SNI: as with psql. */

import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createSecureContext, TLSSocket } from 'node:tls';
import { beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { HBA, makeAccounts } from '../../support/accounts.ts';
import { Certificates, hasOpenssl } from '../../support/certificates.ts';
import { root } from '../../support/project.ts';
import { byPsql, byUs, hasPsql } from '../../support/psql.ts';
import { makeServer, type OwnServer } from '../../support/tls-servers.ts';

const home = join(root, 'home');
const certificates = new Certificates(join(root, 'certificates'));
const file = (name: string) => certificates.path(name);
let server: OwnServer;

describe.runIf(hasPsql && hasOpenssl)('as with psql', () => {
  beforeAll(async () => {
    certificates.authority('ca');
    const [name, other] = ['db.example', 'other.example'];
    certificates.certificate('names', {
      name: other,
      also: 'DNS:db.example,DNS:*.wild.example,DNS:*.internal',
    });
    certificates.certificate('address', { name: other, also: 'IP:127.0.0.1,DNS:db.example' });
    certificates.certificate('common', { name });
    certificates.certificate('common-address', { name: '127.0.0.1' });
    certificates.certificate('common-address-too', { name: '127.0.0.1', also: 'DNS:db.example' });
    certificates.certificate('common-hidden', { name, also: 'DNS:other.example' });
    certificates.certificate('address-hidden', { name: '127.0.0.1', also: 'IP:10.0.0.1' });
    certificates.certificate('partial', { name: other, also: 'DNS:d*.example' });
    certificates.certificate('deep', { name: other, also: 'DNS:*.*.example,DNS:a.*.example,DNS:*' });
    certificates.revocations('none', 'ca', []);
    certificates.revocations('common', 'ca', ['common']);
    server = await makeServer('names', HBA, {});
    await server.start();
    await makeAccounts(server);
  });

  beforeEach(() => {
    rmSync(home, { recursive: true, force: true });
    mkdirSync(join(home, '.postgresql'), { recursive: true });
  });

  async function compare(more: string): Promise<string> {
    const text = `hostaddr=127.0.0.1 port=${server.port} dbname=postgres user=trusted ${more}`;
    const [theirs, ours] = await Promise.all([byPsql(text, { HOME: home }), byUs(text, { HOME: home })]);
    expect(ours).toBe(theirs);
    return ours;
  }

  const yes = 'TLSv1.3';
  const no = 'refused: host name';
  describe.each([
    [
      'names',
      {
        'db.example': yes,
        'DB.EXAMPLE': yes,
        'db.example.': no,
        'other.example': no,
        'a.wild.example': yes,
        'A.Wild.Example': yes,
        'a.b.wild.example': no,
        'wild.example': no,
        'db.internal': yes,
        '127.0.0.1': no,
      },
    ],
    ['address', { '127.0.0.1': yes, '127.0.0.2': no, 'db.example': yes, 'other.example': no }],
    ['common', { 'db.example': yes, 'DB.example': yes, 'other.example': no }],
    ['common-address', { '127.0.0.1': yes, '127.0.0.2': no }],
    ['common-address-too', { '127.0.0.1': yes, 'db.example': yes }],
    ['common-hidden', { 'db.example': no, 'other.example': yes }],
    ['address-hidden', { '127.0.0.1': no, '10.0.0.1': yes }],
    ['partial', { 'db.example': no }],
    ['deep', { 'a.b.example': no, 'b.example': no, 'a.*.example': yes, example: no }],
  ] as const)('verify-full, a certificate with %s', (certificate, hosts) => {
    beforeAll(() => server.present(certificates, certificate));

    it.each(Object.entries(hosts))('and the host %s', async (host, expected) => {
      const full = await compare(`host=${host} sslmode=verify-full sslrootcert=${file('ca.crt')}`);
      expect(full).toContain(expected);
    });
  });

  describe('a revoked certificate', () => {
    beforeAll(() => server.present(certificates, 'common'));
    const verify = `host=db.example sslmode=verify-ca sslrootcert=${file('ca.crt')}`;

    it('is refused if it is on the list', async () => {
      expect(await compare(`${verify} sslcrl=${file('common.crl')}`)).toBe('refused: certificate');
      expect(await compare(`${verify} sslcrl=${file('none.crl')}`)).toContain(yes);
      expect(await compare(verify)).toContain(yes);
    });

    it('is refused if it is on the list at home', async () => {
      await copyFile(file('common.crl'), join(home, '.postgresql/root.crl'));
      expect(await compare(verify)).toBe('refused: certificate');
      expect(await compare('host=db.example sslmode=require')).toContain(yes);
    });
  });

  describe('the version', () => {
    beforeAll(() => server.present(certificates, 'common'));

    it.each([
      ['ssl_max_protocol_version=TLSv1.2', 'TLSv1.2'],
      ['ssl_max_protocol_version=tlsv1.2 ssl_min_protocol_version=', 'TLSv1.2'],
      ['ssl_min_protocol_version=TLSv1.3', 'TLSv1.3'],
      ['ssl_min_protocol_version=TLSv1.3 ssl_max_protocol_version=TLSv1.2', 'refused: string'],
      ['ssl_min_protocol_version=SSLv3', 'refused: string'],
    ])('%s', async (more, expected) => {
      expect(await compare(`host=db.example sslmode=require ${more}`)).toContain(expected);
    });

    it('is refused where the server has none that will do, and prefer goes on without TLS', async () => {
      await server.configure({ ssl_max_protocol_version: 'TLSv1.2' });
      const newer = 'host=db.example ssl_min_protocol_version=TLSv1.3';
      expect(await compare(`${newer} sslmode=require`)).toBe('refused: version');
      expect(await compare(`${newer} sslmode=prefer`)).toContain(' plain ');
    });
  });

  it('the machine’s own authorities are asked with sslrootcert=system (libpq 16; psql here may be older)', async () => {
    await server.present(certificates, 'names');
    const text = `host=db.example hostaddr=127.0.0.1 port=${server.port} dbname=postgres user=trusted sslrootcert=system`;
    expect(await byUs(text, { HOME: home })).toBe('refused: certificate');
    expect(await byUs(text, { HOME: home, SSL_CERT_FILE: file('ca.crt') })).toContain('trusted as trusted');
    const elsewhere = text.replace('db.example', 'other.example');
    expect(await byUs(elsewhere, { HOME: home, SSL_CERT_FILE: file('ca.crt') })).toBe(no);
  });

  it.each([
    ['host=db.example', 'db.example'],
    ['host=db.example sslsni=1', 'db.example'],
    ['host=db.example sslsni=0', 'none'],
    ['host=127.0.0.1', 'none'],
  ])('the name that is sent with %j is %s', async (more, expected) => {
    const port = await listenForNames();
    const text = `hostaddr=127.0.0.1 port=${port} user=u sslmode=require ${more}`;
    const before = heard.length;
    await byPsql(text, { HOME: home });
    await byUs(text, { HOME: home });
    expect(heard.slice(before)).toEqual([expected, expected]);
  });

  const heard: string[] = [];

  /** Takes every request for TLS, and ends the connection after the handshake. */
  async function listenForNames(): Promise<number> {
    const secureContext = createSecureContext({
      cert: readFileSync(file('names.crt')),
      key: readFileSync(file('names.key')),
    });
    const listener = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => {
        socket.write('S');
        const secure = new TLSSocket(socket, { isServer: true, secureContext });
        secure.on('error', () => {});
        secure.on('secure', () => {
          const { servername } = secure as unknown as { servername: string | false | null };
          heard.push(servername || 'none');
          secure.destroy();
        });
      });
    });
    await new Promise<void>((listening) => listener.listen(0, '127.0.0.1', listening));
    onTestFinished(() => void listener.close());
    const address = listener.address();
    return address !== null && typeof address === 'object' ? address.port : 0;
  }
});
