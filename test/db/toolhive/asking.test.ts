/** When ToolHive’s commands ask, in which words, and what happens where nobody can answer. */

import { describe, expect, test } from 'vitest';
import { rungs, rungsOnTerminal } from '../../support/cli.ts';
import { hasTerminal } from '../../support/terminal.ts';
import { done, NOWHERE, type Project, project } from '../../support/toolhive.ts';

describe.runIf(hasTerminal)('on a terminal, confirm: always', () => {
  const ask = async ({ folder }: Project, args: readonly string[], question: string, keys: string) => {
    const terminal = rungsOnTerminal(['migrate', ...args, '--config', 'config.yaml'], { cwd: folder });
    await terminal.shows(question);
    terminal.type(keys);
    return terminal.ended;
  };
  const UP = 'Continue? (yes/no): ';
  const DOWN = "Are you sure you want to continue? Type 'yes' to proceed: ";

  test.each([
    ['yes', 'yes\r', true],
    ['y', 'y\r', true],
    ['no', 'no\r', false],
    ['Y', 'Y\r', false],
    ['nothing', '\r', false],
    ['the end of input', '\u0004', false],
  ])('up says what it will do, asks, and takes %s for an answer', async (_what, keys, goesOn) => {
    const p = await project(['confirm: always']);
    const { code, screen } = await ask(p, ['up', '--num-steps', '2'], UP, keys);
    expect(code).toBe(0);
    expect(screen).toContain(
      `About to apply 2 migrations to database ${p.database.name}:\n  1 init\n  2 add_user_table\n`,
    );
    expect(screen).toContain(goesOn ? 'Migrated from version 0 to 2' : 'Cancelled: ');
    expect(screen).not.toContain(new URL(p.database.url).password || 'nothing to hide');
    const made = await p.database.query("select to_regclass('users') is not null as made");
    expect(made).toEqual([{ made: goesOn }]);
  });

  test.each([
    ['yes', 'yes\r', true],
    ['y', 'y\r', false],
    ['YES', 'YES\r', false],
    ['the end of input', '\u0004', false],
  ])('down warns of data loss, asks, and takes %s for an answer', async (_what, keys, goesOn) => {
    const p = await project(['confirm: always']);
    await p.migrate('up', '--yes');
    const { code, screen } = await ask(p, ['down', '--num-steps', '2'], DOWN, keys);
    expect(code).toBe(0);
    expect(screen).toContain(
      `WARNING: This will revert 2 migrations from database ${p.database.name}:\n  4 added_at\n  3 `,
    );
    expect(screen).toContain('WARNING: This operation may result in DATA LOSS');
    expect(screen).toContain(goesOn ? 'Rolled back from version 4 to 2' : 'Cancelled: ');
    expect(await p.recorded()).toEqual([{ version: goesOn ? 2 : 4, dirty: false }]);
  });

  test('does not ask where there is nothing to do, or with --yes, or in a dry run', async () => {
    const { migrate, folder } = await project(['confirm: always']);
    await migrate('up', '--yes');
    for (const args of [['up'], ['down', '1', '--dry-run'], ['up', '--dry-run'], ['down', '1', '--yes']]) {
      const { code, screen } = await rungsOnTerminal(['migrate', ...args, '--config', 'config.yaml'], {
        cwd: folder,
      }).ended;
      expect({ args, code }).toEqual({ args, code: 0 });
      expect(screen).not.toMatch(/Continue\?|Are you sure/);
    }
  });
});

describe('without a terminal', () => {
  test.each([['up'], ['down --num-steps 1'], ['goto 1'], ['redo']])(
    '%s with confirm: always is an error before connecting, unless there is --yes',
    async (words) => {
      const { folder } = await project(['confirm: always']);
      const args = ['migrate', ...words.split(' '), '--config', 'config.yaml'];
      const refused = await rungs([...args, '--json'], { cwd: folder, env: NOWHERE, input: 'yes\n' });
      expect(refused.code).toBe(19);
      const { error } = JSON.parse(refused.stdout);
      expect(error).toMatchObject({ code: 'CONFIG_INVALID', reason: 'confirmation', hint: 'add `--yes`' });
    },
  );

  test('confirm: never lets even all of it be reverted', async () => {
    const { migrate } = await project(['confirm: never']);
    await migrate('up');
    expect(await migrate('down', '--all')).toEqual(done('Rolled back from version 4 to 0'));
  });

  test('by default going up asks nothing, and reverting more than one is an error', async () => {
    const { migrate, recorded } = await project();
    expect(await migrate('up')).toMatchObject({ code: 0 });
    expect(await migrate('down', '--num-steps', '2')).toMatchObject({ code: 19, stdout: '' });
    expect(await recorded()).toEqual([{ version: 4, dirty: false }]);
  });
});
