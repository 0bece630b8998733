/** `pg_ctl stop -m immediate`: the server ends without a word, and recovers when it is started again. */

import { afterAll, beforeAll, it } from 'vitest';
import { hear } from './again.ts';
import { killAnywhere } from './kill.ts';
import { makeVictim, type Victim } from './servers.ts';

const victims: Victim[] = [];

beforeAll(async () => {
  for (const name of ['shutdown1', 'shutdown2']) victims.push(await makeVictim(name));
});

afterAll(async () => {
  for (const { lane } of victims) await lane.close();
});

it('a server that is shut down at once under a run is brought to the end by the next one', async () => {
  await killAnywhere({
    kind: 'shutdown',
    what: 'immediate shutdown of the server',
    lanes: victims.map(({ lane }) => lane),
    run: (scene, _lane, url) => hear(scene, url),
    kill: async (lane) => {
      const victim = victims.find((v) => v.lane === lane);
      const pid = (await victim?.postmaster()) ?? null;
      if (victim === undefined || pid === null) throw new Error('no server to shut down');
      process.kill(pid, 'SIGQUIT');
      while ((await victim.postmaster()) === pid) await new Promise((again) => setTimeout(again, 5));
      await victim.revive();
    },
  });
});
