/** pg_dump or pg_restore at work: its lines as they come, and what it says where it fails. */

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Environment } from './environment.ts';

export interface Work {
  readonly path: string;
  readonly args: readonly string[];
  readonly env: Environment;
  /** Where its standard output goes: an open file, or to us. */
  readonly stdout: number | 'pipe';
  /** Each line on standard error. */
  readonly onLine: (line: string) => void;
  readonly signal: AbortSignal | undefined;
}

/** It did not do its work. */
export class ChildFailed extends Error {
  override readonly name = 'ChildFailed';
  readonly cancelled: boolean;
  /** What it said besides, as in the query that failed. */
  readonly details: readonly string[];

  constructor(message: string, details: readonly string[], cancelled: boolean) {
    super(message);
    this.details = details;
    this.cancelled = cancelled;
  }
}

/** How long it may take to end, once it is asked to. */
const PATIENCE_MS = 5000;
const MOST_LINES = 10;
const KEPT = 200;

/** Resolves with its standard output, where that is ours; rejects with ChildFailed. */
export function run({ path, args, env, stdout, onLine, signal }: Work): Promise<string> {
  return new Promise((done, fail) => {
    const child = spawn(path, args, { env, stdio: ['ignore', stdout, 'pipe'], windowsHide: true });
    const said: string[] = [];
    let output = '';
    child.stdout?.setEncoding('utf8').on('data', (part: string) => {
      output += part;
    });
    if (child.stderr !== null) {
      createInterface({ input: child.stderr }).on('line', (line) => {
        said.push(line);
        if (said.length > KEPT) said.shift();
        onLine(line);
      });
    }
    let timer: NodeJS.Timeout | undefined;
    const stop = () => {
      // Both programs cancel what the server is doing for them, and end.
      child.kill('SIGTERM');
      timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
    };
    const kill = () => child.kill('SIGKILL');
    signal?.addEventListener('abort', stop, { once: true });
    process.on('exit', kill);
    const ended = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
      process.off('exit', kill);
    };
    child.once('error', (e: NodeJS.ErrnoException) => {
      ended();
      fail(new ChildFailed(`${path}: ${e.code ?? e.message}`, [], false));
    });
    child.once('close', (code, name) => {
      ended();
      if (code === 0) done(output);
      else fail(failure(said, name === null ? `exit code ${code}` : `ended by ${name}`, signal));
    });
    if (signal?.aborted === true) stop();
  });
}

function failure(said: readonly string[], how: string, signal: AbortSignal | undefined): ChildFailed {
  // A terminal's Ctrl-C reaches both of us, and the child may be the first to hear it.
  const cancelled = signal?.aborted === true || said.some((line) => line.includes('terminated by user'));
  const at = said.findIndex((line) => /^pg_\w+: (error|fatal): /.test(line));
  if (at === -1) return new ChildFailed(said.at(-1) ?? how, [how], cancelled);
  const [first = '', ...more] = said.slice(at);
  const message = first.replace(/^pg_\w+: \w+: /, '');
  const details = more.slice(0, MOST_LINES).map((line) => line.replace(/^pg_\w+: /, ''));
  return new ChildFailed(message, more.length > MOST_LINES ? [...details, '…'] : details, cancelled);
}
