/**
 * For suites that count what they do (counts.ts): gives them a seed, adds up, and prints it all at the end. With
 * RUNGS_WRITE_COUNTS=1 it also goes to test/counts/SUITE.json and into docs/reliability.md.
 */

import { randomInt } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { blockOf, type Counts, printed, readCounts, withBlock } from './counts-table.ts';

/** Made-up inputs are the same each time, so that what breaks is the change; `random` looks further. */
const SEEDS: Readonly<Record<string, string>> = { fuzz: '20261121' };
/** What a whole run under CI has to have done. */
const LEAST: Readonly<Record<string, number>> = { fuzz: 100_000 };

export default function setup(project: TestProject): () => void {
  const dir = mkdtempSync(join(tmpdir(), 'rungs-counts-'));
  const { RUNGS_TEST_SEED: asked = SEEDS[project.name] ?? 'random', RUNGS_WRITE_COUNTS, CI } = process.env;
  const seed = asked === 'random' ? randomInt(2 ** 31) : Number(asked);
  if (!Number.isInteger(seed)) throw new Error(`RUNGS_TEST_SEED is "random" or a whole number, not ${asked}`);
  const begun = performance.now();
  project.provide('countsDir', dir);
  project.provide('seed', seed);
  console.error(`${project.name}: RUNGS_TEST_SEED=${seed}`);
  return () => {
    const seconds = Math.round((performance.now() - begun) / 1000);
    const counts: Counts = { suite: project.name, seed, seconds, counts: addedUp(dir) };
    rmSync(dir, { recursive: true, force: true });
    console.error(`\n${printed(counts)}\n`);
    const done = Object.values(counts.counts).reduce((a, b) => a + b, 0);
    const least = CI === 'true' ? (LEAST[project.name] ?? 0) : 0;
    if (done < least) throw new Error(`${project.name}: ${done} is fewer than ${least}`);
    if (RUNGS_WRITE_COUNTS !== '1') return;
    writeFileSync(`test/counts/${project.name}.json`, `${JSON.stringify(counts, null, 2)}\n`);
    const page = 'docs/reliability.md';
    writeFileSync(page, withBlock(readFileSync(page, 'utf8'), blockOf(readCounts())));
  };
}

function addedUp(dir: string): Counts['counts'] {
  const sums = new Map<string, number>();
  const lines = readdirSync(dir).flatMap((name) => readFileSync(join(dir, name), 'utf8').trim().split('\n'));
  for (const line of lines) {
    const [what, times] = JSON.parse(line) as [string, number];
    sums.set(what, (sums.get(what) ?? 0) + times);
  }
  return Object.fromEntries([...sums].sort(([a], [b]) => (a < b ? -1 : 1)));
}
