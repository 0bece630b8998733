/** Where servers of the tests keep their data, which nobody will miss: in memory, where the machine has a place there. */

import { accessSync, constants, readFileSync, realpathSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';

/** Linux's. A container of Docker's has 64 MB of it, where no program may run. */
const IN_MEMORY = '/dev/shm';
const ROOM = 3 * 2 ** 30;

/**
 * A database is three hundred files: in memory one is made in 20 ms of processor time, on ext4 in 300 ms, which is most
 * of what many a test takes.
 */
export const scratch: string = hasRoom() ? IN_MEMORY : realpathSync(tmpdir());

function hasRoom(): boolean {
  try {
    const { bavail, bsize } = statfsSync(IN_MEMORY);
    accessSync(IN_MEMORY, constants.W_OK | constants.X_OK);
    const [, , type, options = ''] = mountOf(IN_MEMORY);
    return type === 'tmpfs' && !options.split(',').includes('noexec') && bavail * bsize >= ROOM;
  } catch {
    return false;
  }
}

/** What is mounted, where, of which type, and how; the last one lies over those before it. */
function mountOf(path: string): readonly string[] {
  const lines = readFileSync('/proc/self/mounts', 'utf8').split('\n');
  return lines.map((line) => line.split(' ')).findLast(([, place]) => place === path) ?? [];
}
