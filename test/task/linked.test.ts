/** A project whose rungs is a link to a checkout, which has targets of its own. */

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { compile } from '../support/cli.ts';
import { linkedIn, task, withTask } from '../support/task.ts';

withTask('a link to the checkout', () => {
  test('brings our targets and not the checkout’s, which may be called like the project’s', async () => {
    compile();
    const project = linkedIn(`version: '3'
includes:
  rungs:
    taskfile: ./node_modules/rungs/tasks/Taskfile.yml
    flatten: true
tasks:
  test: echo mine
`);
    const { stdout, code } = await task(project, ['--list-all', '--json']);
    expect(code).toBe(0);
    const { tasks } = JSON.parse(stdout) as { tasks: { name: string }[] };
    const others = tasks.map(({ name }) => name).filter((name) => !/^(migrate|db)\b/.test(name));
    expect(others).toEqual(['test']);
    expect(await task(project, ['test'])).toMatchObject({ code: 0, stdout: 'mine\n' });
    expect(await task(project, ['migrate:create', '--', 'boats'])).toMatchObject({ code: 0 });
    expect(readdirSync(join(project, 'migrations'))).toHaveLength(2);
  });
});
