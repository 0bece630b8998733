/** A run that is cut short: by Ctrl-C, by an administrator, by the network. What it says must be true. */

import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { down, goto, type RunOptions, redo, status, up } from '../../src/index.ts';
import { rungsOnTerminal } from '../support/cli.ts';
import { createDatabase, type Database } from '../support/database.ts';
import { failureOf } from '../support/failure.ts';
import { folderOf } from '../support/folder.ts';
import { startProxy } from '../support/proxy.ts';
import { hasTerminal } from '../support/terminal.ts';
import { workplace } from '../support/workplace.ts';

const slow = (more: Readonly<Record<string, string>> = {}) =>
  folderOf({
    '1_a.up.sql': 'create table a (id int)',
    '2_b.up.sql': 'create table b (id int);\nselect pg_sleep(30);',
    '3_c.up.sql': 'create table c (id int)',
    ...more,
  });

async function whenSleeping(database: Database, then: string): Promise<void> {
  for (;;) {
    const rows = await database.query(
      `select ${then}(pid) from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'`,
    );
    if (rows.length > 0) return;
  }
}

const tables = (database: Database) =>
  database.query(`select relname as name from pg_class where relname in ('a', 'b', 'c') order by 1`);

describe('a run that is aborted', () => {
  const pairs = ['1_a', '2_b', '3_c'].flatMap((name) => [
    [`${name}.up.sql`, `create table "${name}" (id int)`],
    [`${name}.down.sql`, `select pg_sleep(60); drop table "${name}"`],
  ]);
  const THREE = Object.fromEntries(pairs) as Readonly<Record<string, string>>;

  it('at the question names the command that asked', async () => {
    const database = await createDatabase();
    const migrations = folderOf(THREE);
    const hintOf = async (run: (options: RunOptions) => Promise<unknown>) => {
      const controller = new AbortController();
      const confirm = async () => {
        controller.abort();
        return 'no' as const;
      };
      const options = { database: database.url, migrations, signal: controller.signal, confirm };
      return (await failureOf(run(options))).hint;
    };
    const hints = [await hintOf(up), await hintOf((o) => up({ ...o, steps: 2, to: 3n }))];
    await up({ database: database.url, migrations });
    hints.push(
      await hintOf(down),
      await hintOf((o) => down({ ...o, steps: 2 })),
      await hintOf((o) => down({ ...o, steps: 'all' })),
      await hintOf((o) => goto({ ...o, to: 1n })),
      await hintOf(redo),
    );
    expect(hints).toEqual([
      'run `task migrate` again',
      'run `task migrate -- --num-steps 2 --to 3` again',
      'run `task migrate:down` again',
      'run `task migrate:down -- 2` again',
      'run `task migrate:down -- --all` again',
      'run `task migrate:goto -- 1` again',
      'run `task migrate:redo` again',
    ]);
  });

  it('while it reverts is not told to apply', async () => {
    const database = await createDatabase();
    const migrations = folderOf(THREE);
    await up({ database: database.url, migrations });
    const controller = new AbortController();
    const run = failureOf(down({ database: database.url, migrations, signal: controller.signal }));
    await whenSleeping(database, 'abs');
    controller.abort();
    expect((await run).hint).toBe('run `task migrate:down` to go on');
  });

  it.runIf(hasTerminal)('by Ctrl-C at the question of down is told to type down', async () => {
    const place = await workplace(THREE);
    await place.rungs('up');
    const env = { DATABASE_URL: place.database.url };
    const terminal = rungsOnTerminal(['down', '2'], { cwd: place.folder, env });
    await terminal.shows('Continue? (yes/no): ');
    terminal.type('\u0003');
    const { code, screen } = await terminal.ended;
    expect(code).toBe(130);
    expect(screen).toContain('next: run `rungs down 2` again');
    expect(await place.ledger()).toEqual(['3']);
  });

  it('stops the running statement on the server, rolls back, unlocks, and says what is kept', async () => {
    const database = await createDatabase();
    const controller = new AbortController();
    const run = failureOf(up({ database: database.url, migrations: slow(), signal: controller.signal }));
    await whenSleeping(database, 'abs');
    controller.abort();
    const error = await run;
    expect(error).toMatchObject({ code: 'MIGRATION_UP_FAILED', reason: 'cancelled', sqlstate: '57014' });
    expect(error.report).toMatchObject({ to: 1n, dirty: false });
    expect(error.report?.notReached.map((m) => m.id)).toEqual(['3']);
    expect(await tables(database)).toEqual([{ name: 'a' }]);
    expect(
      await database.query(`select 1 from pg_locks where locktype = 'advisory'
      and database = (select oid from pg_database where datname = current_database())`),
    ).toEqual([]);
  });

  it('with a lent client leaves that client usable', async () => {
    const database = await createDatabase();
    const client = new pg.Client(database.url);
    await client.connect();
    const controller = new AbortController();
    const run = failureOf(up({ database: client, migrations: slow(), signal: controller.signal }));
    await whenSleeping(database, 'abs');
    controller.abort();
    expect((await run).reason).toBe('cancelled');
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await client.end();
  });
});

