/** A command of rungs.yaml at work, a hook's or that of a fleet's targets: its input, its lines as they come, and how it ended. */

import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface CommandLine {
  /** For the shell. */
  readonly command: string;
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly input: string;
  /** Each line for people: of its standard error, and of its standard output where that is not taken. */
  readonly onLine?: (line: string) => void;
  /** Takes its standard output, piece by piece, to the end, whoever else it has started holds that open. */
  readonly onOutput?: (part: string) => void;
  /** Null: no limit. */
  readonly timeoutMs: number | null;
  readonly signal: AbortSignal | undefined;
}

/** How long it may take to end, once it is asked to. */
const PATIENCE_MS = 5000;
/** For what is in the pipes when it has ended; one that it leaves running in the background may hold them open. */
const LAST_LINES_MS = 1000;
const LOOK_AGAIN_MS = 20;
const isWindows = process.platform === 'win32';

/** Rejects where it does not end with exit code 0. */
export function runCommand(work: CommandLine): Promise<void> {
  const { command, folder, env, input, onLine, onOutput, timeoutMs, signal } = work;
  return new Promise((done, fail) => {
    const child = spawn(command, {
      shell: true,
      cwd: folder,
      env,
      stdio: 'pipe',
      // A group of its own, so that all that the shell has started can be ended.
      detached: !isWindows,
      windowsHide: true,
    });
    let last = '';
    if (onOutput !== undefined) child.stdout.setEncoding('utf8').on('data', onOutput);
    for (const stream of onOutput === undefined ? [child.stdout, child.stderr] : [child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        if (line.trim() !== '') last = line.trim();
        onLine?.(line);
      });
    }
    // One that does not want to know closes it (EPIPE).
    child.stdin.on('error', () => {});
    child.stdin.end(input);

    let patience: NodeJS.Timeout | undefined;
    let isLate = false;
    /** Of all that it has started, which it may not outlive. */
    let isAwaited = false;
    let rest: NodeJS.Timeout | undefined;
    let ended: (() => void) | undefined;
    const readRest = () => {
      rest ??= setTimeout(() => ended?.(), LAST_LINES_MS);
    };
    const stop = () => {
      isAwaited = true;
      if (ended !== undefined) readRest();
      kill(child, 'SIGTERM');
      patience ??= setTimeout(() => {
        isAwaited = false;
        kill(child, 'SIGKILL');
      }, PATIENCE_MS);
    };
    const limit =
      timeoutMs === null
        ? undefined
        : setTimeout(() => {
            isLate = true;
            stop();
          }, timeoutMs);
    const end = () => kill(child, 'SIGKILL');
    signal?.addEventListener('abort', stop, { once: true });
    process.on('exit', end);
    const settle = (failure: Error | null) => {
      clearTimeout(limit);
      clearTimeout(patience);
      signal?.removeEventListener('abort', stop);
      process.off('exit', end);
      for (const stream of [child.stdout, child.stderr]) stream.destroy();
      if (failure === null) done();
      else fail(failure);
    };
    child.once('error', (e: NodeJS.ErrnoException) =>
      settle(new Error(`it could not be started: ${e.message}`)),
    );
    child.once('exit', (code, name) => {
      const look = () => {
        clearTimeout(rest);
        child.off('close', look);
        if (isAwaited && isThere(child)) setTimeout(look, LOOK_AGAIN_MS);
        else settle(failureOf({ code, name, last, isLate, timeoutMs }));
      };
      ended = look;
      if (onOutput === undefined || patience !== undefined) readRest();
      child.once('close', look);
    });
    if (signal?.aborted === true) stop();
  });
}

/** It, or something that it has started. */
function isThere({ pid }: ChildProcess): boolean {
  if (isWindows || pid === undefined) return false;
  try {
    return process.kill(-pid, 0);
  } catch {
    return false;
  }
}

/** With all that it has started. */
function kill(child: ChildProcess, name: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    if (isWindows) child.kill(name);
    else process.kill(-child.pid, name);
  } catch {
    // It has ended.
  }
}

interface End {
  readonly code: number | null;
  readonly name: string | null;
  readonly last: string;
  readonly isLate: boolean;
  readonly timeoutMs: number | null;
}

function failureOf({ code, name, last, isLate, timeoutMs }: End): Error | null {
  if (code === 0 && !isLate) return null;
  const how = isLate
    ? `it did not end within ${timeoutMs} ms`
    : name === null
      ? `exit code ${code}`
      : `ended by ${name}`;
  return new Error(last === '' ? how : `${how}: ${last}`);
}
