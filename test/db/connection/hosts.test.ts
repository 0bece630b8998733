/** Several hosts, one of which will do: as with psql. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseDatabaseUrl } from '../../../src/config/url.ts';
import { connect } from '../../../src/pg/connect.ts';
import { HBA, makeAccounts, PASSWORD } from '../../support/accounts.ts';
import { failureOf } from '../../support/failure.ts';
import { closedPort, listen } from '../../support/listener.ts';
import { root } from '../../support/project.ts';
import { byPsql, byUs, hasPsql, once } from '../../support/psql.ts';
import { makeServer, type OwnServer } from '../../support/tls-servers.ts';

const home = join(root, 'home');
let server: OwnServer;
let up: number;
let down: number;

describe.runIf(hasPsql)('as with psql', () => {
  beforeAll(async () => {
    mkdirSync(home);
    server = await makeServer('hosts', HBA, {});
    await server.start();
    await makeAccounts(server);
    up = server.port;
    down = await closedPort();
  });

  /** Where both get to. */
  async function compare(text: string): Promise<string> {
    const more = /\buser=/.test(text) ? text : `${text} user=trusted`;
    const [theirs, ours] = await Promise.all([
      byPsql(`${more} dbname=postgres`, { HOME: home }),
      byUs(`${more} dbname=postgres`, { HOME: home }),
    ]);
    expect(ours).toBe(theirs);
    return ours;
  }

  it('the first that is up is taken, whatever keeps the others from being reached', async () => {
    const here = `port ${up} plain`;
    expect(await compare(`host=127.0.0.1,127.0.0.1 port=${down},${up}`)).toContain(here);
    expect(await compare(`host=127.0.0.1,127.0.0.1 port=${up},${down}`)).toContain(here);
    expect(await compare(`host=none.invalid,127.0.0.1 port=${up}`)).toContain(here);
    expect(await compare(`host=none.invalid,/nowhere,127.0.0.1 port=${up}`)).toContain(here);
    expect(await compare(`hostaddr=::1,127.0.0.1 host=a,b port=${up}`)).toContain(here);
    expect(await compare(`host=/nowhere,${server.socket} port=${up}`)).toContain('port none plain');
    expect(await compare(`host=localhost port=${up}`)).toContain(here);
  });

  it('none is up', async () => {
    expect(await compare(`host=127.0.0.1,127.0.0.1 port=${down}`)).toBe('refused: down');
    expect(await compare(`host=127.0.0.1,none.invalid port=${down}`)).toBe('refused: unknown host');
    expect(await compare(`host=none.invalid,127.0.0.1 port=${down}`)).toBe('refused: down');
  });

  it('one that is starting is passed over', async () => {
    const { port } = await listen('starting');
    expect(await compare(`host=127.0.0.1,127.0.0.1 port=${port},${up}`)).toContain(`port ${up}`);
    expect(await compare(`host=127.0.0.1,127.0.0.1 port=${port},${down}`)).toBe('refused: down');
    expect(await compare(`host=127.0.0.1 port=${port}`)).toBe('refused: starting');
  });

  it('one that never answers is passed over after connect_timeout', async () => {
    const { port } = await listen('silence');
    const [passed, given] = await Promise.all([
      compare(`host=127.0.0.1,127.0.0.1 port=${port},${up} connect_timeout=2`),
      compare(`host=127.0.0.1 port=${port} connect_timeout=1 sslmode=disable`),
    ]);
    expect(passed).toContain(`port ${up}`);
    expect(given).toBe('refused: late');
  });

  it.each(['user=rejected', 'user=scram password=wrong', 'user=only_tls', 'user=trusted sslmode=require'])(
    'one that refuses is the last word: %s',
    async (more) => {
      const { port } = await listen(up);
      const outcome = await compare(`host=127.0.0.1,127.0.0.1 port=${port},${up} ${more}`);
      expect(outcome).toMatch(/^refused: (no entry|password|no TLS)$/);
    },
  );

  it('each has its own line in the password file', async () => {
    const right = PASSWORD.replaceAll(/[\\:]/g, '\\$&');
    writeFileSync(join(home, 'own'), `a:*:*:*:wrong\nb:*:*:*:${right}\n`, { mode: 0o600 });
    const text = (hosts: string) =>
      `host=${hosts} hostaddr=127.0.0.1,127.0.0.1 port=${down},${up} user=scram passfile=${join(home, 'own')}`;
    expect(await compare(text('a,b'))).toContain(`port ${up}`);
    expect(await compare(text('b,a'))).toBe('refused: password');
  });

  it.each([
    'host=a,b port=1,2,3',
    'host=a,b hostaddr=127.0.0.1',
    'host=127.0.0.1 port=0',
    'host=127.0.0.1 port=65536',
    'host=127.0.0.1 target_session_attrs=writable',
  ])('%s is refused', async (text) => {
    expect(await byUs(text, {})).toBe('refused: string');
    expect(await byPsql(text, {})).toMatch(/^refused/);
  });

  it('but one that closes the connection is passed over here, and not by psql', async () => {
    const { port } = await listen('close');
    const text = `host=127.0.0.1,127.0.0.1 port=${port},${up} user=trusted dbname=postgres`;
    expect(await byPsql(text, {})).toBe('refused: closed');
    expect(await byUs(text, {})).toContain(`port ${up}`);
  });

  it('and the error tells of each', async () => {
    const { port } = await listen('starting');
    const text = `host=127.0.0.1,none.invalid,db hostaddr=,,127.0.0.1 port=${down},${up},${port} user=u sslmode=disable`;
    const error = await failureOf(connect(parseDatabaseUrl(text, {}), 'test', once()));
    expect(error).toMatchObject({
      message: 'the database system is starting up',
      sqlstate: '57P03',
      details: [
        `127.0.0.1:${down}, without TLS: connect ECONNREFUSED 127.0.0.1:${down}`,
        expect.stringMatching(`^none\\.invalid:${up}: getaddrinfo E`),
        `db:${port} (127.0.0.1), without TLS: the database system is starting up`,
      ],
    });
  });
});
