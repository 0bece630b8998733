/** What the API says to options that it cannot use. Nothing here connects: it says so before. */

import { readFileSync } from 'node:fs';
import pg from 'pg';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { ALLOWED } from '../../src/allowed.ts';
import * as api from '../../src/index.ts';
import { failureOf } from '../support/failure.ts';

type Call = (options: never) => Promise<unknown>;

const BASE = { database: 'postgres://nobody@127.0.0.1:1/none', migrations: 'migrations' };
const { baseline, down, fleet, force, goto, migrateOnStart, plan, readMigrations, redo, rollback, up } = api;
/** Whatever the API has to be called: one that is new is looked at too. */
const { MigrateError, CODES, REASONS, version, ...FUNCTIONS } = api;

/** What is said of options that JavaScript lets through; null where nothing is. */
async function said(call: Call, options: unknown): Promise<string> {
  const error = await failureOf(call(options as never));
  expect(error).toMatchObject({ code: 'CONFIG_INVALID', reason: 'option', exitCode: 19 });
  return [error.message, ...error.details].join('\n');
}
const ofUp = (options: object) => said(up as Call, { ...BASE, ...options });
const ofFleet = (options: object) =>
  said(fleet as Call, { migrations: 'migrations', targets: [], ...options });

describe('an option that does not exist', () => {
  it.each([
    [{ dryrun: true }, 'up: dryrun is not a known option; did you mean dryRun?'],
    [{ numSteps: 1 }, 'up: numSteps is not a known option; did you mean steps?'],
    [{ lockTimeout: 5 }, 'up: lockTimeout is not a known option; did you mean lockTimeoutMs?'],
    [{ blocked: { timeout: '3s' } }, 'up: blocked.timeout is not a known key; did you mean timeoutMs?'],
    [{ hooks: { before: 'x.sql' } }, 'up: hooks.before is not a known key; did you mean beforeAll?'],
    [{ table: { tbl: 'x' } }, 'up: table.tbl is not a known key; there are schema, name and journal'],
    [{ __proto__: null, constructor: 1 }, 'up: constructor is not a known option; there are database, '],
  ])('%o is refused, with the one that was probably meant', async (options, message) => {
    expect(await ofUp(options)).toContain(message);
  });

  it('is one of another function too, where it says how far to go', async () => {
    expect(await said(down as Call, { ...BASE, to: 2n })).toContain('down: to is not a known option');
    expect(await said(goto as Call, { ...BASE, to: 2n, steps: 1 })).toContain(
      'goto: steps is not a known option',
    );
    expect(await said(redo as Call, { ...BASE, steps: 2 })).toContain('redo: steps is not a known option');
  });

  it('is refused by each function, in its own name', async () => {
    const { migrateOnStart: _, plan: __, readMigrations: ___, ...others } = FUNCTIONS;
    for (const [name, call] of Object.entries(others))
      expect(await said(call as Call, { ...BASE, version: 1n, to: 1n, targets: [], dryrun: 1 })).toMatch(
        new RegExp(`^${name}: (\\d problems\\n(.*\\n)*)?dryrun is not a known option`),
      );
    expect(
      await said(migrateOnStart as Call, { url: BASE.database, migrations: 'm', dryRun: true }),
    ).toContain('migrateOnStart: dryRun is not a known option');
    expect(await said((o: never) => plan({ kind: 'redo' }, o), { ...BASE, dryrun: true })).toContain(
      'plan: dryrun',
    );
    expect(await ofFleet({ dryRunn: true, maxFailure: 3 })).toBe(
      [
        'fleet: 2 problems',
        'dryRunn is not a known option; did you mean dryRun?',
        'maxFailure is not a known option; did you mean maxFailures?',
      ].join('\n'),
    );
  });
});

