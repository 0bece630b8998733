/** Every message of a run, one after the other, meets a fault of every kind. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { count } from '../support/counts.ts';
import { createDatabase } from '../support/database.ts';
import { type Proxy as Network, type Seen, startProxy, type Verdict } from '../support/proxy.ts';
import { createRole } from '../support/role.ts';
import { hear, judged } from './again.ts';
import { type Lane, openLane, type Sight, shareOut } from './lane.ts';
import { nameOf, type Scene } from './scene.ts';

/** How late a message comes that is late. */
const LATE_MS = 5;

/** What is done to the message, and what a test does after it. */
const KINDS: Readonly<
  Record<string, { readonly verdict: Verdict; readonly after: (proxy: Network, lane: Lane) => Promise<void> }>
> = {
  'cut before it': { verdict: 'cut', after: async () => {} },
  'cut behind it': { verdict: 'pass-and-cut', after: async () => {} },
  'cut in the middle of it': { verdict: 'half', after: async () => {} },
  'reset instead of it': { verdict: 'reset', after: async () => {} },
  // Nothing arrives any more until the connection is dropped, by when the server has long done what it could.
  'stalled at it': {
    verdict: 'stall',
    after: async (proxy, lane) => {
      await lane.untilIdle();
      proxy.cutAll();
    },
  },
  late: {
    verdict: 'stall',
    after: async (proxy) => {
      await new Promise((late) => setTimeout(late, LATE_MS));
      proxy.resume();
    },
  },
};

/** One message alone. */
const ONLY = process.env.RUNGS_FAULT_AT;
const isWanted = (place: number): boolean => ONLY === undefined || place === Number(ONLY);

/** As many at once as keep two cores busy while others wait for a lock or a pause. */
const LANES = 4;

export function cutEverywhere(scene: Scene): void {
  const name = nameOf(scene);
  const lanes: Lane[] = [];
  beforeAll(async () => {
    const role = await createRole('secret', 'superuser', 'cheap');
    for (let i = 0; i < LANES; i++) lanes.push(await openLane(role.urlOf(await createDatabase())));
  });
  afterAll(async () => {
    for (const lane of lanes) await lane.close();
  });

  describe(name, () => {
    it.each(Object.entries(KINDS))('%s, each message', async (kind, { verdict, after }) => {
      const clean = await reference(scene, lanes);
      const places = [...clean.seen.keys()].filter(isWanted);
      const failures = await shareOut(lanes, places, async (lane, place) => {
        const strike = { at: [place], verdict, after: (proxy: Network) => after(proxy, lane) };
        const wrong = await round(scene, lane, strike, clean.sight);
        const again = `RUNGS_FAULT_AT=${place} npm run test:faults -- -t '${name} ${kind}'`;
        return wrong.map((text) => `message ${place} (${described(clean.seen[place])}): ${text}\n  ${again}`);
      });
      expect(failures).toEqual([]);
      count(`${kind}: ${name}`, places.length);
    });

    it('cut in the middle of the run, and again at each message of the look at what was committed', async () => {
      const clean = await reference(scene, lanes);
      // Committed, and the client does not know.
      const commits = [...clean.seen.keys()].filter((i) => clean.seen[i]?.text === 'COMMIT');
      const middle = commits[commits.length >> 1] ?? 0;
      const cut = { verdict: 'cut', after: async () => {} } as const;
      const looked = await reference(scene, lanes, { ...cut, at: [middle] });
      const places = [...looked.seen.keys()].filter((place) => place > middle && isWanted(place));
      const failures = await shareOut(lanes, places, async (lane, place) => {
        const wrong = await round(scene, lane, { ...cut, at: [middle, place] }, clean.sight);
        return wrong.map(
          (text) => `messages ${middle} and ${place} (${described(looked.seen[place])}): ${text}`,
        );
      });
      expect(failures).toEqual([]);
      count(`cut twice: ${name}`, places.length);
    });
  });
}

interface Strike {
  /** The messages' numbers, from 0. */
  readonly at: readonly number[];
  readonly verdict: Verdict;
  readonly after: (proxy: Network) => Promise<void>;
}

const described = (m: Seen | undefined): string =>
  m === undefined ? '' : `${m.from}, ${m.type || 'start-up'} ${m.text.slice(0, 60).replaceAll(/\s+/g, ' ')}`;

/** The messages of a run with no fault, or with that one, and what it leaves. */
async function reference(
  scene: Scene,
  [lane]: readonly Lane[],
  strike: Strike | null = null,
): Promise<{ readonly seen: readonly Seen[]; readonly sight: Sight }> {
  if (lane === undefined) throw new Error('no lane');
  await lane.set(scene);
  const proxy = await startProxy(lane.url);
  if (strike !== null) struck(proxy, strike);
  const { error } = await hear(scene, proxy.url);
  if (error !== null && strike === null) throw error;
  await proxy.close();
  return { seen: proxy.seen, sight: await lane.sight() };
}

/** One strike, a second run, and what is wrong then. */
async function round(scene: Scene, lane: Lane, strike: Strike, clean: Sight): Promise<readonly string[]> {
  await lane.set(scene);
  const proxy = await startProxy(lane.url);
  const aftermath = struck(proxy, strike);
  const said = await hear(scene, proxy.url);
  if (aftermath.length < strike.at.length) return [`only ${proxy.seen.length} messages came by`];
  const wrong = await judged(scene, lane, said, clean);
  await Promise.all(aftermath);
  await proxy.close();
  return wrong;
}

/** Fills with what follows a strike. */
function struck(proxy: Network, { at, verdict, after }: Strike): readonly Promise<void>[] {
  const aftermath: Promise<void>[] = [];
  let met = -1;
  proxy.judge = () => {
    met++;
    if (!at.includes(met)) return 'pass';
    aftermath.push(after(proxy));
    return verdict;
  };
  return aftermath;
}
