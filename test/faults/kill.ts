/** A run during which something is killed at a random message, and what is wrong after it. */

import { expect } from 'vitest';
import { count } from '../support/counts.ts';
import { type Proxy as Network, type Seen, startProxy } from '../support/proxy.ts';
import { judged } from './again.ts';
import { type Lane, type Sight, shareOut, thrown } from './lane.ts';
import { again, below, type Chance, chanceOf, roundsOf } from './rounds.ts';
import { nameOf, SCENES, type Scene } from './scene.ts';
import type { Said } from './truth.ts';

/** As far as the server may come with what it was doing, before it or its client is killed. */
const LONGEST_PAUSE_MS = 4;

export interface Killing {
  readonly kind: Parameters<typeof roundsOf>[0];
  readonly what: string;
  /** Each does one round at a time. */
  readonly lanes: readonly Lane[];
  readonly run: (scene: Scene, lane: Lane, url: string) => Promise<Said>;
  /** Called at the message; resolves when whatever was killed is there again. */
  readonly kill: (lane: Lane, proxy: Network, message: Seen) => Promise<void>;
}

export async function killAnywhere(k: Killing): Promise<void> {
  const [first] = k.lanes;
  if (first === undefined) throw new Error('no lane');
  const clean = new Map<string, { readonly messages: number; readonly sight: Sight }>();
  for (const scene of SCENES) clean.set(nameOf(scene), await reference(k, scene, first));

  const failures = await shareOut(k.lanes, roundsOf(k.kind), async (lane, round) => {
    const chance = chanceOf(k.kind, round);
    const scene = SCENES[below(chance, SCENES.length)] as Scene;
    const known = clean.get(nameOf(scene));
    if (known === undefined) throw new Error('no reference');
    const at = below(chance, known.messages);
    const wrong = await one(k, scene, lane, at, chance, known.sight).catch(thrown);
    return wrong.map(
      (text) => `round ${round} (${nameOf(scene)}, message ${at}): ${text}\n  ${again(k.kind, round)}`,
    );
  });
  expect(failures).toEqual([]);
  count(`kill: ${k.what}`, roundsOf(k.kind).length);
}

async function reference(k: Killing, scene: Scene, lane: Lane) {
  await lane.set(scene);
  const proxy = await startProxy(lane.url);
  await k.run(scene, lane, proxy.url);
  await proxy.close();
  return { messages: proxy.seen.length, sight: await lane.sight() };
}

async function one(
  k: Killing,
  scene: Scene,
  lane: Lane,
  at: number,
  chance: Chance,
  clean: Sight,
): Promise<readonly string[]> {
  await lane.set(scene);
  const proxy = await startProxy(lane.url);
  // At once, or when the message has been on its way for a moment.
  const pauseMs = chance() < 0.5 ? 0 : chance() * LONGEST_PAUSE_MS;
  let met = -1;
  let killed: Promise<void> | null = null;
  proxy.judge = (message) => {
    met++;
    if (met === at) killed = pausing(pauseMs).then(() => k.kill(lane, proxy, message));
    return 'pass';
  };
  const said = await k.run(scene, lane, proxy.url);
  await killed;
  if (killed === null) return [`only ${met + 1} messages came by`];
  const wrong = await judged(scene, lane, said, clean);
  await proxy.close();
  return wrong;
}

const pausing = (ms: number): Promise<void> =>
  ms === 0 ? Promise.resolve() : new Promise((over) => setTimeout(over, ms));
