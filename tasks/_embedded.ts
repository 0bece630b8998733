/** What the scripts around the embedded server share: whose server it is, and how an error ends them. */

import { join } from 'node:path';
import { MigrateError } from '../src/errors.ts';
import { errorText } from '../src/report/error-text.ts';
import type { Options } from './cluster/cluster.ts';

/** The server of the project that the command was called in. */
export const here: Options = {
  projectDir: process.cwd(),
  cacheDir: process.env.RUNGS_CACHE,
  dotenv: join(process.cwd(), '.env'),
  narrate: (line) => console.error(line),
};

export async function ending(work: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await work();
  } catch (error) {
    if (!(error instanceof MigrateError)) throw error;
    console.error(errorText(error, null, 'task'));
    process.exitCode = error.exitCode;
  }
}
