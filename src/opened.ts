/** How a run of several messages begins. */

import { start } from './messages.ts';
import { attempt, type Running } from './send.ts';

/** Marks the version dirty, as golang-migrate does, and opens the journal's row, whose id it returns. */
export async function opened(r: Running, mode: 'plain' | 'resumable'): Promise<bigint> {
  const reply = await attempt(r, start(r.worker.envelope, r.step, mode), true);
  r.onOpened?.();
  return BigInt(reply.sets[0]?.[0]?.id ?? 0);
}
