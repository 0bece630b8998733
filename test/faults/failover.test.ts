/** The primary stops in the middle of a run, as in a power cut, and a standby takes over. */

import { beforeEach, describe, expect, it } from 'vitest';
import { type Event, up } from '../../src/index.ts';
import { count } from '../support/counts.ts';
import { failureOf } from '../support/failure.ts';
import { folderOf } from '../support/folder.ts';
import { query } from '../support/project.ts';
import { until } from '../support/session.ts';
import { makeServer, type OwnServer, standbyOf } from '../support/tls-servers.ts';

const HBA = [
  'local all all trust',
  'host all all 127.0.0.1/32 trust',
  'host replication all 127.0.0.1/32 trust',
];

const GATE = 'select pg_advisory_xact_lock_shared(42)';

const FILES = {
  '1_a.up.sql': 'create table audit (file int); insert into audit values (1);',
  '2_b.up.sql': 'insert into audit values (2);',
  '3_c.up.sql': `insert into audit values (3); ${GATE};`,
  '4_d.up.sql': 'insert into audit values (4);',
};

let pairs = 0;
let primary: OwnServer;
let standby: OwnServer;
/** Both, in that order, and the one that may write. */
let database: string;

beforeEach(async () => {
  pairs++;
  primary = await makeServer(`a${pairs}`, HBA, { hot_standby: 'on', wal_level: 'replica' });
  await primary.start();
  await primary.query('create role app login');
  await primary.query('create database app owner app');
  standby = await standbyOf(primary, `b${pairs}`);
  const both = `host=127.0.0.1,127.0.0.1 port=${primary.port},${standby.port}`;
  database = `${both} user=app dbname=app target_session_attrs=read-write`;
});

const on = (server: OwnServer, sql: string) => query(`postgres://postgres@127.0.0.1:${server.port}/app`, sql);

const written = (server: OwnServer) => on(server, 'select file from audit order by file');

const numbers = (many: number) => Array.from({ length: many }, (_, i) => ({ file: i + 1 }));

/** A run that is held in its third file; its keeper is a session that goes with the primary. */
async function heldInThird(...before: string[]) {
  const keeper = on(primary, 'select pg_advisory_lock(42), pg_sleep(600)').catch(() => {});
  const isKept = async () =>
    (await on(primary, "select from pg_locks where locktype = 'advisory'")).length === 1;
  await until('the gate is kept', isKept);
  const heard: Event[] = [];
  const run = failureOf(up({ database, migrations: folderOf(FILES), onEvent: (e) => void heard.push(e) }));
  await until('the run is in its third file', async () => {
    return (
      (await on(primary, "select from pg_locks where locktype = 'advisory' and not granted")).length === 1
    );
  });
  const told = heard.flatMap((e) => (e.kind === 'finished' ? e.id : []));
  expect(told).toEqual(before);
  return { run, stop: () => primary.stop('immediate').then(() => keeper) };
}

/** The next run, on whoever is the primary now, does what is left: no file twice, none passed over. */
async function expectTheNextToFinish(...ids: string[]): Promise<void> {
  const report = await up({ database, migrations: folderOf(FILES) });
  expect(report.applied.map((s) => s.id)).toEqual(ids);
  expect(report).toMatchObject({ to: 4n, dirty: false, pending: [], warnings: [] });
  expect(await written(standby)).toEqual(numbers(4));
  count('a standby takes over in the middle of a run', 1);
}

const promote = async () => void (await standby.query('select pg_promote()'));

describe('where the primary waits for its standby', () => {
  beforeEach(() => primary.configure({ synchronous_standby_names: '*', synchronous_commit: 'on' }));

  it('all that a run has told of is on the new primary, and the next run finishes', async () => {
    const { run, stop } = await heldInThird('1', '2');
    await stop();
    await promote();
    const error = await run;
    expect(error).toMatchObject({ code: 'MIGRATION_UP_FAILED', reason: 'connection_lost' });
    expect(error.message).toContain('it was not committed');
    expect(error.report).toMatchObject({
      applied: [{ id: '1' }, { id: '2' }],
      to: 2n,
      dirty: false,
      failed: { id: '3', rolledBack: true },
      notReached: [{ id: '4' }],
      unknown: [],
      pending: [{ id: '3' }, { id: '4' }],
    });
    expect(await written(standby)).toEqual(numbers(2));
    await expectTheNextToFinish('3', '4');
  });

  it('a standby that has not taken over yet is not asked what was committed', async () => {
    database = database.replace('read-write', 'any');
    await standby.configure({ log_connections: 'on' });
    const { run, stop } = await heldInThird('1', '2');
    await stop();
    const visits = async () =>
      (await standby.log()).match(/authorized: .*application_name=rungs up/g)?.length ?? 0;
    await until('the run has been there and has come back', async () => (await visits()) > 1);
    await promote();
    expect((await run).report).toMatchObject({ to: 2n, unknown: [], failed: { id: '3' } });
    await expectTheNextToFinish('3', '4');
  });

  it('where nobody takes over in time, what was under way is listed as unknown', {
    timeout: 180_000,
  }, async () => {
    const { run, stop } = await heldInThird('1', '2');
    await stop();
    const error = await run;
    expect(error).toMatchObject({ code: 'MIGRATION_VERSION_CHECK_FAILED', reason: 'connection_lost' });
    expect(error.report).toMatchObject({
      applied: [{ id: '1' }, { id: '2' }],
      // The fourth was in the same message.
      unknown: [{ id: '3' }, { id: '4' }],
      notReached: [],
    });
    await promote();
    await expectTheNextToFinish('3', '4');
  });
});

describe('where the primary does not wait', () => {
  it('what the failover has lost is said to be lost, and the next run applies it', async () => {
    await up({ database, migrations: folderOf(FILES), steps: 1 });
    await until('the standby has the first', async () => {
      return (await written(standby).catch(() => [])).length === 1;
    });
    // It hears of nothing any more, and the primary goes on without it.
    await standby.stop();
    const { run, stop } = await heldInThird('2');
    await stop();
    await standby.start();
    await promote();
    const error = await run;
    expect(error).toMatchObject({ code: 'MIGRATION_UP_FAILED', reason: 'connection_lost' });
    expect(error.message).toContain(
      'it was not committed; what had been committed before it is not in the database',
    );
    expect(error.message).toContain('that answers now either: 2 ');
    expect(error.report).toMatchObject({
      applied: [],
      to: 1n,
      dirty: false,
      failed: { id: '3' },
      pending: [{ id: '2' }, { id: '3' }, { id: '4' }],
    });
    expect(await written(standby)).toEqual(numbers(1));
    await expectTheNextToFinish('2', '3', '4');
  });
});
