// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is what rungs.yaml has for variables

import { describe, expect, it } from 'vitest';
import { originText } from '../../src/config/layer.ts';
import { type Failed, failure } from '../../src/failure.ts';
import type { SqlHook } from '../../src/hook.ts';
import { hookAt } from '../../src/hook-text.ts';
import { ledgerOf } from '../../src/ledger/ledgers.ts';
import { atomic, type Envelope } from '../../src/messages.ts';
import type { Analysis, MigrationFile, Statement } from '../../src/migration.ts';
import { configOf, problemsOf } from '../support/configuration.ts';
import { step } from '../support/step.ts';

const hooksIn = (hooks: string) => configOf({ file: `hooks:\n  ${hooks.replaceAll('\n', '\n  ')}\n` }).hooks;

describe('the hooks section', () => {
  it('has one hook or a list, of files relative to it and of commands', () => {
    const hooks = hooksIn(
      'beforeAll: hooks/a.sql\nbeforeEach:\n  - b.SQL\n  - command: ./c.sh\n    timeout: 2m\nafterAll: { command: "d" }',
    );
    expect(hooks.beforeAll.value).toEqual([{ file: 'conf/hooks/a.sql' }]);
    expect(hooks.beforeEach.value).toEqual([
      { file: 'conf/b.SQL' },
      { command: './c.sh', timeoutMs: 120_000, location: { file: 'rungs.yaml', line: 5, column: 7 } },
    ]);
    expect(hooks.afterEach.value).toEqual([]);
    expect(hooks.afterAll.value).toEqual([
      { command: 'd', timeoutMs: null, location: { file: 'rungs.yaml', line: 7, column: 15 } },
    ]);
    expect([hooks.beforeEach, hooks.afterEach].map((h) => originText(h.origin))).toEqual([
      'rungs.yaml:4',
      'default',
    ]);
  });

  it('leaves a command’s variables to its shell, and fills in those of a path', () => {
    expect(hooksIn('afterAll: { command: "echo ${NOT_SET} $${X}" }').afterAll.value).toEqual([
      { command: 'echo ${NOT_SET} $${X}', timeoutMs: null, location: expect.anything() },
    ]);
    const { hooks } = configOf({ file: 'hooks: { afterAll: "${DIR}/a.sql" }', environment: { DIR: 'x' } });
    expect(hooks.afterAll.value).toEqual([{ file: 'conf/x/a.sql' }]);
  });

  it.each([
    ['a URL to call', 'curl -d @- https://deploys.example/api'],
    ['a password that the shell fills in', 'psql postgres://app:$PW@db/app'],
    ['a variable that the shell fills in', 'PGPASSWORD="$PW" ./x.sh'],
  ])('has room for %s', (_, command) => {
    expect(hooksIn(`afterAll: { command: '${command}' }`).afterAll.value).toEqual([
      { command, timeoutMs: null, location: expect.anything() },
    ]);
  });

  it.each([
    ['psql postgres://app:secret@db/app'],
    ['PGPASSWORD=secret ./x.sh'],
    [`psql "password='secret'"`],
  ])('refuses a password in %s, without quoting it', (command) => {
    const [problem = '', ...more] = problemsOf({
      file: `hooks:\n  afterAll: { command: '${command.replaceAll("'", "''")}' }`,
    });
    expect(more).toEqual([]);
    expect(problem).toContain('hooks.afterAll.command holds a password: it must be a command line');
    expect(problem).not.toContain('secret');
  });

  it.each([
    ['hooks: a.sql', 'hooks is "a.sql": it must have beforeAll, beforeEach, afterEach or afterAll in it'],
    ['hooks: { beforeal: a.sql }', 'hooks.beforeal is not a known key; did you mean beforeAll?'],
    [
      'hooks: { beforeAll: ./notify.sh }',
      'hooks.beforeAll is "./notify.sh": it must be the path of an .sql file, or `command:` with a command line',
    ],
    [
      'hooks: { beforeAll: { comand: x } }',
      'hooks.beforeAll.comand is not a known key; did you mean command?',
    ],
    ['hooks: { beforeAll: [] }', 'hooks.beforeAll is a list: it must be the path'],
    ['hooks: { beforeAll: [a.sql, [b.sql]] }', 'hooks.beforeAll.1 is a list: it must be the path'],
    ['hooks: { beforeAll: }', 'hooks.beforeAll has no value'],
    [
      'hooks: { beforeAll: { command: x, timeout: soon } }',
      'hooks.beforeAll.timeout is "soon": it must be a time',
    ],
    ['hooks: { beforeAll: &a [*a] }', 'hooks.beforeAll.0 is a list: it must be the path'],
  ])('%s is refused', (file, problem) => {
    expect(problemsOf({ file }).join('\n')).toContain(problem);
  });
});