describe('a value that cannot be used', () => {
  it.each([
    [Number.NaN, 'NaN'],
    ['5', '"5"'],
    [0, '0'],
    [-1, '-1'],
    [1.5, '1.5'],
    [1e12, '1000000000000'],
    [null, 'null'],
    [1n, '1n'],
    [true, 'true'],
  ])('is %s as batchSize', async (batchSize, shown) => {
    expect(await ofUp({ batchSize })).toBe(`up: batchSize is ${shown}: a whole number from 1 to 100000000`);
  });

  it.each([
    [{ blocked: { timeoutMs: '3s' } }, 'blocked.timeoutMs is "3s": a number of milliseconds from 0'],
    [
      { blocked: { timeoutMs: Number.POSITIVE_INFINITY } },
      'blocked.timeoutMs is Infinity: a number of milliseconds from 0',
    ],
    [{ blocked: 3000 }, 'blocked is 3000: an object with timeoutMs, attempts, delayMs or queue'],
    [{ retry: { attempts: 0 } }, 'retry.attempts is 0: a whole number from 1 to 1000'],
    [{ lockTimeoutMs: Number.NaN }, 'lockTimeoutMs is NaN: a number of milliseconds from 0, or Infinity'],
    [{ lockStrategy: 'none' }, `lockStrategy is "none": 'session' or 'transaction'`],
    [{ layout: 'auto' }, `layout is "auto": 'pairs' or 'named' or 'script'`],
    [{ dryRun: 'yes' }, 'dryRun is "yes": true or false'],
    [{ signal: {} }, 'signal is an object: an AbortSignal'],
    [{ signal: new AbortController() }, 'signal is an AbortController: an AbortSignal'],
    [{ onEvent: 'log' }, 'onEvent is "log": a function'],
    [{ confirm: true }, 'confirm is true: a function'],
    [{ env: 'PGUSER=x' }, 'env is "PGUSER=x": an object, as the environment is'],
    [{ hooks: [] }, 'hooks is a list: an object with beforeAll, beforeEach, afterEach, afterAll'],
    [
      { hooks: { beforeAll: [() => {}, 5] } },
      'hooks.beforeAll[1] is 5: the path of an .sql file, an import of one, or a function',
    ],
    [{ steps: 2n }, 'steps is 2n: a whole number from 0'],
    [{ steps: -1 }, 'steps is -1: a whole number from 0'],
    [{ to: '2' }, 'to is "2": a whole number from 0 to 9223372036854775807, as in 7 or 7n'],
    [
      { migrations: 5 },
      'migrations is 5: a folder, a script, or what readMigrations or an import of migrations: has given',
    ],
    [{ migrations: Promise.resolve() }, 'migrations is a Promise: a folder, a script, or '],
    [
      { database: new URL('postgres://u:secret@h/d') },
      'database is a URL: a connection string, or a connected client of pg',
    ],
    [{ database: { connectionString: 'x' } }, 'database is an object: a connection string, or '],
    [{ table: 'a.b' }, 'table is "a.b": an object with schema, name or journal'],
  ])('%o is refused by up', async (options, message) => {
    expect(await ofUp(options)).toContain(`up: ${message}`);
  });

  it.each([
    [{ concurrency: 0 }, 'concurrency is 0: a whole number from 1'],
    [{ maxFailures: 1.5 }, 'maxFailures is 1.5: a whole number from 1, or Infinity'],
    [{ maxFailures: Number.NaN }, 'maxFailures is NaN: a whole number from 1, or Infinity'],
    [{ canary: -1 }, 'canary is -1: a whole number from 0, or a list of names'],
    [{ canary: ['a', 5] }, 'canary[1] is 5: the name of a target'],
    [{ shard: { number: 1 } }, 'shard.of is missing: a whole number from 1'],
    [{ targets: 'postgres://u:secret@h/d' }, 'targets is a URL: a list, or an object with query'],
    [{ targets: [{ shcema: 'a' }] }, 'targets[0].shcema is not a known key; did you mean schema?'],
    [{ targets: [null] }, 'targets[0] is null: an object with url, schema, name or where'],
    [{ targets: { query: 5 } }, 'targets.query is 5: SQL'],
    [{ hooks: 5 }, 'hooks is 5: an object with beforeAll'],
    [{ resume: {} }, 'resume is an object: the report of a fleet'],
  ])('%o is refused by fleet', async (options, message) => {
    expect(await ofFleet(options)).toContain(`fleet: ${message}`);
  });

  it.each(['3', 'x', '1; drop table a', -1n, -1, 2n ** 63n, 2 ** 53, 1.5, Number.NaN, null, true])(
    'is %o as a version, wherever there is one',
    async (v) => {
      for (const [call, key] of [
        [force, 'version'],
        [baseline, 'version'],
        [goto, 'to'],
        [up, 'to'],
      ] as const)
        expect(await said(call as Call, { ...BASE, [key]: v })).toMatch(
          new RegExp(`: ${key} is .+: a whole number from 0 to 9223372036854775807, as in 7 or 7n$`),
        );
    },
  );

  it.each([
    [undefined, `its goal is undefined: an object, as { kind: 'up' }`],
    [{ kind: 'force' }, `goal.kind is "force": 'up' or 'down' or 'goto' or 'redo'`],
    [{ kind: 'up', steps: Number.NaN }, 'goal.steps is NaN: a whole number from 0, or null'],
    [{ kind: 'down' }, 'goal.steps is missing: a whole number from 0, or null for all'],
    [{ kind: 'goto', to: '2' }, 'goal.to is "2": a whole number'],
    [{ kind: 'redo', steps: 1 }, 'goal.steps is not a known key; there are kind'],
  ])('%o is refused as a goal of plan', async (goal, message) => {
    expect(await said((o: never) => plan(goal as never, o), BASE)).toContain(`plan: ${message}`);
  });

  it.each([
    [{ onAhead: 'ignore' }, `onAhead is "ignore": 'refuse' or 'accept'`],
    [{ wait: { attempts: 'x' } }, 'wait.attempts is "x": a whole number from 1 to 1000'],
    [{ client: {} }, 'client is an object: a connected client of pg'],
    [{ enabledBy: true }, 'enabledBy is true: the name of an environment variable'],
  ])('%o is refused by migrateOnStart', async (options, message) => {
    expect(await said(migrateOnStart as Call, { migrations: 'm', ...options })).toContain(message);
  });

  it('is refused by readMigrations, which has no options', async () => {
    const message = 'the path of a folder or a script';
    expect(await said(readMigrations as Call, undefined)).toBe(
      `readMigrations: folder is missing: ${message}`,
    );
    expect(await said(readMigrations as Call, 5)).toBe(`readMigrations: folder is 5: ${message}`);
    expect(await failureOf(readMigrations('migrations', 'auto' as never))).toMatchObject({
      reason: 'option',
    });
  });

  it('is dryRun where there is no dry run, as it would be run for real', async () => {
    for (const call of [force, rollback])
      expect(await said(call as Call, { ...BASE, dryRun: true })).toContain('dryRun is true: only false');
  });

  it('is told with all others in one error', async () => {
    const error = await failureOf(up({ dryrun: true, batchSize: Number.NaN } as never));
    expect(error).toMatchObject({
      reason: 'option',
      operation: 'read the options of up',
      message: 'up: 4 problems',
      details: [
        'dryrun is not a known option; did you mean dryRun?',
        'batchSize is NaN: a whole number from 1 to 100000000',
        'database is missing: a connection string, or a connected client of pg',
        'migrations is missing: a folder, a script, or what readMigrations or an import of migrations: has given',
      ],
    });
  });

  it('is not shown where it may be a secret', async () => {
    const secret = 'postgres://app:s3cret@db/app';
    for (const options of [
      { lockTimeoutMs: secret },
      { placeholders: { pin: 4711 } },
      { placeholders: { pin: { secret: 4711 } } },
      { [secret]: 1 },
    ])
      expect(await ofUp(options)).not.toMatch(/s3cret|4711/);
  });
});

