/** Random points, which the same seed gives again. */

import { inject } from 'vitest';

/** How the rounds are shared out. */
const SHARES = { tool: 3 / 8, backend: 1 / 4, shutdown: 1 / 4, disk: 1 / 8 } as const;
type Kind = keyof typeof SHARES;

const { CI, RUNGS_FAULT_ROUNDS, RUNGS_FAULT_ROUND } = process.env;
const ALL = Number(RUNGS_FAULT_ROUNDS ?? (CI === undefined ? 64 : 320));

/** A number from 0 up to 1, another at each call. */
export type Chance = () => number;

/** The numbers of the rounds of a kind. */
export const roundsOf = (kind: Kind): readonly number[] =>
  RUNGS_FAULT_ROUND === undefined
    ? Array.from({ length: Math.ceil(ALL * SHARES[kind]) }, (_, i) => i)
    : [Number(RUNGS_FAULT_ROUND)];

/** Each round has a chance of its own, so that one can be had again without those before it. */
export function chanceOf(kind: Kind, round: number): Chance {
  let state =
    (inject('seed') ^ Math.imul(Object.keys(SHARES).indexOf(kind) + 1, 0x9e3779b1)) + round * 0x85ebca6b;
  // Mulberry32: small, and evenly spread.
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const below = (chance: Chance, limit: number): number => Math.floor(chance() * limit);

/** What to type to have the round again. */
export const again = (kind: Kind, round: number): string =>
  `RUNGS_TEST_SEED=${inject('seed')} RUNGS_FAULT_ROUND=${round} npm run test:faults -- test/faults/kill-${kind}`;
