/** Of the project `fuzz`: one seed for all of its files, and at the end how many inputs there were. */

import { randomInt } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    fuzzSeed: number;
    fuzzTally: string;
  }
}

/** What is written down of a property that has been tried. */
export interface Tally {
  readonly suite: string;
  readonly property: string;
  readonly inputs: number;
  readonly ms: number;
}

/** The same inputs each time, so that what breaks is the change; RUNGS_FUZZ_SEED=random looks further. */
const USUAL = 20_261_121;
/** What a whole run has to try. */
const LEAST = 100_000;

const cache = resolve(import.meta.dirname, '../../.cache');

export default function setup(project: TestProject): () => void {
  const { RUNGS_FUZZ_SEED: asked = String(USUAL), RUNGS_FUZZ_RUNS: factor = '1', CI } = process.env;
  const seed = asked === 'random' ? randomInt(2 ** 31) : Number(asked);
  if (!Number.isInteger(seed)) throw new Error(`RUNGS_FUZZ_SEED is "random" or a whole number, not ${asked}`);
  const path = join(cache, 'fuzz.ndjson');
  mkdirSync(dirname(path), { recursive: true });
  rmSync(path, { force: true });
  project.provide('fuzzSeed', seed);
  project.provide('fuzzTally', path);
  console.error(`fuzz: RUNGS_FUZZ_SEED=${seed} RUNGS_FUZZ_RUNS=${factor}`);
  return () => {
    const tallies = read(path);
    const inputs = tallies.reduce((sum, tally) => sum + tally.inputs, 0);
    writeFileSync(join(cache, 'fuzz.json'), `${JSON.stringify({ seed, inputs, tallies }, null, 2)}\n`);
    console.error(`fuzz: ${inputs} inputs for ${tallies.length} properties, RUNGS_FUZZ_SEED=${seed}`);
    // With a file named, fewer is what was asked for.
    if (CI === 'true' && Number(factor) >= 1 && inputs < LEAST) throw new Error(`fewer than ${LEAST} inputs`);
  };
}

function read(path: string): readonly Tally[] {
  try {
    return readFileSync(path, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Tally);
  } catch {
    return [];
  }
}