describe('options that are missing', () => {
  it.each([
    [undefined, 'its options are undefined'],
    [null, 'its options are null'],
    ['postgres://u:secret@h/d', 'its options are a URL'],
    [[], 'its options are a list'],
  ])('altogether (%o) are told so', async (options, message) => {
    expect(await said(up as Call, options)).toBe(`up: ${message}: an object with database and migrations`);
  });

  it('a database that is none is unset, as it mostly comes from the environment', async () => {
    for (const database of [{}, { database: undefined }])
      expect(await failureOf(up({ migrations: 'm', ...database } as never))).toMatchObject({
        code: 'CONFIG_INVALID',
        reason: 'unset',
        message: 'up: database is missing: a connection string, or a connected client of pg',
        hint: expect.stringContaining('DATABASE_URL'),
      });
  });

  it('migrations and versions are needed where there is no going on without', async () => {
    const { database } = BASE;
    expect(await said(up as Call, { database })).toContain('up: migrations is missing');
    expect(await said(force as Call, BASE)).toContain('force: version is missing');
    expect(await said(goto as Call, BASE)).toContain('goto: to is missing');
    expect(await said(fleet as Call, { database, migrations: 'm' })).toContain('fleet: targets is missing');
  });
});

describe('a client', () => {
  it('that is not connected is refused, as its queries would wait for ever', async () => {
    const message = 'is a client that is not connected: call its connect() first';
    expect(await ofUp({ database: new pg.Client() })).toBe(`up: database ${message}`);
    expect(await said(migrateOnStart as Call, { client: new pg.Client(), migrations: 'm' })).toBe(
      `migrateOnStart: client ${message}`,
    );
  });

  it('whose connecting has failed is refused too', async () => {
    const client = new pg.Client({ host: '127.0.0.1', port: 1 });
    await client.connect().catch(() => {});
    expect(await ofUp({ database: client })).toContain('is not connected');
  });

  it('that is a pool is refused, by the name of what to lend', async () => {
    const pool = new pg.Pool();
    expect(await ofUp({ database: pool })).toContain(
      'database is a pg.Pool: lend a client of it, from pool.connect()',
    );
    expect(await said(migrateOnStart as Call, { client: pool, migrations: 'm' })).toContain('pool.connect()');
    await pool.end();
  });
});

