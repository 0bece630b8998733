/** One role for each way to be let in, or not; the name says which. */

import type { OwnServer } from './tls-servers.ts';

export const PASSWORD = 'sécret: \\ ünd @/?#%';

/** pg_hba.conf. */
export const HBA: readonly string[] = [
  'local      all all                                 trust',
  'hostssl    all only_tls    127.0.0.1/32 trust',
  'hostnossl  all only_plain  127.0.0.1/32 trust',
  'host       all rejected    127.0.0.1/32 reject',
  'hostssl    all certified   127.0.0.1/32 cert',
  'host       all scram       127.0.0.1/32 scram-sha-256',
  'hostssl    all scram_tls   127.0.0.1/32 scram-sha-256',
  'host       all slow_scram  127.0.0.1/32 scram-sha-256',
  'host       all md5         127.0.0.1/32 md5',
  'host       all clear       127.0.0.1/32 password',
  'host       all trusted     127.0.0.1/32 trust',
  'host       all few         127.0.0.1/32 trust',
  'host       all member      127.0.0.1/32 trust',
  'host       all postgres    127.0.0.1/32 trust',
];

export async function makeAccounts(server: OwnServer): Promise<void> {
  const password = `password '${PASSWORD}'`;
  for (const name of ['only_tls', 'only_plain', 'rejected', 'certified', 'trusted'])
    await server.query(`create role ${name} login`);
  for (const name of ['scram', 'scram_tls', 'clear'])
    await server.query(`create role ${name} login ${password}`);
  await server.query(`set password_encryption = 'md5'; create role md5 login ${password}`);
  // Above pg's own limit of 100,000; a setting since 16.
  const [row] = await server.query('show server_version_num');
  const iterations = Number(row?.server_version_num) >= 160_000 ? 'set scram_iterations = 120000;' : '';
  await server.query(`${iterations} create role slow_scram login ${password}`);
  await server.query('create role few login connection limit 1');
  await server.query('create role owner; create role member login; grant owner to member');
}
