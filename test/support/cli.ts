/** The compiled command as a user has it: a process of its own, with an environment of its own. */

import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { onTerminal } from './terminal.ts';

export interface CliOptions {
  /** Besides PATH and HOME, all there is: no DATABASE_URL or PG* variable of ours gets in. */
  readonly env?: Readonly<Record<string, string>>;
  /** Default: the repository. */
  readonly cwd?: string;
  /** Standard input; it ends behind this. */
  readonly input?: string;
}

export interface CliResult {
  /** Null where a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const root = resolve(import.meta.dirname, '../..');
const dist = join(root, 'dist/rungs.mjs');
let isFresh = false;

/** Runs it to its end. */
export function rungs(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  return startRungs(args, options).ended;
}

/** The same for who has something to do meanwhile: a signal to send, say. */
export function startRungs(args: readonly string[], options: CliOptions = {}) {
  if (!isFresh) compile();
  isFresh = true;
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, [dist, ...args], {
    cwd: options.cwd ?? root,
    env: { PATH, HOME, ...options.env },
  });
  child.stdin.on('error', () => {});
  child.stdin.end(options.input ?? '');
  return { child, ended: ended(child) };
}

/** On a terminal of its own, where it can ask. */
export function rungsOnTerminal(args: readonly string[], { cwd = root, env = {} }: CliOptions = {}) {
  if (!isFresh) compile();
  isFresh = true;
  return onTerminal([process.execPath, dist, ...args], { cwd, env });
}

function ended(child: ChildProcessWithoutNullStreams): Promise<CliResult> {
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (part: string) => {
      text[name] += part;
    });
  }
  return new Promise((done, fail) => {
    child.on('error', fail);
    child.on('close', (code) => done({ code, ...text }));
  });
}

/** As the Taskfile does before each target. Several test files may want it at once: one does it. */
export function compile(): void {
  const lock = join(root, 'node_modules/.rungs-test-compiling');
  while (isStale()) {
    try {
      mkdirSync(lock);
    } catch {
      const age = Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
      if (age > 60_000) rmSync(lock, { recursive: true, force: true });
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
      continue;
    }
    try {
      if (isStale()) execFileSync(process.execPath, [join(root, 'build/compile.mjs')], { stdio: 'inherit' });
    } finally {
      rmSync(lock, { recursive: true, force: true });
    }
  }
}

function isStale(): boolean {
  const made = statSync(dist, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const newest = ['src', 'tasks', 'build'].flatMap((dir) =>
    readdirSync(join(root, dir), { recursive: true, encoding: 'utf8' }).map(
      (name) => statSync(join(root, dir, name), { throwIfNoEntry: false })?.mtimeMs ?? 0,
    ),
  );
  const files = ['package.json', 'docs/config.schema.json'].map((name) => statSync(join(root, name)).mtimeMs);
  return Math.max(...newest, ...files) > made;
}
