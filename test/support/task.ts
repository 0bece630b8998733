/** The real Task, from RUNGS_TASK or PATH, in projects that have rungs installed as npm would install it. */

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, test } from 'vitest';
import type { CliResult } from './cli.ts';
import { packed, repository } from './package.ts';
import { hasTerminal, onTerminal } from './terminal.ts';

const { RUNGS_TASK: program = 'task', PATH = '', HOME = '' } = process.env;
// By its answer: taskwarrior, too, is called task.
const hasTask = /^(Task version: v?)?3\.\d+\.\d/.test(answerOf(program));

const folders: string[] = [];

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function answerOf(command: string): string {
  return spawnSync(command, ['--version'], { encoding: 'utf8' }).stdout ?? '';
}

/** `describe`, where there is a Task. Else skipped, aloud; in CI that is a failure. */
export function withTask(name: string, body: () => void): void {
  const how = 'go install github.com/go-task/task/v3/cmd/task@v3.53.0, and put it on PATH';
  describeWhere(hasTask, `no Task 3: ${how}`, name, body);
}

/** The same where there is also a pseudo-terminal to be had. */
export function withTaskOnTerminal(name: string, body: () => void): void {
  describeWhere(hasTask && hasTerminal, 'no Task 3, or no `script` of util-linux', name, body);
}

function describeWhere(isThere: boolean, why: string, name: string, body: () => void): void {
  if (isThere) {
    describe(name, body);
  } else if (process.env.CI === 'true') {
    test(name, () => {
      throw new Error(why);
    });
  } else {
    console.error(`SKIPPED: ${name} (${why})`);
    describe.skip(name, body);
  }
}

/** A copy of test/fixtures/projects/<name> under a path with a space, with this package in its node_modules. */
export function installedIn(name: string): string {
  const project = join(temporary(), 'my app');
  cpSync(join(repository, 'test/fixtures/projects', name), project, { recursive: true });
  const installed = join(project, 'node_modules/rungs');
  mkdirSync(installed, { recursive: true });
  execFileSync('tar', ['-xzf', packed(), '-C', installed, '--strip-components=1']);
  symlinkSync(join(repository, 'node_modules'), join(installed, 'node_modules'));
  return project;
}

/** A project of that Taskfile, with this checkout linked into its node_modules, as `npm link` and workspaces do it. */
export function linkedIn(taskfile: string): string {
  const project = join(temporary(), 'app');
  mkdirSync(join(project, 'node_modules'), { recursive: true });
  writeFileSync(join(project, 'Taskfile.yml'), taskfile);
  symlinkSync(repository, join(project, 'node_modules/rungs'));
  return project;
}

/** This repository as git would check it out: nothing compiled, and what npm installs from elsewhere. */
export function checkedOut(): string {
  const copy = join(temporary(), 'rungs');
  const made = ['.cache', '.env', '.git', '.rungs', '.task', 'coverage', 'dist', 'node_modules'];
  for (const name of readdirSync(repository))
    if (!made.includes(name)) cpSync(join(repository, name), join(copy, name), { recursive: true });
  symlinkSync(join(repository, 'node_modules'), join(copy, 'node_modules'));
  return copy;
}

/** A folder that every user may enter, as the embedded server of root is one. */
function temporary(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'rungs-test-task-')));
  folders.push(folder);
  chmodSync(folder, 0o755);
  return folder;
}

export interface TaskOptions {
  /** Besides PATH and HOME, all there is. */
  readonly env?: Readonly<Record<string, string>>;
}

/** `task -x …`, typed in a folder, with nothing on standard input. */
export function task(
  folder: string,
  args: readonly string[],
  { env = {} }: TaskOptions = {},
): Promise<CliResult> {
  const child = spawn(program, ['-x', ...args], {
    cwd: folder,
    env: { PATH, HOME, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (part: string) => {
      text[name] += part;
    });
  }
  return new Promise((done, fail) => {
    child.once('error', fail);
    child.once('close', (code) => done({ code, ...text }));
  });
}

/** The same on a terminal of its own. */
export const taskOnTerminal = (folder: string, args: readonly string[], { env = {} }: TaskOptions = {}) =>
  onTerminal([program, '-x', ...args], { cwd: folder, env });
