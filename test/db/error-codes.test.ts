/** Each documented code, provoked for real: exit code, code and reason, and nothing changed where that is promised. */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CODES, type ErrorCode, MigrateError } from '../../src/index.ts';
import { documentOf, errorOf } from '../support/documents.ts';
import { writeInto } from '../support/folder.ts';
import { startProxy } from '../support/proxy.ts';
import { type Workplace, workplace } from '../support/workplace.ts';

const PAIR = { '1_a.up.sql': 'create table a (id int);', '1_a.down.sql': 'drop table a;' };
const SECOND = { '2_b.up.sql': 'create table b (id int);', '2_b.down.sql': 'drop table nothing;' };

/** What leads to a code: the files, what is done first, the command, and what is asserted besides. */
interface Case {
  readonly what: string;
  readonly code: ErrorCode;
  readonly reason: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly before?: (place: Workplace) => Promise<unknown>;
  readonly words: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The version table's rows afterwards; null where there is no such table. */
  readonly ledger: readonly string[] | null;
}

const CASES: readonly Case[] = [
  {
    what: 'a folder that is not there',
    code: 'MIGRATION_SOURCE_FAILED',
    reason: 'unreadable',
    words: 'up --path nowhere',
    ledger: null,
  },
  {
    what: 'two files of one version',
    code: 'MIGRATION_SOURCE_FAILED',
    reason: 'duplicate',
    files: { '001_again.up.sql': 'select 1;' },
    words: 'up',
    ledger: null,
  },
  {
    what: 'a URL that is none',
    code: 'MIGRATION_INIT_FAILED',
    reason: 'url',
    words: 'up',
    env: { DATABASE_URL: 'mysql://app@db/app' },
    ledger: null,
  },
  {
    what: 'a role that may not create the version table',
    code: 'MIGRATION_INIT_FAILED',
    reason: 'permission',
    before: ({ database }) => database.query('revoke create on schema public from public, current_user'),
    // The superuser may do anything; this role of the server's may not.
    words: 'up',
    env: { PGOPTIONS: '-c role=pg_monitor' },
    ledger: null,
  },
  {
    what: 'a failing up',
    code: 'MIGRATION_UP_FAILED',
    reason: 'sql',
    files: { '2_b.up.sql': 'create table a (id int);' },
    words: 'up',
    ledger: ['1'],
  },
  {
    what: 'a dirty database',
    code: 'MIGRATION_UP_FAILED',
    reason: 'dirty',
    before: async ({ database, rungs }) => {
      await rungs('up');
      await database.query('update schema_migrations set dirty = true');
    },
    words: 'up',
    ledger: ['1 dirty'],
  },
  {
    what: 'a failing down of all',
    code: 'MIGRATION_DOWN_FAILED',
    reason: 'sql',
    files: SECOND,
    before: ({ rungs }) => rungs('up'),
    words: 'down --all --yes',
    ledger: ['2'],
  },
  {
    what: 'a failing down to a version',
    code: 'MIGRATION_DOWN_FAILED',
    reason: 'sql',
    files: SECOND,
    before: ({ rungs }) => rungs('up'),
    words: 'goto 1',
    ledger: ['2'],
  },
  {
    what: 'a failing step down',
    code: 'MIGRATION_STEPS_FAILED',
    reason: 'sql',
    files: SECOND,
    before: ({ rungs }) => rungs('up'),
    words: 'down',
    ledger: ['2'],
  },
  {
    what: 'a failing step up',
    code: 'MIGRATION_STEPS_FAILED',
    reason: 'sql',
    files: { '2_b.up.sql': 'create table a (id int);' },
    words: 'up --num-steps 2',
    ledger: ['1'],
  },
  {
    what: 'a journal that is a stranger’s',
    code: 'MIGRATION_VERSION_FAILED',
    reason: 'ledger_shape',
    before: ({ database }) => database.query('create table schema_migrations_history (version bigint)'),
    words: 'status',
    ledger: null,
  },
  {
    what: 'a version table that may not be read',
    code: 'MIGRATION_VERSION_FAILED',
    reason: 'permission',
    before: ({ rungs }) => rungs('up'),
    words: 'version',
    env: { PGOPTIONS: '-c role=pg_monitor' },
    ledger: ['1'],
  },
  {
    what: 'a version table that may not be written',
    code: 'MIGRATION_FORCE_FAILED',
    reason: 'read_only',
    before: ({ rungs }) => rungs('up'),
    words: 'force 7',
    env: { PGOPTIONS: '-c default_transaction_read_only=on' },
    ledger: ['1'],
  },
  {
    what: 'no DATABASE_URL',
    code: 'CONFIG_INVALID',
    reason: 'unset',
    words: 'up',
    env: { DATABASE_URL: '' },
    ledger: null,
  },
  {
    what: 'an unknown flag',
    code: 'CONFIG_INVALID',
    reason: 'flag',
    words: 'up --num-step 1',
    ledger: null,
  },
  {
    what: 'more than one to revert and nobody to ask',
    code: 'CONFIG_INVALID',
    reason: 'confirmation',
    files: SECOND,
    before: ({ rungs }) => rungs('up'),
    words: 'down --all',
    ledger: ['2'],
  },
  ...['abc', '1.5', '3abc', '-1', '-- -1', '9223372036854775808', ''].map(
    (version): Case => ({
      what: `force ${version || 'nothing'}`,
      code: 'INVALID_VERSION',
      reason: 'version',
      words: `force ${version}`.trim(),
      ledger: null,
    }),
  ),
];

