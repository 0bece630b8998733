/** A part of the targets, for one machine of several: `3/16`, or `index/16` in an indexed Kubernetes Job. */

import type { Shard } from '../fleet-report.ts';
import type { Environment } from './keywords.ts';

/** Counts from 0 (kubernetes.io, "Indexed Job for Parallel Processing"). */
const INDEX = 'JOB_COMPLETION_INDEX';

/** The shard, or why it is none. */
export function readShard(text: string, env: Environment): Shard | { readonly fault: string } {
  const [, which = '', count = ''] = /^\s*(\d{1,6}|index)\s*\/\s*(\d{1,6})\s*$/.exec(text) ?? [];
  if (count === '') return { fault: 'must be K/N as in 3/16, or index/N in an indexed Kubernetes Job' };
  const of = Number(count);
  if (which !== 'index') return inRange(Number(which), of, `shard ${which}`);
  const index = env[INDEX] ?? '';
  if (!/^\d{1,6}$/.test(index)) {
    return { fault: `index/${of} needs ${INDEX}, which a Job with \`completionMode: Indexed\` sets` };
  }
  return inRange(Number(index) + 1, of, `${INDEX} ${index}, the shard ${Number(index) + 1},`);
}

function inRange(number: number, of: number, called: string): Shard | { readonly fault: string } {
  return number >= 1 && number <= of ? { number, of } : { fault: `there is no ${called} of ${of}` };
}

/** By the target alone and not by its place in the list: one more target moves no other. `id`: 16 hexadecimal digits. */
export const isIn = ({ number, of }: Shard, { id }: { readonly id: string }): boolean =>
  BigInt(`0x${id}`) % BigInt(of) === BigInt(number - 1);
