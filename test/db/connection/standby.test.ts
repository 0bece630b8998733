/** A primary and a standby that streams from it, and target_session_attrs: as with psql. */

import pg from 'pg';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseDatabaseUrl } from '../../../src/config/url.ts';
import type { Event } from '../../../src/event.ts';
import { migrateOnStart } from '../../../src/index.ts';
import { connect } from '../../../src/pg/connect.ts';
import { misfit } from '../../../src/pg/target.ts';
import { folderOf } from '../../support/folder.ts';
import { byPsql, byUs, hasPsql, once } from '../../support/psql.ts';
import { until } from '../../support/session.ts';
import { makeServer, type OwnServer, standbyOf } from '../../support/tls-servers.ts';

const HBA = [
  'local all all trust',
  'host all all 127.0.0.1/32 trust',
  'host replication all 127.0.0.1/32 trust',
];

let primary: OwnServer;
let standby: OwnServer;

beforeAll(async () => {
  primary = await makeServer('primary', HBA, {});
  await primary.start();
  await primary.query('create role app login createdb');
  await primary.query('create database app owner app');
  await primary.query('create database quiet');
  await primary.query('alter database quiet set default_transaction_read_only = on');
  standby = await standbyOf(primary);
});

const both = (first: OwnServer, second: OwnServer, more: string) =>
  `host=127.0.0.1,127.0.0.1 port=${first.port},${second.port} user=app dbname=app ${more}`;

describe.runIf(hasPsql)('as with psql', () => {
  async function compare(text: string): Promise<string> {
    const [theirs, ours] = await Promise.all([byPsql(text, {}), byUs(text, {})]);
    expect(ours).toBe(theirs);
    return ours;
  }

  it.each(['any', 'read-write', 'read-only', 'primary', 'standby', 'prefer-standby'])(
    '%s',
    async (wanted) => {
      const more = `target_session_attrs=${wanted}`;
      const forward = await compare(both(primary, standby, more));
      const backward = await compare(both(standby, primary, more));
      const wantsPrimary = ['read-write', 'primary'].includes(wanted);
      const fits = (server: OwnServer) => `port ${server.port} `;
      expect(forward).toContain(fits(wantsPrimary || wanted === 'any' ? primary : standby));
      expect(backward).toContain(fits(wantsPrimary ? primary : standby));
      for (const { port } of [primary, standby])
        await compare(`host=127.0.0.1 port=${port} user=app dbname=app ${more}`);
    },
  );

  it.each(['read-write', 'read-only', 'primary', 'standby', 'prefer-standby'])(
    '%s of a database that is read-only by itself',
    async (wanted) => {
      await compare(
        `host=127.0.0.1 port=${primary.port} user=app dbname=quiet target_session_attrs=${wanted}`,
      );
    },
  );

  it('a wrong password on the first host is still the last word', async () => {
    const text = both(primary, standby, 'target_session_attrs=standby').replace('dbname=app', 'dbname=none');
    expect(await compare(text)).toBe('refused: server');
  });
});

it('migrations find the primary in either order', async () => {
  const runs = [both(standby, primary, ''), both(primary, standby, '')];
  for (const [n, text] of runs.entries()) {
    const url = `${text} target_session_attrs=read-write x-migrations-table=m${n}`;
    const migrations = folderOf({ '1_a.up.sql': `create table a${n} (id int)` });
    expect((await migrateOnStart({ url, migrations }))?.to).toBe(1n);
  }
});

it('a server behind a pooler that reports nothing is asked', async () => {
  const answers = [primary, standby].map(async ({ port }) => {
    const client = new pg.Client({ host: '127.0.0.1', port, user: 'app', database: 'app' });
    await client.connect();
    const wanted = ['any', 'read-write', 'read-only', 'primary', 'standby'] as const;
    const words = [];
    for (const target of wanted) words.push(await misfit(client, new Map(), target));
    await client.end();
    return words;
  });
  expect(await Promise.all(answers)).toEqual([
    [null, null, 'session is not read-only', null, 'server is not in hot standby mode'],
    [null, 'session is read-only', null, 'server is in hot standby mode', null],
  ]);
});

it('a standby that becomes the primary while we wait is taken then', async () => {
  await primary.stop();
  const heard: Event[] = [];
  const database = parseDatabaseUrl(both(primary, standby, 'target_session_attrs=read-write'), {});
  const how = { ...once(), attempts: 100, delayMs: 50, emit: (e: Event) => heard.push(e) };
  const connecting = connect(database, 'test', how);
  await until('two attempts have failed', () => heard.length > 1);
  await standby.query('select pg_promote()');
  const session = await connecting;
  const { sets } = await session.query('select inet_server_port()::text as port');
  await session.close();
  expect(sets[0]?.[0]?.port).toBe(String(standby.port));
  expect(heard[0]).toMatchObject({ kind: 'connection-failed', attempt: 1, message: 'session is read-only' });
});