describe('a session that is terminated in the middle', () => {
  it('is looked up: what was not committed is said not to be', async () => {
    const database = await createDatabase();
    const run = failureOf(up({ database: database.url, migrations: slow() }));
    await whenSleeping(database, 'pg_terminate_backend');
    const error = await run;
    expect(error).toMatchObject({ code: 'MIGRATION_UP_FAILED', reason: 'connection_lost' });
    expect(error.message).toContain('it was not committed');
    expect(error.report).toMatchObject({ to: 1n, dirty: false, failed: { id: '2', rolledBack: true } });
    expect(await tables(database)).toEqual([{ name: 'a' }]);
  });

  it('is looked up where it was, though its search_path is gone with it', async () => {
    const database = await createDatabase();
    await database.query('create schema tenant');
    const client = new pg.Client(database.url);
    client.on('error', () => {});
    await client.connect();
    await client.query('set search_path = tenant');
    const migrations = folderOf({
      '1_r.up.sql': '-- rungs: no-transaction\nselect 1;\nselect pg_sleep(30);',
    });
    const run = failureOf(up({ database: client, migrations }));
    await whenSleeping(database, 'pg_terminate_backend');
    const error = await run;
    expect(error.message).toContain('half done');
    expect(error.report).toMatchObject({ to: 1n, dirty: true });
  });

  it('in a resumable file is looked up, and the next run goes on', async () => {
    const database = await createDatabase();
    const migrations = folderOf({
      '1_r.up.sql':
        '-- rungs: no-transaction\ncreate table a (id int);\nselect pg_sleep(1);\ncreate table b (id int);',
    });
    const run = failureOf(up({ database: database.url, migrations }));
    await whenSleeping(database, 'pg_terminate_backend');
    const error = await run;
    expect(error).toMatchObject({ reason: 'connection_lost', report: { to: 1n, dirty: true } });
    expect(error.message).toContain('half done');
    expect((await status({ database: database.url, migrations })).unfinished).toMatchObject({ done: 1 });
    await up({ database: database.url, migrations });
    expect(await tables(database)).toEqual([{ name: 'a' }, { name: 'b' }]);
  });
});

describe('a connection that is lost, and once more when it has been looked up', () => {
  it('loses nothing of what was read by then', async () => {
    const database = await createDatabase();
    const proxy = await startProxy(database.url);
    let isRun = false;
    proxy.judge = ({ from, connection, text }) => {
      if (connection === 1 && text.includes('create table a')) isRun = true;
      if (connection === 1 && isRun && from === 'server' && text === 'COMMIT') return 'cut';
      return connection === 2 && text.includes('pg_advisory_unlock') ? 'cut' : 'pass';
    };
    const migrations = folderOf({ '1_a.up.sql': 'create table a (id int)' });
    const report = await up({ database: proxy.url, migrations });
    expect(report).toMatchObject({ applied: [{ id: '1' }], unknown: [], to: 1n });
    expect(report.warnings.map((w) => w.reason)).toContain('connection_lost');
    expect(proxy.connections).toBe(2);
  });
});
