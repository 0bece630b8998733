import { spawn } from 'node:child_process';

const SCRIPT = `
  trap '' INT TERM HUP
  dirs=$(cat)
  IFS='
'
  for dir in $dirs; do
    for file in $(find "$dir" -path '*/data/postmaster.pid'); do
      pid=$(head -n 1 "$file"); kill -QUIT "$pid"
      for i in $(seq 100); do kill -0 "$pid" || break; sleep 0.1; done
    done
    rm -rf "$dir"
  done`;

export interface Watchdog {
  readonly alsoWatch: (dir: string) => void;
  /** All is cleaned up. */
  readonly dismiss: () => void;
}

/**
 * A process that outlives us by a moment: it reads from a pipe that only we hold, so it learns of our end however we
 * end (a second Ctrl-C, kill -9, out of memory), then ends the servers with data in the folder and removes it.
 */
export function watch(dir: string): Watchdog {
  const child = spawn('/bin/sh', ['-c', SCRIPT], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  // Without sh (Windows) there is no watchdog.
  child.on('error', () => {});
  child.stdin.on('error', () => {});
  child.stdin.write(`${dir}\n`);
  child.unref();
  // The pipe too: an open handle would keep our process from ending.
  (child.stdin as unknown as { unref?(): void }).unref?.();
  return {
    alsoWatch: (other) => void child.stdin.write(`${other}\n`),
    dismiss: () => {
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It is gone already.
      }
    },
  };
}
