/** Options as JavaScript gives them, on a database: what is absent, what may be said in another way, and whose fault a throw is. */

import pg from 'pg';
import { describe, expect, it } from 'vitest';
import {
  adopt,
  baseline,
  type Event,
  type FleetEvent,
  fleet,
  force,
  goto,
  MigrateError,
  migrateOnStart,
  plan,
  type RunOptions,
  status,
  up,
} from '../../src/index.ts';
import { contents } from '../support/contents.ts';
import { createDatabase } from '../support/database.ts';
import { failureOf } from '../support/failure.ts';
import { folderOf } from '../support/folder.ts';
import { given } from '../support/given.ts';
import { advisoryLocks } from '../support/session.ts';

/** A type says that they may be absent, and JavaScript gives them as undefined. */
const unset = (...names: readonly string[]): Record<never, never> =>
  Object.fromEntries(names.map((name) => [name, undefined]));

describe('what is undefined', () => {
  it('is absent: defaults hold', async () => {
    const { options } = await given();
    const nothing = unset(
      'dryRun',
      'batchSize',
      'steps',
      'to',
      'env',
      'hooks',
      'signal',
      'confirm',
      'table',
      'dryrun',
    );
    const blocked = unset('timeoutMs', 'attempts', 'delayMs', 'queue');
    const report = await up({ ...options, ...nothing, blocked, retry: { ...unset('attempts', 'delayMs') } });
    expect(report).toMatchObject({ dryRun: false, to: 3n });
  });

  it('is absent for a fleet and a service too', async () => {
    const { options, database } = await given();
    const { migrations } = options;
    const nothing = unset('env', 'shard', 'hooks', 'confirm', 'onEvent', 'concurrency', 'canary', 'database');
    const { targets } = await fleet({
      migrations,
      targets: [{ url: database.url, schema: undefined }],
      ...nothing,
    });
    expect(targets).toMatchObject([{ state: 'migrated' }]);
    const absent = unset('env', 'client', 'applicationName', 'onAhead', 'wait');
    expect(await migrateOnStart({ url: database.url, migrations, ...absent })).toMatchObject({ to: 3n });
  });

  it('is no value of a placeholder', async () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is a placeholder's own notation.
    const { options } = await given({ '1_a.up.sql': 'create table ${name} ();' });
    const placeholders = { name: undefined } as unknown as Record<string, string>;
    const error = await failureOf(up({ ...options, placeholders }));
    expect(error).toMatchObject({ reason: 'placeholder', message: expect.stringContaining('has no value') });
  });
});

describe('a version', () => {
  it('may be a number', async () => {
    const { options } = await given();
    expect(await plan({ kind: 'up', to: 2 }, options)).toMatchObject({ to: 2n });
    expect(await up({ ...options, to: 2 })).toMatchObject({ to: 2n });
    expect(await goto({ ...options, to: 1 })).toMatchObject({ from: 2n, to: 1n });
    expect(await force({ ...options, version: 3 })).toMatchObject({ from: 1n, to: 3n });
    const other = await createDatabase();
    await other.query('create table a (id int)');
    expect(await baseline({ ...options, database: other.url, version: 1 })).toMatchObject({ version: 1n });
  });

  it('that is SQL reaches no server', async () => {
    const { options, database } = await given();
    await up(options);
    const before = await contents(database);
    const version = '1); drop table a; --' as unknown as bigint;
    expect(await failureOf(force({ ...options, version }))).toMatchObject({ reason: 'option' });
    expect(await contents(database)).toEqual(before);
  });
});

it('an option that is misspelt changes nothing', async () => {
  const { options, database } = await given();
  const empty = await contents(database);
  const misspelt = { dryrun: true } as unknown as RunOptions;
  expect(await failureOf(up({ ...options, ...misspelt }))).toMatchObject({ reason: 'option' });
  expect(await contents(database)).toEqual(empty);
});

it('adopt writes nothing where dryRun is set, whatever else is', async () => {
  const { options, database } = await given({ '20240101000000_a.up.sql': 'create table a (id int);' });
  await database.query(
    "create table a (id int); create table schema_migrations (version varchar primary key); insert into schema_migrations values ('20240101000000')",
  );
  const before = await contents(database);
  expect(await adopt({ ...options, from: 'dbmate', write: true, dryRun: true })).toMatchObject({
    written: false,
    error: null,
  });
  expect(await contents(database)).toEqual(before);
});

describe('a client on loan', () => {
  it('that is still connecting is waited for', async () => {
    const { options, database } = await given();
    const client = new pg.Client(database.url);
    const connecting = client.connect();
    expect(await up({ ...options, database: client })).toMatchObject({ to: 3n });
    await connecting;
    await client.end();
  });

  it('may be wrapped, and then says nothing of whether it is connected', async () => {
    const { options, database } = await given();
    const client = new pg.Client(database.url);
    await client.connect();
    const wrapped = {
      query: (...args: Parameters<pg.Client['query']>) => client.query(...args),
      on: (event: 'end', heard: () => void) => client.on(event, heard),
      removeListener: (event: string, heard: () => void) => client.removeListener(event, heard),
      escapeIdentifier: (text: string) => client.escapeIdentifier(text),
    };
    expect(await status({ ...options, database: wrapped })).toMatchObject({ version: null });
    await client.end();
  });
});

