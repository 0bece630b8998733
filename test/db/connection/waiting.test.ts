/** What is tried again and what is not, how often, and how long that may take. */

import { beforeAll, describe, expect, it } from 'vitest';
import { parseDatabaseUrl } from '../../../src/config/url.ts';
import type { Event } from '../../../src/event.ts';
import { type Attempts, connect } from '../../../src/pg/connect.ts';
import { HBA, makeAccounts } from '../../support/accounts.ts';
import { failureOf } from '../../support/failure.ts';
import { closedPort, listen } from '../../support/listener.ts';
import { once } from '../../support/psql.ts';
import { until } from '../../support/session.ts';
import { makeServer, type OwnServer } from '../../support/tls-servers.ts';

let server: OwnServer;

beforeAll(async () => {
  server = await makeServer('waiting', HBA, {});
  await server.start();
  await makeAccounts(server);
});

/** The work, and what has been said of its failed attempts so far; `meanwhile` is done at each. */
function attempt(text: string, how: Partial<Attempts> = {}, meanwhile = () => {}) {
  const heard: Extract<Event, { kind: 'connection-failed' }>[] = [];
  const emit = (e: Event) => {
    if (e.kind === 'connection-failed') heard.push(e);
    meanwhile();
  };
  const url = new Map([
    ['host', '127.0.0.1'],
    ['dbname', 'postgres'],
    ['user', 'trusted'],
    ...text.split(' ').map((pair) => pair.split('=') as [string, string]),
  ]);
  const database = parseDatabaseUrl([...url].map((pair) => pair.join('=')).join(' '), {});
  const all = { ...once(), attempts: 5, delayMs: 1, emit, ...how };
  return { heard, connecting: connect(database, 'test', all) };
}

describe('is tried again', () => {
  it.each([
    ['a server that is starting', async () => `port=${(await listen('starting')).port}`, /starting up/],
    ['a server that is not there', async () => `port=${await closedPort()}`, /ECONNREFUSED/],
    ['a server that hangs up', async () => `port=${(await listen('close')).port}`, /terminated|ECONNRESET/],
    ['a name that nobody knows yet', async () => 'host=none.invalid', /ENOTFOUND|EAI_AGAIN/],
    ['a socket that is not there yet', async () => 'host=/nowhere port=1', /ENOENT/],
    [
      'not the wanted kind of server',
      async () => `port=${server.port} target_session_attrs=standby`,
      /standby/,
    ],
  ])('%s', async (_what, where, words) => {
    const { heard, connecting } = attempt(await where());
    const error = await failureOf(connecting);
    expect(error.message).toMatch(words);
    expect(error.details).toContain('5 attempts');
    expect(heard.map((e) => `${e.attempt}/${e.attempts}`)).toEqual(['1/5', '2/5', '3/5', '4/5']);
    expect(heard[0]?.message).toMatch(words);
  });

  it('a server without a free place, until there is one', async () => {
    const first = await attempt(`port=${server.port} user=few`).connecting;
    const { heard, connecting } = attempt(`port=${server.port} user=few`, { attempts: 1000, delayMs: 5 });
    await until('it has been refused twice', () => heard.length > 1);
    await first.close();
    await (await connecting).close();
    expect(heard[0]?.message).toMatch(/too many connections/);
  });

  it('a server that comes up later', async () => {
    await server.stop();
    const { heard, connecting } = attempt(`port=${server.port}`, { attempts: 1000, delayMs: 20 });
    await until('it has failed', () => heard.length > 0);
    await server.start();
    await (await connecting).close();
  });

  it('a server that starts up behind its port', async () => {
    const front = await listen('starting');
    const { heard, connecting } = attempt(`port=${front.port}`, { attempts: 1000, delayMs: 5 });
    await until('it has failed', () => heard.length > 0);
    front.answer = server.port;
    await (await connecting).close();
  });
});

describe('is not tried again', () => {
  it.each([
    ['a wrong password', 'user=scram password=wrong', '28P01'],
    ['no password', 'user=scram', null],
    ['a user who may not come in', 'user=rejected', '28000'],
    ['a database that is not there', 'dbname=none_such', '3D000'],
    ['a role that is not there', 'role=none_such', '22023'],
    ['a server without TLS', 'sslmode=require', null],
    ['a channel that is not bound', 'channel_binding=require', null],
  ])('%s', async (_what, more, sqlstate) => {
    const { heard, connecting } = attempt(`port=${server.port} ${more}`);
    expect(await failureOf(connecting)).toMatchObject({ reason: 'connection', sqlstate, details: [] });
    expect(heard).toEqual([]);
  });
});

describe('the time', () => {
  it('between attempts doubles, up to ten times the first', async () => {
    const { heard, connecting } = attempt(`port=${await closedPort()}`, { attempts: 8, delayMs: 2 });
    await failureOf(connecting);
    expect(heard.map((e) => e.retryInMs)).toEqual([2, 4, 8, 16, 20, 20, 20]);
  });

  it('in all is limited, though a server never answers and a list is long', async () => {
    const { port } = await listen('silence');
    const hosts = Array.from({ length: 9 }, () => '127.0.0.1').join(',');
    const begun = performance.now();
    const { connecting } = attempt(`host=${hosts} port=${port}`, {
      attempts: 100,
      deadlineMs: 300,
    });
    expect((await failureOf(connecting)).message).toBe('timeout expired');
    expect(performance.now() - begun).toBeGreaterThan(290);
  });

  it('for a server that never answers is what the deadline leaves, and each attempt is told of', async () => {
    const front = await listen('silence');
    const how = { attempts: 2, delayMs: 10 };
    const { heard, connecting } = attempt(`port=${front.port} connect_timeout=2 sslmode=disable`, how, () => {
      front.answer = server.port;
    });
    await (await connecting).close();
    expect(heard).toMatchObject([{ message: 'timeout expired', attempt: 1, attempts: 2 }]);
  });

  it.each(['during an attempt', 'between two'])('is cut short by a signal %s', async (when) => {
    const controller = new AbortController();
    const port = when === 'during an attempt' ? (await listen('silence')).port : await closedPort();
    const how = { signal: controller.signal, delayMs: 60_000 };
    const { connecting } = attempt(`port=${port}`, how);
    setTimeout(() => controller.abort(), 50);
    expect(await failureOf(connecting)).toMatchObject({ reason: 'cancelled' });
  });
});
