/** SQL hooks that need locks which others have: they wait and let go as migrations do. */

import { describe, expect, it } from 'vitest';
import { type GivenHooks, up } from '../../src/index.ts';
import { block, listener, of, withObjects } from '../support/blocked.ts';
import type { Database } from '../support/database.ts';
import { failureOf } from '../support/failure.ts';
import { folderOf } from '../support/folder.ts';

const ALTER = `insert into log values ('hook'); alter table objects add column price int;`;
const RESUMABLE = 'create table made (id int); create index concurrently on made (id);';
/** As often as it takes. */
const SOON = { timeoutMs: 300, attempts: 1000, delayMs: 1 };

const hookOf = (text: string): string => `${folderOf({ 'hook.sql': text })}/hook.sql`;
const logged = (database: Database) => database.query('select line from log');

describe.each([
  ['beforeAll', 'select 1', 'beforeAll'],
  ['afterAll', 'select 1', 'afterAll'],
  ['beforeEach', RESUMABLE, '1'],
  ['afterEach', RESUMABLE, '1'],
] as const)('%s in a transaction of its own, with `%s`', (name, text, id) => {
  it('lets go and is tried again, whole, until it has its lock', async () => {
    const database = await withObjects();
    const blocker = await block(database);
    const { heard, onEvent, settled } = listener({ 'let-go': blocker.go });
    const hooks: GivenHooks = { [name]: hookOf(ALTER) };
    const migrations = folderOf({ '1_a.up.sql': text });
    const report = await up({ database: database.url, migrations, hooks, blocked: SOON, onEvent });
    await settled();
    expect(report).toMatchObject({ to: 1n, dirty: false });
    expect(report.hooks.map((h) => h.hook)).toEqual([name]);
    expect(of(heard, 'let-go')[0]).toMatchObject({ id, reason: 'lock_timeout', attempt: 1 });
    expect(await logged(database)).toEqual([{ line: 'hook' }]);
  });

  it('is given up in the end, and who was in its way is named', async () => {
    const database = await withObjects();
    const blocker = await block(database);
    const hooks: GivenHooks = { [name]: hookOf(ALTER) };
    const migrations = folderOf({ '1_a.up.sql': text });
    const blocked = { timeoutMs: 2000, attempts: 2, delayMs: 1 };
    const error = await failureOf(up({ database: database.url, migrations, hooks, blocked }));
    await blocker.go();
    expect(error).toMatchObject({ reason: 'lock_timeout', sqlstate: '55P03' });
    expect(error.operation).toContain(`run the ${name} hook`);
    expect(error.details.join('\n')).toMatch(/^blocked by pid \d+ .*"checkout".*\n2 attempts in /);
    expect(error.hint).toContain(
      `wait for pid ${blocker.pid} or end it (\`select pg_terminate_backend(${blocker.pid})\`), and run`,
    );
    expect(await logged(database)).toEqual([]);
  });
});

it('a lock_timeout that a hook sets itself wins', async () => {
  const database = await withObjects();
  const hooks = {
    beforeAll: hookOf(
      `set local lock_timeout = '7s'; insert into log select current_setting('lock_timeout')`,
    ),
  };
  const migrations = folderOf({ '1_a.up.sql': 'select 1' });
  await up({ database: database.url, migrations, hooks, blocked: SOON });
  expect(await logged(database)).toEqual([{ line: '7s' }]);
});

it('a beforeAll that is cancelled between two attempts was not run', async () => {
  const database = await withObjects();
  const blocker = await block(database);
  const controller = new AbortController();
  const { onEvent } = listener({ 'let-go': () => controller.abort() });
  const migrations = folderOf({ '1_a.up.sql': 'select 1' });
  const blocked = { ...SOON, delayMs: 60_000 };
  const hooks = { beforeAll: hookOf(ALTER) };
  const error = await failureOf(
    up({ database: database.url, migrations, hooks, blocked, onEvent, signal: controller.signal }),
  );
  await blocker.go();
  expect(error).toMatchObject({ reason: 'cancelled', operation: 'run the beforeAll hook' });
  expect(error.hint).toContain('no migration was run');
});
