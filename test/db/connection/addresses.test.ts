/** A name with several addresses: all are tried, each with its own timeout, as libpq does it. */

import { lookup } from 'node:dns/promises';
import { beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { parseDatabaseUrl } from '../../../src/config/url.ts';
import { addressesOf } from '../../../src/pg/addresses.ts';
import { connect } from '../../../src/pg/connect.ts';
import { HBA, makeAccounts } from '../../support/accounts.ts';
import { failureOf } from '../../support/failure.ts';
import { listen } from '../../support/listener.ts';
import { once } from '../../support/psql.ts';
import { makeServer, type OwnServer } from '../../support/tls-servers.ts';

vi.mock('node:dns/promises', () => ({ lookup: vi.fn() }));

let server: OwnServer;

beforeAll(async () => {
  server = await makeServer('names', HBA, {});
  await server.start();
  await makeAccounts(server);
});

beforeEach(() => void vi.mocked(lookup).mockReset());

const known = (...addresses: string[]) =>
  vi.mocked(lookup).mockResolvedValue(addresses.map((address) => ({ address, family: 4 })) as never);

const attempt = (more: string) =>
  connect(parseDatabaseUrl(`host=db.example dbname=postgres user=trusted ${more}`, {}), 'test', once());

it('the first that answers is taken', async () => {
  known('::1', '127.0.0.1');
  await (await attempt(`port=${server.port}`)).close();
  expect(vi.mocked(lookup).mock.calls).toEqual([['db.example', { all: true }]]);
});

it('a timeout is for each of them', async () => {
  const { port } = await listen('silence');
  known('127.0.0.1', '127.0.0.1', '::1');
  const error = await failureOf(attempt(`port=${port} connect_timeout=2 sslmode=disable`));
  expect(error.details).toEqual([
    `db.example:${port} (127.0.0.1), without TLS: timeout expired`,
    expect.stringMatching(/\(::1\), without TLS: connect E/),
  ]);
});

it('of a host that is not the wanted kind of server, or refuses us, no further address is tried', async () => {
  known('127.0.0.1', '::1');
  for (const more of ['target_session_attrs=standby', 'sslmode=require', 'user=rejected sslmode=disable']) {
    const pairs = more.startsWith('user') ? more : `user=trusted ${more}`;
    const text = `host=db.example port=${server.port} dbname=postgres ${pairs}`;
    const error = await failureOf(connect(parseDatabaseUrl(text, {}), 'test', once()));
    // One refusal is the message; that `prefer` met no TLS on the way is none.
    expect(error.details).toEqual([]);
    expect(error.message).not.toContain('::1');
  }
});

it('a look-up that hangs is left behind', async () => {
  vi.mocked(lookup).mockReturnValue(new Promise(() => {}) as never);
  await expect(addressesOf('db.example', 20, undefined)).rejects.toThrow('timeout expired');
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 20);
  await expect(addressesOf('db.example', 60_000, controller.signal)).rejects.toThrow('cancelled');
  expect(await addressesOf('/run/postgresql', 20, undefined)).toEqual(['/run/postgresql']);
  expect(await addressesOf('fe80::1%eth0', 20, undefined)).toEqual(['fe80::1%eth0']);
});
