// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is what rungs.yaml has for variables

import { describe, expect, it } from 'vitest';
import { originText } from '../../src/config/layer.ts';
import { ledgerOf } from '../../src/ledger/ledgers.ts';
import { atomic, type Envelope } from '../../src/messages.ts';
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
      { command: './c.sh', timeoutMs: 120_000 },
    ]);
    expect(hooks.afterEach.value).toEqual([]);
    expect(hooks.afterAll.value).toEqual([{ command: 'd', timeoutMs: null }]);
    expect([hooks.beforeEach, hooks.afterEach].map((h) => originText(h.origin))).toEqual([
      'rungs.yaml:4',
      'default',
    ]);
  });

  it('leaves a command’s variables to its shell, and fills in those of a path', () => {
    expect(hooksIn('afterAll: { command: "echo ${NOT_SET} $${X}" }').afterAll.value).toEqual([
      { command: 'echo ${NOT_SET} $${X}', timeoutMs: null },
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
      { command, timeoutMs: null },
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

describe('without hooks', () => {
  it('a migration’s message is the file, the clean-up once, and the records', () => {
    const envelope: Envelope = {
      place: { schema: 's', table: 't', journal: 'j', sentinel: { schema: null, name: 'users' } },
      ledger: ledgerOf('script'),
      author: { tool: 'test', run: 'test' },
      nonce: 'nonce',
      cleanUp: ['reset all'],
      lockIds: [],
      perMessage: null,
      holder: null,
      watch: false,
      statementLockMs: 0,
      hooks: { before: [], after: [] },
    };
    const from = { version: null, dirty: false };
    const { text, hooks } = atomic(
      envelope,
      step({ version: 1n, direction: 'up', from, to: 1n, text: 'FILE' }),
    );
    expect(text).toMatch(/^begin; FILE\n; reset all; do /);
    expect(text.match(/reset all/g)).toHaveLength(1);
    expect(hooks).toEqual([]);
  });
});
