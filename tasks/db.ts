/** `task db:start|stop|reset|url`. The URL goes to stdout, everything else to stderr. */

import { MigrateError } from '../src/errors.ts';
import { ending, here } from './_embedded.ts';
import { reset, start, stop, url } from './cluster/cluster.ts';

const verbs: { readonly [verb: string]: () => Promise<void> } = {
  start: async () => show((await start(here)).url),
  reset: async () => show((await reset(here)).url),
  stop: async () => console.error((await stop(here)) ? 'stopped' : 'the embedded server was not running'),
  url: async () => console.log(await url(here)),
};

function show(url: string): void {
  console.log(url);
  const { DATABASE_URL = url } = process.env;
  if (DATABASE_URL === url) return;
  console.error('DATABASE_URL in the environment names another database, and wins over .env');
}

await ending(async () => {
  const [verb = '', ...rest] = process.argv.slice(2);
  const run = Object.hasOwn(verbs, verb) && rest.length === 0 ? verbs[verb] : undefined;
  if (run === undefined) {
    throw new MigrateError('CONFIG_INVALID', 'flag', {
      operation: 'read the command line',
      message: `expected one of ${Object.keys(verbs).join(', ')}, and nothing after it`,
      hint: 'run `task db:start`',
    });
  }
  await run();
  return 0;
});
