/** The session that holds the lock is ended, or a file drops the lock, while another run waits for it. */

import { describe, expect, it } from 'vitest';
import { type Event, type MigrateError, type Report, status, up } from '../../src/index.ts';
import { count } from '../support/counts.ts';
import { createDatabase, type Database } from '../support/database.ts';
import { failureOf } from '../support/failure.ts';
import { folderOf } from '../support/folder.ts';
import { startProxy } from '../support/proxy.ts';
import { ledgerOf } from '../support/schema.ts';
import { advisoryLocks, connectTo, disconnect, until, waiting } from '../support/session.ts';

/** Whoever holds it, the file waits; held by the test until both runs are where it wants them. */
const GATE = 'select pg_advisory_xact_lock_shared(42)';

const FIRST = 'create table audit (file int); insert into audit values (1);';
const LAST = { '3_c.up.sql': 'insert into audit values (3);' };

interface Run {
  readonly heard: Event[];
  readonly end: Promise<{ readonly report: Report | null; readonly error: MigrateError | null }>;
}

async function gated(second: string) {
  const database = await createDatabase();
  const migrations = folderOf({ '1_a.up.sql': FIRST, '2_b.up.sql': second, ...LAST });
  await up({ database: database.url, migrations, steps: 1 });
  const keeper = await connectTo(database);
  await keeper.query('select pg_advisory_lock(42)');
  const start = (url = database.url): Run => {
    const heard: Event[] = [];
    const options = { database: url, migrations, lockTimeoutMs: 120_000 };
    const end = up({ ...options, onEvent: (e) => void heard.push(e) }).then(
      (report) => ({ report, error: null }),
      (error: MigrateError) => ({ report: null, error }),
    );
    return { heard, end };
  };
  return { database, migrations, start, open: () => disconnect(keeper) };
}

const atTheGate = (database: Database, many: number) =>
  until(`${many} at the gate`, async () => (await waiting(database, 'advisory')) === many);

const waitsForLock = (run: Run) =>
  until('it waits for the migration lock', () => run.heard.some((e) => e.kind === 'waiting-for-lock'));

/** Ends the one session that is at the gate. */
const terminate = (database: Database) =>
  database.query(
    `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and not granted
      and database = (select oid from pg_database where datname = current_database())`,
  );

async function expectEachOnce(database: Database): Promise<void> {
  expect(await database.query('select file from audit order by file')).toEqual(
    [1, 2, 3].map((file) => ({ file })),
  );
  expect(await ledgerOf(database)).toEqual([{ version: '3', dirty: false }]);
  expect(await advisoryLocks(database)).toEqual([]);
  count('the migration lock lost in the middle of a run', 1);
}

describe('the session with the lock is terminated while another run waits', () => {
  /** Looks for what became of its message once the other run is in its place, and not before. */
  async function replaced({ database, start }: Awaited<ReturnType<typeof gated>>) {
    const proxy = await startProxy(database.url);
    const first = start(proxy.url);
    await atTheGate(database, 1);
    proxy.judge = ({ connection }) => (connection > 1 ? 'stall' : 'pass');
    const second = start();
    await waitsForLock(second);
    await terminate(database);
    await until('the second is in the file', () => second.heard.some((e) => e.kind === 'started'));
    await atTheGate(database, 1);
    proxy.judge = () => 'pass';
    proxy.resume();
    return { first, second };
  }

  it('in an atomic file: the other run applies it, and the first one says what it finds', async () => {
    const place = await gated(`insert into audit values (2); ${GATE};`);
    const { database, open } = place;
    const { first, second } = await replaced(place);
    await open();
    expect((await second.end).report).toMatchObject({
      from: 1n,
      to: 3n,
      applied: [{ id: '2' }, { id: '3' }],
    });
    const { error } = await first.end;
    expect(error).toMatchObject({ code: 'MIGRATION_UP_FAILED', reason: 'connection_lost' });
    expect(error?.message).toContain('it was not committed');
    // Nothing of it is this run's, and nothing of it is left to do.
    expect(error?.report).toMatchObject({ applied: [], to: 3n, dirty: false, unknown: [], pending: [] });
    await expectEachOnce(database);
  });

  it('in a resumable file: the other run goes on where it was', async () => {
    const text = `-- rungs: no-transaction\ninsert into audit values (2);\n${GATE};\nselect 1;`;
    const place = await gated(text);
    const { database, open } = place;
    const { first, second } = await replaced(place);
    await open();
    expect((await second.end).report).toMatchObject({ to: 3n, applied: [{ id: '2' }, { id: '3' }] });
    expect((await first.end).error).toMatchObject({
      reason: 'connection_lost',
      // Both have done a part of it.
      report: { applied: [{ id: '2' }], to: 3n, dirty: false, pending: [] },
    });
    await expectEachOnce(database);
  });
});

