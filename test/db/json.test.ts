/** `--json`: one document on stdout, by the published schema, whatever happened. */

import { describe, expect, it } from 'vitest';
import { documentOf, errorOf, faultsOf } from '../support/documents.ts';
import { workplace } from '../support/workplace.ts';

const FILES = {
  '1_a.up.sql': 'create table a (id int);',
  '1_a.down.sql': 'drop table a;',
  '2_b.up.sql': 'create table b (id int); create index concurrently b_idx on b (id);',
  '2_b.down.sql': 'drop table b;',
  '3_c.up.sql': "do $$ begin raise notice 'not on stdout'; end $$;",
  '3_c.down.sql': 'select 3;',
};
const steps = (...ids: readonly string[]) => ids.map((id) => ({ id }));

describe('with --json', () => {
  it('every command prints one document by the schema, and what happens on the way goes to stderr', async () => {
    const { rungs } = await workplace(FILES);
    const told = async (words: string) => {
      const result = await rungs(`${words} --json`);
      expect(result.code, words).toBe(0);
      return documentOf(result);
    };
    expect(await told('status')).toMatchObject({
      command: 'status',
      version: null,
      dirty: false,
      migrations: ['1', '2', '3'].map((id) => ({
        id,
        state: 'pending',
        appliedAt: null,
        executionTimeMs: null,
      })),
      counts: { applied: 0, pending: 3, missing: 0, changed: 0, 'out-of-order': 0, dirty: 0 },
    });
    expect(await told('version')).toEqual({
      command: 'version',
      version: null,
      dirty: false,
      warnings: [],
      error: null,
    });
    expect(await told('up --dry-run')).toMatchObject({
      command: 'up',
      dryRun: true,
      from: null,
      to: '3',
      applied: [
        { id: '1', mode: 'atomic', executionTimeMs: null },
        { id: '2', mode: 'resumable', executionTimeMs: null },
        { id: '3', mode: 'atomic', executionTimeMs: null },
      ],
      pending: [],
    });
    expect(await told('up --num-steps 2')).toMatchObject({
      from: null,
      to: '2',
      applied: steps('1', '2'),
      pending: steps('3'),
    });
    const up = await rungs('up --json');
    expect(documentOf(up)).toMatchObject({
      command: 'up',
      from: '2',
      to: '3',
      applied: steps('3'),
      pending: [],
    });
    expect(up.stderr).toContain('NOTICE: not on stdout');
    expect(await told('up')).toMatchObject({ from: '3', to: '3', applied: [] });
    expect(await told('redo')).toMatchObject({
      command: 'redo',
      from: '3',
      to: '3',
      applied: [
        { id: '3', direction: 'down' },
        { id: '3', direction: 'up' },
      ],
    });
    expect(await told('goto 1 --yes')).toMatchObject({
      command: 'goto',
      from: '3',
      to: '1',
      pending: steps('2', '3'),
    });
    expect(await told('down')).toMatchObject({ command: 'down', from: '1', to: null });
    expect(await told('down --all')).toMatchObject({ from: null, to: null, applied: [] });
    expect(await told('force 2')).toMatchObject({ command: 'force', from: null, to: '2', applied: [] });
    expect(await told('status')).toMatchObject({ version: '2', counts: { applied: 2, pending: 1 } });
    expect(await told('create add_users')).toMatchObject({
      command: 'create',
      up: 'migrations/4_add_users.up.sql',
      down: 'migrations/4_add_users.down.sql',
    });
  });

  it('what needs attention is in the status', async () => {
    const { rungs, write, database } = await workplace(FILES);
    await rungs('up');
    write({ '0_late.up.sql': 'select 0;', '1_a.up.sql': 'create table a (id bigint);' });
    await database.query('update schema_migrations set version = 4, dirty = true');
    expect(documentOf(await rungs('status --json'))).toMatchObject({
      version: '4',
      dirty: true,
      migrations: [
        { id: '0', state: 'out-of-order' },
        { id: '1', state: 'changed' },
        { id: '2', state: 'applied' },
        { id: '3', state: 'applied' },
        { id: '4', state: 'dirty' },
      ],
    });
  });

  it.each([
    ['nonsense --json', 'nonsense', 19],
    ['--json', '--json', 19],
    ['up --json --nonsense', 'up', 19],
    ['up --nonsense=1 --json', 'up', 19],
    ['up --path --json', 'up', 19],
    ['up --json one two', 'up', 19],
    ['up --json --num-steps 1 2', 'up', 19],
    ['up --json --num-steps -1', 'up', 19],
    ['up --json --lock-timeout soon', 'up', 19],
    ['up --json --to latest', 'up', 20],
    ['down --json --all 2', 'down', 19],
    ['goto --json', 'goto', 20],
    ['goto --json 1 2', 'goto', 19],
    ['redo --json 1', 'redo', 19],
    ['status --json 1', 'status', 19],
    ['version --json --dry-run', 'version', 19],
    ['force --json', 'force', 20],
    ['create --json', 'create', 10],
    ['create --json a;b', 'create', 10],
    ['up --json --path nowhere', 'up', 10],
    ['status --json --path nowhere', 'status', 10],
    ['up --json --database postgres://', 'up', 11],
  ])('even `rungs %s` prints one', async (words, command, code) => {
    const { rungs } = await workplace({});
    const result = await rungs(words, {
      env: {
        DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
        PGUSER: 'x',
        PGHOST: '127.0.0.1',
        PGPORT: '1',
      },
    });
    expect(result.code).toBe(code);
    expect(documentOf(result)).toMatchObject({ command, error: { code: expect.any(String) } });
    expect(result.stderr).toContain(errorOf(result).message.split('\n')[0]);
  });

  it('a call for help gets help', async () => {
    const { rungs } = await workplace({});
    expect(await rungs('up --json --help')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Usage: rungs up \[N\] \[flags\]\n/),
      stderr: '',
    });
  });

  it('behind -- it is a word like others', async () => {
    const { rungs } = await workplace({});
    const result = await rungs('create -- --json');
    expect(result).toMatchObject({ code: 10, stdout: '' });
    expect(result.stderr).toContain('the name "--json" may hold only letters, digits, _ and -');
  });
});

describe('the schema', () => {
  const version = { command: 'version', version: '7', dirty: false, warnings: [], error: null };

  it.each([
    ['a property too many', { ...version, more: 1 }],
    ['one too few', { command: 'version', version: '7', dirty: false, warnings: [] }],
    ['a number for a version', { ...version, version: 7 }],
    ['leading zeros', { ...version, version: '007' }],
    ['another command', { ...version, command: 'reversion' }],
    ['an error of no known code', { command: 'up', warnings: [], error: { code: 'OOPS' } }],
  ])('refuses %s', (_what, document) => {
    expect(faultsOf(version)).toEqual([]);
    expect(faultsOf(document)).not.toEqual([]);
  });
});
