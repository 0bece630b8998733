/** What a suite has done, counted: said at its end in one block, and kept for docs/reliability.md. */

import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { inject } from 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    countsDir: string;
    seed: number;
  }
}

/** Adds to what is said at the end of the suite; from any of its test files. */
export function count(what: string, times: number): void {
  appendFileSync(join(inject('countsDir'), `${process.pid}.jsonl`), `${JSON.stringify([what, times])}\n`);
}
