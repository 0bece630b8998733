/** A server that runs out of disk: its data are on a small file system of their own, filled up but for a random rest. */

import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { count } from '../support/counts.ts';
import { root } from '../support/project.ts';
import { until } from '../support/session.ts';
import { giveToServer } from '../support/tls-servers.ts';
import { hear, judged } from './again.ts';
import { thrown } from './lane.ts';
import { again, chanceOf, roundsOf } from './rounds.ts';
import type { Scene } from './scene.ts';
import { makeVictim, type Victim } from './servers.ts';

const SCENE: Scene = { mode: 'resumable', direction: 'up', folder: 'disk' };
const SIZE = '96m';
const NAME = 'disk';
const mountPoint = join(root, NAME);
const ballast = join(mountPoint, 'ballast');

/** Only root may, and not in every container. */
function mounted(): boolean {
  try {
    mkdirSync(mountPoint);
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE},mode=755`, 'tmpfs', mountPoint], {
      stdio: 'pipe',
    });
    return true;
  } catch (e) {
    console.error(`no test of a full disk here: ${e instanceof Error ? e.message.trim() : e}`);
    return false;
  }
}

const isMounted = mounted();
let victim: Victim | null = null;

beforeAll(async () => {
  if (!isMounted) return;
  await giveToServer(mountPoint);
  // Small segments of the log: the next one is often due, and has no room.
  const settings = { min_wal_size: '2MB', max_wal_size: '2MB', checkpoint_timeout: '30s' };
  victim = await makeVictim(NAME, settings, ['--wal-segsize=1']);
});

afterAll(async () => {
  await victim?.lane.close();
  await victim?.server.stop().catch(() => {});
  if (isMounted) execFileSync('umount', ['-l', mountPoint]);
});

const free = (): number => {
  const { bavail, bsize } = statfsSync(mountPoint);
  return bavail * bsize;
};

it.runIf(isMounted || process.env.CI !== undefined)(
  'a server whose disk is full is brought to the end when there is room again',
  async () => {
    if (victim === null) throw new Error('no file system could be mounted');
    const { lane } = victim;
    const failures: string[] = [];
    let refused = 0;

    await lane.set(SCENE);
    await lane.query('checkpoint');
    const before = free();
    const first = await hear(SCENE, lane.url);
    if (first.error !== null) throw first.error;
    const need = before - free();
    const clean = await lane.sight();

    for (const round of roundsOf('disk')) {
      const chance = chanceOf('disk', round);
      await lane.set(SCENE);
      await lane.query('checkpoint');
      // Up to a bit more than all that it takes: then nothing fails.
      const left = Math.floor(chance() * need * 1.2);
      writeFileSync(ballast, Buffer.alloc(Math.max(0, free() - left)));
      const said = await hearWhileItDies(victim);
      if (said.error !== null) refused++;
      rmSync(ballast, { force: true });
      await thereAgain(victim);
      const wrong = [...(await judged(SCENE, lane, said, clean).catch(thrown))];
      const hint = said.error?.sqlstate === '53100' ? (said.error.hint ?? '') : null;
      if (hint?.includes('make room') === false) wrong.push(`a hint that does not help: ${hint}`);
      for (const text of wrong)
        failures.push(`round ${round} (${left} bytes left): ${text}\n  again: ${again('disk', round)}`);
    }
    expect(failures).toEqual([]);
    expect(refused).toBeGreaterThan(0);
    count('kill: no room on the server’s disk', roundsOf('disk').length);
  },
);

/** What had no room for its recovery may be about to end when the room is made: then it is started once more. */
const thereAgain = ({ server, revive }: Victim) =>
  until('the server is there again', async () => {
    await revive();
    return server.query('select 1').then(
      () => true,
      () => false,
    );
  });

/** Where the log has no room the server ends, and can only start again where somebody makes some. */
async function hearWhileItDies({ lane, postmaster, revive }: Victim) {
  let isOver = false;
  const run = hear(SCENE, lane.url).finally(() => {
    isOver = true;
  });
  while (!isOver) {
    if ((await postmaster()) === null) {
      rmSync(ballast, { force: true });
      await revive();
    }
    await new Promise((again) => setTimeout(again, 20));
  }
  return run;
}
