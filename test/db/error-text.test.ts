/** What a user sees when something fails, word for word. */

import { describe, expect, it } from 'vitest';
import { serverMajor } from '../support/database.ts';
import { errorOf } from '../support/documents.ts';
import { lines, told, workplace } from '../support/workplace.ts';

describe('a failure in the middle', () => {
  const files = {
    '1_a.up.sql': 'create table a (id int);',
    '2_b.up.sql': 'create table b (id int);',
    '3_broken.up.sql': "create table c (id int);\r\n\r\n\tselect '😀👍', 'é',\tid from nowhere;\r\n",
    '4_d.up.sql': 'create table d (id int);',
    '5_e.up.sql': 'create table e (id int);',
  };

  it('tells what is kept, rolled back and not reached, and points under tabs, emoji and CRLF', async () => {
    const { rungs, ledger, tables } = await workplace(files);
    const result = await rungs('up');
    expect(result).toMatchObject({ code: 12, stdout: '' });
    expect(told(result)).toBe(
      lines(
        'applied 1 a (N ms)',
        'applied 2 b (N ms)',
        'MIGRATION_UP_FAILED: migration failed',
        '  operation: apply migration 3',
        '  error: relation "nowhere" does not exist (SQLSTATE 42P01)',
        '  at: migrations/3_broken.up.sql:3:28',
        "      3 | \tselect '😀👍', 'é',\tid from nowhere;",
        // An emoji takes two cells of a terminal, and a tab is a tab.
        '        | \t                   \t        ^',
        '  applied: 1, 2 (kept); 3 rolled back; not reached: 4, 5',
        '  next: fix the file, and run `rungs up` again',
      ),
    );
    expect(await ledger()).toEqual(['2']);
    expect(await tables()).toEqual(['a', 'b']);
  });

  it('is the same in JSON, and the narration stays on stderr', async () => {
    const { rungs } = await workplace(files);
    const result = await rungs('up --json');
    expect(JSON.parse(result.stdout)).toEqual({
      command: 'up',
      dryRun: false,
      from: null,
      to: '2',
      dirty: false,
      hooks: [],
      applied: [
        {
          id: '1',
          version: '1',
          name: 'a',
          direction: 'up',
          mode: 'atomic',
          executionTimeMs: expect.any(Number),
        },
        {
          id: '2',
          version: '2',
          name: 'b',
          direction: 'up',
          mode: 'atomic',
          executionTimeMs: expect.any(Number),
        },
      ],
      pending: [
        { id: '3', version: '3', name: 'broken' },
        { id: '4', version: '4', name: 'd' },
        { id: '5', version: '5', name: 'e' },
      ],
      failed: { id: '3', version: '3', name: 'broken', direction: 'up', rolledBack: true },
      notReached: [
        { id: '4', version: '4', name: 'd' },
        { id: '5', version: '5', name: 'e' },
      ],
      unknown: [],
      warnings: [],
      error: {
        code: 'MIGRATION_UP_FAILED',
        reason: 'sql',
        operation: 'apply migration 3',
        message: 'relation "nowhere" does not exist',
        sqlstate: '42P01',
        file: 'migrations/3_broken.up.sql',
        line: 3,
        column: 28,
        hint: 'fix the file, and run `rungs up` again',
        details: [],
      },
    });
    expect(result.stderr).toContain('applied 1 a');
    expect(result.stderr).toContain('MIGRATION_UP_FAILED: migration failed');
  });

  it('speaks of targets when a target was called', async () => {
    const { rungs } = await workplace(files);
    const result = await rungs('up --json', { env: { RUNGS_VOICE: 'task' } });
    expect(result.stderr).toContain('next: fix the file, and run `task migrate` again');
    expect(errorOf(result).hint).toBe('fix the file, and run `task migrate` again');
  });
});

describe('a syntax error', () => {
  const files = {
    '1_good.up.sql': 'create table a (id int);',
    '2_bad.up.sql': 'create table b (id int);\n\tcreat table c (id int);\n',
    '3_worse.up.sql': 'select (;\n',
  };

  it('is found before anything runs, in every file at once, where the grammar is the server’s', async () => {
    const { rungs, ledger, tables } = await workplace(files);
    const result = await rungs('up');
    const text = told(result);
    if (serverMajor === 18) {
      expect(result.code).toBe(10);
      expect(text).toBe(
        lines(
          'MIGRATION_SOURCE_FAILED: the migration files cannot be used',
          '  operation: read the migration files',
          '  error: syntax error at or near "creat"',
          '  also: migrations/3_worse.up.sql:1:9: syntax error at or near ";"',
          '  at: migrations/2_bad.up.sql:2:2',
          '      2 | \tcreat table c (id int);',
          '        | \t^',
          '  next: fix the file, and run the same command again',
        ),
      );
      expect(await ledger()).toBeNull();
    } else {
      expect(result.code).toBe(12);
      expect(text).toContain(
        `warning: migrations/2_bad.up.sql:2:2: PostgreSQL 18’s grammar refuses this file (syntax error at or near "creat"); the server is ${serverMajor} and decides`,
      );
      expect(text).toContain(
        '  error: syntax error at or near "creat" (SQLSTATE 42601)\n  at: migrations/2_bad.up.sql:2:2',
      );
      expect(await ledger()).toEqual(['1']);
    }
    expect(await tables()).toEqual(serverMajor === 18 ? [] : ['a']);
  });
});

it('a failing down keeps what was reverted before it, and names the down file', async () => {
  const { rungs, ledger } = await workplace({
    '1_a.up.sql': 'create table a (id int);',
    '1_a.down.sql': 'drop table b;',
    '2_b.up.sql': 'create table c (id int);',
    '2_b.down.sql': 'drop table c;',
  });
  await rungs('up');
  const result = await rungs('down --all --yes');
  expect(result).toMatchObject({ code: 13, stdout: '' });
  expect(told(result)).toBe(
    lines(
      'reverted 2 b (N ms)',
      'MIGRATION_DOWN_FAILED: rollback failed',
      '  operation: revert migration 1',
      '  error: table "b" does not exist (SQLSTATE 42P01)',
      '  at: migrations/1_a.down.sql:1:1',
      '      1 | drop table b;',
      '        | ^',
      '  reverted: 2 (kept); 1 rolled back',
      '  next: fix the file, and run `rungs down` again',
    ),
  );
  expect(await ledger()).toEqual(['1']);
});

it('a file’s control characters do not reach the terminal', async () => {
  const { rungs } = await workplace({ '1_a\u001b[31m.up.sql': "select '\u001b[2J', '\u202egnp', x;" });
  const { stderr } = await rungs('up');
  const { stdout } = await rungs('status');
  expect(stderr).toContain("select '\ufffd[2J', '\ufffdgnp', x;");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there
  expect(`${stderr}${stdout}`).not.toMatch(/[\u001b\u202e]/);
});
