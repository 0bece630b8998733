/** `task db:start|stop|reset|url`: the embedded server. The URL goes to stdout, everything else to stderr. */

import { join } from 'node:path';
import { CODES, MigrateError } from '../src/errors.ts';
import { type Options, reset, start, stop, url } from './cluster/cluster.ts';

const say = (line: string) => console.error(line);
const options: Options = {
  projectDir: process.cwd(),
  cacheDir: process.env.RUNGS_CACHE,
  dotenv: join(process.cwd(), '.env'),
  narrate: say,
};

async function show(server: Promise<{ readonly url: string }>): Promise<void> {
  const { url } = await server;
  console.log(url);
  const { DATABASE_URL = url } = process.env;
  if (DATABASE_URL !== url) say('DATABASE_URL in the environment names another database and wins over .env');
}

const verbs: { readonly [verb: string]: () => Promise<void> } = {
  start: () => show(start(options)),
  reset: () => show(reset(options)),
  stop: async () => say((await stop(options)) ? 'stopped' : 'the embedded server was not running'),
  url: async () => console.log(await url(options)),
};

try {
  const verb = verbs[process.argv[2] ?? ''];
  if (!verb || process.argv.length > 3) {
    throw new MigrateError('CONFIG_INVALID', 'flag', {
      operation: 'read the command line',
      message: `expected one of ${Object.keys(verbs).join(', ')}`,
      hint: 'task db:start',
    });
  }
  await verb();
} catch (error) {
  if (!(error instanceof MigrateError)) throw error;
  say(
    `${error.code}: ${CODES[error.code].title}\n  operation: ${error.operation}\n  error: ${error.message}`,
  );
  for (const line of error.details) say(`    ${line}`);
  say(`  next: ${error.hint}`);
  process.exitCode = error.exitCode;
}