describe('a file that drops our locks, while another run waits', () => {
  it('lets both into the same file: the guard in its message lets one of them keep it', async () => {
    const { database, migrations, start, open } = await gated(
      `select pg_advisory_unlock_all(); insert into audit values (2); ${GATE};`,
    );
    const first = start();
    await atTheGate(database, 1);
    const second = start();
    await atTheGate(database, 2);
    await open();
    const ends = await Promise.all([first.end, second.end]);
    const [error] = ends.flatMap((e) => e.error ?? []);
    const [report] = ends.flatMap((e) => e.report ?? []);
    expect(ends.filter((e) => e.error !== null)).toHaveLength(1);
    expect(error).toMatchObject({
      reason: 'raced',
      sqlstate: 'RG001',
      report: { applied: [], dirty: false },
    });
    expect(report).toMatchObject({ applied: [{ id: '2' }, { id: '3' }], to: 3n });
    expect(report?.warnings.map((w) => w.reason)).toEqual(['locks_dropped']);
    await expectEachOnce(database);
    expect((await status({ database: database.url, migrations })).counts.pending).toBe(0);
  });

  it('`discard all` lets both into the same statement: its progress is recorded once', async () => {
    const { database, start, open } = await gated(
      `-- rungs: no-transaction\ndiscard all;\n${GATE};\ninsert into audit values (2);`,
    );
    const first = start();
    await atTheGate(database, 1);
    const second = start();
    await atTheGate(database, 2);
    await open();
    const ends = await Promise.all([first.end, second.end]);
    expect(ends.flatMap((e) => e.error ?? [])).toMatchObject([{ reason: 'raced', sqlstate: 'RG001' }]);
    expect(ends.flatMap((e) => e.report ?? [])).toMatchObject([
      { to: 3n, applied: [{ id: '2' }, { id: '3' }] },
    ]);
    await expectEachOnce(database);
  });

  it.each([
    'select pg_advisory_unlock_all(); insert into audit values (2);',
    '-- rungs: no-transaction\ndiscard all; insert into audit values (2);',
    '-- rungs: plain\nselect pg_advisory_unlock_all(); insert into audit values (2);',
  ])('is noticed, and the lock is taken again before the next file: %s', async (text) => {
    const { database, start, open } = await gated(text);
    const first = start();
    const { report } = await first.end;
    expect(report?.warnings).toMatchObject([{ reason: 'locks_dropped', file: expect.stringMatching(/2_b/) }]);
    const kinds = first.heard.map((e) => e.kind);
    expect(kinds.filter((k) => k === 'locked')).toHaveLength(2);
    expect(kinds.lastIndexOf('locked')).toBeLessThan(kinds.lastIndexOf('started'));
    await open();
    await expectEachOnce(database);
  });
});

it('a lock that is free again is what the next run needs: a run that was terminated leaves nothing to clean up', async () => {
  const { database, migrations, start, open } = await gated(`insert into audit values (2); ${GATE};`);
  const first = start();
  await atTheGate(database, 1);
  await terminate(database);
  expect((await failureOf(first.end.then((e) => Promise.reject(e.error)))).report).toMatchObject({
    applied: [],
    to: 1n,
    failed: { id: '2', rolledBack: true },
    pending: [{ id: '2' }, { id: '3' }],
  });
  await open();
  await up({ database: database.url, migrations });
  await expectEachOnce(database);
});
