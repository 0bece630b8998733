/** Keeps V8 from optimising the grammar, which costs much and gains next to nothing. */

import { setFlagsFromString } from 'node:v8';

/** The last Node that is known to have the flag: of one that it lacks, V8 complains on standard error. */
const LAST_NODE_WITH_FILTER = 26;
const hasFilter = Number.parseInt(process.versions.node, 10) <= LAST_NODE_WITH_FILTER;

/**
 * Runs `parsing`. The one function of 100 kB that the grammar mostly is takes V8 most of a second and 50 MB to optimise
 * (with Node 24 550 MB: a container of 512 MB is killed); of a hundred thousand statements that then saves a tenth of
 * three seconds. The flag names the one function that may be optimised, here an import, which cannot be. It is looked
 * at where WebAssembly has run for a while, so no other code of this thread ever sees it.
 */
export function unoptimised<T>(parsing: () => T): T {
  if (!hasFilter) return parsing();
  setFlagsFromString('--wasm-tier-up-filter=0');
  try {
    return parsing();
  } finally {
    setFlagsFromString('--wasm-tier-up-filter=-1');
  }
}
