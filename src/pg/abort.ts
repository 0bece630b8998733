/** A message that is given up: the server is asked to stop it. */

import { pause } from './pause.ts';
import type { Session } from './session.ts';

/** A cancel can fall between two statements, so it is asked again and again. */
const AGAIN_MS = 300;

/** Until the message has `ended`. */
export async function cancelOnAbort(
  session: Session,
  signal: AbortSignal,
  ended: AbortSignal,
): Promise<void> {
  await new Promise<void>((resolve) => {
    const wake = () => {
      signal.removeEventListener('abort', wake);
      resolve();
    };
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', wake);
    ended.addEventListener('abort', wake, { once: true });
  });
  while (!ended.aborted) {
    await session.cancel();
    await pause(AGAIN_MS, ended);
  }
}