it.each(CASES)('$what is $code ($reason)', async ({ code, reason, files, before, words, env, ledger }) => {
  const place = await workplace({ ...PAIR, ...files });
  await before?.(place);
  const call = words.includes(' -- ') ? words.replace(' -- ', ' --json -- ') : `${words} --json`;
  const result = await place.rungs(call, env === undefined ? {} : { env });
  expect(result.code).toBe(CODES[code].exit);
  expect(errorOf(result)).toMatchObject({ code, reason });
  expect(result.stderr).toContain(`${code}: ${CODES[code].title}\n  operation: `);
  expect(result.stderr).toMatch(/\n {2}next: [^\n]+\n$/);
  expect(await place.ledger()).toEqual(ledger);
});

describe('MIGRATION_VERSION_CHECK_FAILED', () => {
  it('lists as unknown what was sent when the database went away for good', async () => {
    const place = await workplace({ ...PAIR, ...SECOND, '3_c.up.sql': 'select 3;' });
    writeInto(place.folder, { 'rungs.yaml': 'batchSize: 1\n' });
    const proxy = await startProxy(place.database.url);
    let gone: Promise<void> | null = null;
    proxy.judge = ({ text }) => {
      if (!text.includes('create table b')) return 'pass';
      // Its database goes meanwhile, so that coming back meets a clear no and not a long wait.
      gone = place.database.drop();
      return 'cut';
    };
    const result = await place.rungs('up --json', { env: { DATABASE_URL: proxy.url } });
    await gone;
    expect(result.code).toBe(CODES.MIGRATION_VERSION_CHECK_FAILED.exit);
    const { applied, unknown, notReached, pending, failed, error } = documentOf(result);
    expect(applied).toMatchObject([{ id: '1' }]);
    expect(unknown).toMatchObject([{ id: '2' }]);
    expect(notReached).toMatchObject([{ id: '3' }]);
    // It may have been committed: not to be called pending.
    expect(pending).toMatchObject([{ id: '3' }]);
    expect(failed).toBeNull();
    expect(error).toMatchObject({
      code: 'MIGRATION_VERSION_CHECK_FAILED',
      reason: 'connection_lost',
      operation: 'apply migration 2',
      hint: 'run `rungs status` when the database is back',
    });
    expect(result.stderr).toContain('  applied: 1 (kept); unknown: 2; not reached: 3\n');
  });
});

it('a fault of ours exits with 70, whatever it was at, and errors.md says so', async () => {
  const { rungs, folder } = await workplace(PAIR);
  // Nothing expects the folder to go.
  const preload = `data:text/javascript,process.cwd = () => { throw new Error('no such folder') }`;
  const result = await rungs('status --json', {
    env: { NODE_OPTIONS: `--import="${preload}"` },
    cwd: folder,
  });
  expect(result.code).toBe(70);
  expect(errorOf(result)).toMatchObject({ code: 'MIGRATION_INIT_FAILED', reason: 'internal' });
  const common = { operation: 'apply migration 1', message: 'not COMMIT' };
  expect(new MigrateError('MIGRATION_UP_FAILED', 'internal', common).exitCode).toBe(70);
  expect(readFileSync('docs/errors.md', 'utf8')).toContain('70 is a fault in rungs itself');
});

it('no documented code is left out', () => {
  // The first is in close.test.ts.
  const apart: readonly ErrorCode[] = ['MIGRATION_CLOSE_FAILED', 'MIGRATION_VERSION_CHECK_FAILED'];
  expect(new Set([...CASES.map((c) => c.code), ...apart])).toEqual(new Set(Object.keys(CODES)));
});