describe('the table of what is allowed', () => {
  // No more and no fewer than the types name: for tsc to judge.
  type Keys<F extends keyof typeof ALLOWED> = keyof (typeof ALLOWED)[F];
  expectTypeOf<Keys<'up'>>().toEqualTypeOf<keyof api.UpOptions>();
  expectTypeOf<Keys<'redo'>>().toEqualTypeOf<keyof api.RunOptions>();
  expectTypeOf<Keys<'fleet'>>().toEqualTypeOf<keyof api.FleetOptions>();
  expectTypeOf<Keys<'migrateOnStart'>>().toEqualTypeOf<keyof api.MigrateOnStartOptions>();

  it('has a row for each function of the API', () => {
    expect(Object.keys(ALLOWED).sort()).toEqual(Object.keys(FUNCTIONS).sort());
  });

  it('has the bounds that rungs.yaml has', () => {
    const { properties } = JSON.parse(readFileSync('docs/config.schema.json', 'utf8'));
    const words = ({ minimum, maximum }: { minimum: number; maximum: number }) =>
      `a whole number from ${minimum} to ${maximum}`;
    const { blocked, retry, batchSize } = ALLOWED.up;
    expect(batchSize.words).toBe(words(properties.batchSize));
    expect(blocked.faults({ attempts: -1, queue: -1 }, 'b')).toEqual([
      `b.attempts is -1: ${words(properties.blocked.properties.attempts)}`,
      `b.queue is -1: ${words(properties.blocked.properties.queue)}`,
    ]);
    expect(retry.faults({ attempts: -1 }, 'r')).toEqual([
      `r.attempts is -1: ${words(properties.retry.properties.attempts)}`,
    ]);
  });

  it('has the rows that docs/start-up.md has', () => {
    const page = readFileSync('docs/start-up.md', 'utf8');
    const [, table = ''] = /^\| option \|.*\n\| ---.*\n((?:\|.*\n)+)/m.exec(page) ?? [];
    const named = table.split('\n').flatMap((row) => (row.split('|')[1] ?? '').match(/\w+/g) ?? []);
    expect(named.sort()).toEqual(Object.keys(ALLOWED.migrateOnStart).sort());
  });
});
