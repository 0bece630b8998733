/** A command of rungs.yaml at work, a hook's or that of a fleet's targets: its input, its lines as they come, and how it ended. */

import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';

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
export async function runCommand(work: CommandLine): Promise<void> {
  const { onOutput, timeoutMs, signal } = work;
  const child = started(work);
  const heard = listenTo(child, work);
  const closed = new Promise<void>((done) => child.once('close', () => done()));
  let isLate = false;
  let isKilled = false;
  let patience: NodeJS.Timeout | undefined;
  const stopping = new AbortController();
  const stop = () => stopping.abort();
  const stopped = new Promise<void>((done) => {
    stopping.signal.addEventListener('abort', () => {
      kill(child, 'SIGTERM');
      patience = setTimeout(() => {
        isKilled = true;
        kill(child, 'SIGKILL');
      }, PATIENCE_MS);
      done();
    });
  });
  const tooLate = () => {
    isLate = true;
    stop();
  };
  const limit = timeoutMs === null ? undefined : setTimeout(tooLate, timeoutMs);
  const end = () => kill(child, 'SIGKILL');
  process.on('exit', end);
  signal?.addEventListener('abort', stop, { once: true });
  if (signal?.aborted === true) stop();
  try {
    const exit = await exitOf(child);
    const lastLines = () => pause(LAST_LINES_MS, undefined, { ref: false });
    await Promise.race([closed, onOutput === undefined ? lastLines() : stopped.then(lastLines)]);
    // What it has started may not outlive it where it is to stop.
    while (stopping.signal.aborted && !isKilled && isThere(child)) await pause(LOOK_AGAIN_MS);
    const failure = failureOf({ ...exit, last: heard.last, isLate, timeoutMs });
    if (failure !== null) throw failure;
  } finally {
    clearTimeout(limit);
    clearTimeout(patience);
    signal?.removeEventListener('abort', stop);
    process.off('exit', end);
    for (const stream of [child.stdout, child.stderr]) stream.destroy();
  }
}

function started({ command, folder, env, input }: CommandLine): ChildProcessWithoutNullStreams {
  const child = spawn(command, {
    shell: true,
    cwd: folder,
    env,
    stdio: 'pipe',
    // A group of its own, so that all that the shell has started can be ended.
    detached: !isWindows,
    windowsHide: true,
  });
  // One that does not want to know closes it (EPIPE).
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  return child;
}

/** Passes on what it prints. `last`: the last line for people so far. */
function listenTo(child: ChildProcessWithoutNullStreams, { onLine, onOutput }: CommandLine) {
  const heard = { last: '' };
  if (onOutput !== undefined) child.stdout.setEncoding('utf8').on('data', onOutput);
  for (const stream of onOutput === undefined ? [child.stdout, child.stderr] : [child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      if (line.trim() !== '') heard.last = line.trim();
      onLine?.(line);
    });
  }
  return heard;
}

const exitOf = (child: ChildProcess): Promise<Exit> =>
  new Promise((done, fail) => {
    child.once('error', (e) => fail(new Error(`it could not be started: ${e.message}`)));
    child.once('exit', (code, name) => done({ code, name }));
  });

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

interface Exit {
  readonly code: number | null;
  readonly name: string | null;
}

interface End extends Exit {
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