describe('a caller’s function that throws', () => {
  const boom = () => {
    throw new Error('no such logger');
  };
  const at = (kind: Event['kind'], id: string | null, work: () => void) => (e: Event) => {
    if (e.kind === kind && (id === null || ('id' in e && e.id === id))) work();
  };

  it('is told as its own fault, and not as ours', async () => {
    const { options, database } = await given();
    const error = await failureOf(up({ ...options, onEvent: at('locked', null, boom) }));
    expect(error).toMatchObject({
      code: 'MIGRATION_INIT_FAILED',
      exitCode: 11,
      reason: 'callback',
      operation: 'call onEvent',
      message: 'the caller’s onEvent threw: no such logger',
      report: { applied: [] },
    });
    expect(error.cause).toMatchObject({ message: 'no such logger' });
    expect(await advisoryLocks(database)).toEqual([]);
  });

  it.each([
    [1, 1n],
    [1_000_000, 2n],
  ])(
    'at a migration that is committed ends the run behind what was sent with it (batchSize %i)',
    async (batchSize, to) => {
      const { options } = await given();
      const error = await failureOf(up({ ...options, batchSize, onEvent: at('finished', '1', boom) }));
      expect(error).toMatchObject({ reason: 'callback', report: { to, dirty: false } });
      expect(await up(options)).toMatchObject({ from: to, to: 3n });
    },
  );

  it('may be one that looks: status, a fleet and migrateOnStart say the same', async () => {
    const { options, database } = await given();
    const { migrations } = options;
    const onEvent = boom;
    expect(await failureOf(status({ ...options, migrations: folderOf({}), onEvent }))).toMatchObject({
      reason: 'callback',
    });
    expect(await failureOf(fleet({ migrations, targets: [database.url], onEvent }))).toMatchObject({
      reason: 'callback',
    });
    const odd = { enabledBy: 'SWITCH', env: { SWITCH: 'odd' } };
    expect(await failureOf(migrateOnStart({ url: database.url, migrations, onEvent, ...odd }))).toMatchObject(
      {
        reason: 'callback',
      },
    );
  });

  it('ends a fleet when all that was begun has ended, and no more is begun', async () => {
    const { options } = await given();
    const databases = await Promise.all([1, 2, 3, 4].map(() => createDatabase()));
    const heard: string[] = [];
    const onEvent = (event: FleetEvent) => {
      heard.push(event.kind);
      if (event.kind === 'ended' && heard.filter((kind) => kind === 'ended').length === 1) boom();
    };
    const { migrations } = options;
    const targets = databases.map(({ url }) => url);
    const error = await failureOf(fleet({ migrations, targets, onEvent, canary: 0, concurrency: 2 }));
    expect(error.reason).toBe('callback');
    const how = heard.filter((kind) => kind === 'begun' || kind === 'ended');
    expect(how).toEqual(['begun', 'begun', 'ended', 'ended']);
  });

  it('may be confirm, and then nothing is run', async () => {
    const { options, database } = await given();
    const empty = await contents(database);
    const confirm = async () => boom();
    expect(await failureOf(up({ ...options, confirm }))).toMatchObject({
      reason: 'callback',
      message: 'the caller’s confirm threw: no such logger',
    });
    expect(await contents(database)).toEqual(empty);
  });

  it('is left as it is where it throws a MigrateError', async () => {
    const { options } = await given();
    const own = new MigrateError('MIGRATION_UP_FAILED', 'declined', {
      operation: 'ask',
      message: 'not today',
    });
    const confirm = () => Promise.reject(own);
    expect(await failureOf(up({ ...options, confirm }))).toBe(own);
  });
});

it.each([false, true, undefined, 'maybe'])(
  'an answer of %o to the question is not taken for a yes',
  async (answer) => {
    const { options, database } = await given();
    const empty = await contents(database);
    const confirm = (async () => answer) as unknown as NonNullable<RunOptions['confirm']>;
    const error = await failureOf(up({ ...options, confirm }));
    expect(error).toMatchObject({ reason: 'callback' });
    expect(error.message).toContain(`answered ${JSON.stringify(answer)}, and not "unasked" or "yes" or "no"`);
    expect(await contents(database)).toEqual(empty);
  },
);

it('hooks that a function gives for a target of a fleet are looked at for that target', async () => {
  const { options, database } = await given();
  const hooks = () => ({ before: 'x.sql' }) as object;
  const { migrations } = options;
  const { error } = await fleet({ migrations, targets: [database.url], hooks });
  expect(error).toMatchObject({ code: 'CONFIG_INVALID', reason: 'option', operation: 'read the hooks' });
  expect(error?.message).toBe('hooks.before is not a known key; did you mean beforeAll?');
});