const ENVELOPE: Envelope = {
  place: { schema: 's', table: 't', journal: 'j', sentinel: { schema: null, name: 'users' } },
  ledger: ledgerOf('script'),
  author: { tool: 'test', run: 'test' },
  nonce: 'nonce',
  application: 'test',
  cleanUp: ['reset all'],
  lockIds: [],
  perMessage: null,
  holder: null,
  watch: false,
  statementLockMs: 0,
  hooks: { before: [], after: [] },
};

describe('without hooks', () => {
  it('a migration’s message is the file, the clean-up once, and the records', () => {
    const from = { version: null, dirty: false };
    const { text, hooks } = atomic(
      ENVELOPE,
      step({ version: 1n, direction: 'up', from, to: 1n, text: 'FILE' }),
    );
    expect(text).toMatch(/^begin; FILE\n; reset all; do /);
    expect(text.match(/reset all/g)).toHaveLength(1);
    expect(hooks).toEqual([]);
  });
});

describe('what the grammar of another version could not read', () => {
  const of = (text: string, parsed: boolean): Analysis => {
    const starts = parsed ? [...text.matchAll(/\w+;/g)].map((m) => m.index) : [0];
    const statements = starts.map((start) => ({ start, end: text.indexOf(';', start) }) as Statement);
    return { mode: 'atomic', statements, wrapper: [], extensions: [], parsed };
  };
  const from = { version: null, dirty: false };
  const run = step({ version: 1n, direction: 'up', from, to: 1n, text: 'one;\ntwo;\nthree;' });
  const hook = (name: 'beforeEach' | 'afterEach', parsed: boolean): SqlHook => {
    const file = { ...run.file, path: `${name}.sql`, text: 'odd;\nodder;' } as MigrationFile;
    return { hook: name, file, analysis: of(file.text, parsed) };
  };
  /** Without a position, behind so many tags. */
  const failed = (tags: number): Failed => ({
    server: Object.assign(new Error('no'), { severity: 'ERROR', code: '23505' }),
    ...{ files: [], completed: Array.from({ length: tags }, () => 'DO'), who: null },
    ...{ row: null, noRows: null, isSingle: false, blockage: null },
  });
  const place = (tags: number, hooks: Envelope['hooks'], parsed = true) => {
    const analysis = of(run.file?.text ?? '', parsed);
    const message = atomic({ ...ENVELOPE, hooks }, run, analysis);
    const heard = failed(tags);
    const inHook = hookAt(heard, message, 'UTF8');
    if (inHook !== null) return [inHook.location.file, inHook.location.line];
    const { operation, location } = failure(
      ...(['MIGRATION_UP_FAILED', heard, run, message, analysis, 'UTF8', 'atomic'] as const),
    );
    expect(operation).toBe('apply migration 1');
    return [location?.file, location?.line];
  };

  it('in a hook leaves of what comes behind it the file alone to be named', () => {
    const read = { before: [hook('beforeEach', true)], after: [] };
    const unread = { before: [hook('beforeEach', false)], after: [hook('afterEach', true)] };
    // begin, two settings, two of the hook, one of the file.
    expect(place(6, read)).toEqual(['1_test.up.sql', 2]);
    expect(place(6, unread)).toEqual(['1_test.up.sql', null]);
    expect(place(40, unread)).toEqual(['1_test.up.sql', null]);
    // What was read before it is known.
    const both = { before: [hook('beforeEach', true), hook('beforeEach', false)], after: [] };
    expect(place(4, both)).toEqual(['beforeEach.sql', 2]);
  });

  it('in the file puts nothing of it down to the hook behind it', () => {
    const hooks = { before: [], after: [hook('afterEach', true)] };
    // begin, three of the file, the clean-up, two settings, one of the hook.
    expect(place(8, hooks)).toEqual(['afterEach.sql', 2]);
    expect(place(8, hooks, false)).toEqual(['1_test.up.sql', null]);
  });
});
