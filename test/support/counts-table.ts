/** The counts as people read them: at the end of a suite, and in docs/reliability.md. */

import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { table } from '../../build/table.ts';

export interface Counts {
  readonly suite: string;
  /** With which chance can be had again. */
  readonly seed: number;
  readonly seconds: number;
  /** What was done, to how often. */
  readonly counts: Readonly<Record<string, number>>;
}

const FOLDER = resolve(import.meta.dirname, '../counts');

/** Of all suites, as they were last written. */
export const readCounts = (): readonly Counts[] =>
  readdirSync(FOLDER)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => JSON.parse(readFileSync(join(FOLDER, name), 'utf8')) as Counts);

const numbered = (n: number): string => n.toLocaleString('en-US');
const sum = ({ counts }: Counts): number => Object.values(counts).reduce((a, b) => a + b, 0);

export function printed(c: Counts): string {
  const rows = Object.entries({ ...c.counts, 'in all': sum(c) });
  const width = Math.max(...rows.map(([what]) => what.length));
  const lines = rows.map(([what, times]) => `  ${what.padEnd(width)}  ${numbered(times).padStart(7)}`);
  return [`${c.suite}: in ${c.seconds} s, RUNGS_TEST_SEED=${c.seed}`, ...lines].join('\n');
}

const [BEGIN, END] = [
  '<!-- counts: written by the suites, see CONTRIBUTING.md -->',
  '<!-- end of counts -->',
];

export function blockOf(all: readonly Counts[]): string {
  const rows = all.flatMap((c) => [
    ...Object.entries(c.counts).map(([what, times]) => [
      `\`npm run test:${c.suite}\``,
      what,
      numbered(times),
    ]),
    [`\`npm run test:${c.suite}\``, `in all, with seed ${c.seed}`, numbered(sum(c))],
  ]);
  return `${BEGIN}\n\n${table(['suite', 'what was done', 'times'], rows)}\n\n${END}`;
}

/** The page with its block put in place of the one that is there. */
export function withBlock(page: string, block: string): string {
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (from < 0 || to < from) throw new Error('the page has no place for the counts');
  return `${page.slice(0, from)}${block}${page.slice(to + END.length)}`;
}
