/** Properties: each is a sentence, tried on made-up inputs, which fast-check makes small where one breaks it. */

import { basename } from 'node:path';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { expect, inject, test } from 'vitest';
import { MigrateError } from '../../src/errors.ts';
import { count } from './counts.ts';

/** RUNGS_FUZZ_RUNS=10 tries ten times as many. */
const factor = Number(process.env.RUNGS_FUZZ_RUNS ?? 1);
/** Of one input, on the slowest machine there is: what takes longer does not end, or grows too fast. */
const LONGEST_MS = 60_000;

/** `runs`: how many inputs are tried. `holds` throws where the property does not. */
export function property<T>(
  sentence: string,
  runs: number,
  inputs: fc.Arbitrary<T>,
  holds: (input: T) => void | Promise<void>,
): void {
  test(sentence, { timeout: 1_800_000 }, async () => {
    const seed = inject('seed');
    let tried = 0;
    const beat = watched(`${sentence} (RUNGS_TEST_SEED=${seed})`);
    const counted = async (input: T): Promise<void> => {
      tried++;
      beat();
      await holds(input);
    };
    const numRuns = Math.max(1, Math.ceil(runs * factor));
    try {
      await fc.assert(fc.asyncProperty(inputs, counted), { seed, numRuns });
    } finally {
      beat.stop();
      const suite = basename(expect.getState().testPath ?? '', '.test.ts');
      count(`made-up inputs: ${suite}`, tried);
    }
  });
}

/** A loop that does not end holds all timers of its thread up: another thread says which property it was in, and ends it. */
function watched(what: string) {
  const beats = new Int32Array(new SharedArrayBuffer(4));
  const source = `const { workerData: { beats, what, ms } } = require('node:worker_threads');
    for (let seen = 0; Atomics.load(beats, 0) >= 0; ) {
      const reply = Atomics.wait(beats, 0, seen, ms);
      if (reply === 'timed-out') {
        require('node:fs').writeSync(2, 'fuzz: one input for more than ' + ms + ' ms: ' + what + '\\n');
        process.kill(process.pid, 'SIGKILL');
      }
      seen = Atomics.load(beats, 0);
    }`;
  const worker = new Worker(source, { eval: true, workerData: { beats, what, ms: LONGEST_MS } });
  worker.unref();
  const set = (n: number) => {
    Atomics.store(beats, 0, n);
    Atomics.notify(beats, 0);
  };
  let n = 0;
  return Object.assign(
    () => {
      n = (n + 1) % 2 ** 30;
      set(n);
    },
    { stop: () => set(-1) },
  );
}

/** The result, or the refusal, which has a code and is not a fault of ours. Anything else that is thrown stays thrown. */
export async function resultOf<T>(
  work: () => T | Promise<T>,
): Promise<{ value: T } | { error: MigrateError }> {
  try {
    return { value: await work() };
  } catch (e) {
    if (!(e instanceof MigrateError) || e.reason === 'internal') throw e;
    return { error: e };
  }
}

/** All that anybody could print of an error. */
export const everythingOf = (e: MigrateError): string => {
  const causes: string[] = [];
  for (let cause: unknown = e; cause instanceof Error; cause = cause.cause) {
    causes.push(cause.message, cause.stack ?? '', JSON.stringify(cause));
  }
  return [...causes, e.operation, e.hint, ...e.details].join('\n');
};
