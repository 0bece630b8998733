/** ToolHive's two targets, by the real Task. */

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { createDatabase, type Database } from '../support/database.ts';
import { installedIn, task, withTask } from '../support/task.ts';

withTask('task migrate-up and migrate-down', () => {
  let project: string;
  let database: Database;

  beforeAll(async () => {
    project = installedIn('toolhive');
    database = await createDatabase();
    const lines = [`database: '${database.url}'`, 'path: database/migrations', 'confirm: always'];
    writeFileSync(join(project, 'config.yaml'), lines.join('\n'), { mode: 0o600 });
  });

  test('take CONFIG and NUM_STEPS, and ask nothing', async () => {
    expect(await task(project, ['migrate-up', 'CONFIG=config.yaml'])).toEqual({
      stdout: 'Migrated from version 0 to 4\n',
      stderr: expect.stringContaining('applied 4 added_at'),
      code: 0,
    });
    const down = await task(project, ['migrate-down', 'CONFIG=config.yaml', 'NUM_STEPS=1']);
    expect(down).toMatchObject({ stdout: 'Rolled back from version 4 to 3\n', code: 0 });
    const all = await task(project, ['migrate-down', 'CONFIG=config.yaml', 'NUM_STEPS=0']);
    expect(all).toMatchObject({ stdout: 'Rolled back from version 3 to 0\n', code: 0 });
  });

  test('pass on what follows --', async () => {
    const { stdout, code } = await task(project, ['migrate-up', 'CONFIG=config.yaml', '--', '--dry-run']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Dry run - /);
    expect(await database.query('select * from schema_migrations')).toEqual([]);
  });

  const UP = 'Usage: task migrate-up CONFIG=path/to/config.yaml';
  const DOWN = 'Usage: task migrate-down CONFIG=path/to/config.yaml NUM_STEPS=1';

  test.each([
    [['migrate-up'], `Error: CONFIG variable is required. ${UP}\n`],
    [['migrate-up', 'CONFIG='], `Error: CONFIG variable is required. ${UP}\n`],
    [['migrate-down'], `Error: CONFIG variable is required. ${DOWN}\n`],
    [['migrate-down', 'NUM_STEPS=1'], `Error: CONFIG variable is required. ${DOWN}\n`],
    [['migrate-down', 'CONFIG=config.yaml'], `Error: NUM_STEPS variable is required for safety. ${DOWN}\n`],
    [
      ['migrate-down', 'CONFIG=x', 'NUM_STEPS='],
      `Error: NUM_STEPS variable is required for safety. ${DOWN}\n`,
    ],
  ])('%j is refused with ToolHive’s words', async (args, message) => {
    const { stdout, stderr, code } = await task(project, args);
    expect({ stdout, code }).toEqual({ stdout: '', code: 19 });
    expect(stderr.split('task: ')[0]).toBe(message);
  });

  test('migrate:config shows what they would use', async () => {
    const { stdout, code } = await task(project, ['migrate:config', '--', '--config', 'config.yaml']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^path +database\/migrations +config\.yaml:2$/m);
  });

  const HOSTILE = [
    `'; touch pwned; '`,
    `"; touch pwned; "`,
    '$(touch pwned)',
    '`touch pwned`',
    '; touch pwned #',
    'a\ntouch pwned\n',
    '{{printf "%c; touch pwned; %c" 39 39}}',
    '{{"$(touch pwned)"}}',
    '--help',
    'a b  c',
    '*',
    '\\',
    '%s$HOME',
  ];

  test.each(HOSTILE)('CONFIG=%s is a file’s name and no more', async (value) => {
    const { stdout, stderr, code } = await task(project, ['migrate-up', `CONFIG=${value}`]);
    expect({ stdout, code }).toEqual({ stdout: '', code: 19 });
    if (!value.startsWith('{{')) expect(stderr).toContain(`cannot read ${JSON.stringify(value)} (ENOENT)`);
    expect(existsSync(join(project, 'pwned'))).toBe(false);
  });

  test.each(HOSTILE)('NUM_STEPS=%s is no number and no more', async (value) => {
    const { stdout, stderr, code } = await task(project, [
      'migrate-down',
      'CONFIG=config.yaml',
      `NUM_STEPS=${value}`,
    ]);
    expect({ stdout, code }).toEqual({ stdout: '', code: 19 });
    if (!value.startsWith('{{')) expect(stderr).toContain(`not ${JSON.stringify(value)}`);
    expect(existsSync(join(project, 'pwned'))).toBe(false);
  });
});
