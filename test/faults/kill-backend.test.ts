/** SIGKILL of the server's process that works for us: the server ends all others too, and recovers. */

import { afterAll, beforeAll, it } from 'vitest';
import type { Proxy as Network, Seen } from '../support/proxy.ts';
import { hear } from './again.ts';
import { killAnywhere } from './kill.ts';
import { makeVictim, type Victim } from './servers.ts';

const victims: Victim[] = [];

beforeAll(async () => {
  for (const name of ['backend1', 'backend2']) victims.push(await makeVictim(name));
});

afterAll(async () => {
  for (const { lane } of victims) await lane.close();
});

it('a server that crashes under a run is brought to the end by the next one', async () => {
  await killAnywhere({
    kind: 'backend',
    what: 'SIGKILL of the server’s backend',
    lanes: victims.map(({ lane }) => lane),
    run: (scene, _lane, url) => hear(scene, url),
    kill: async (_lane, proxy, message) => {
      const pid = backendOf(proxy, message);
      // It had not begun to work for us, or it has ended already.
      if (pid !== null) tryKill(pid);
    },
  });
});

/** What BackendKeyData has said on this connection. */
function backendOf({ seen }: Network, { connection }: Seen): number | null {
  const key = seen.find((m) => m.connection === connection && m.from === 'server' && m.type === 'K');
  return key === undefined ? null : key.bytes.readInt32BE(5);
}

function tryKill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code !== 'ESRCH') throw e;
  }
}
