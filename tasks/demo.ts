/** `npm run demo`: a server, the sample migrations on it, and what `status` says then. */

import { ending, here } from './_embedded.ts';
import { main } from './_run.ts';
import { start } from './cluster/cluster.ts';

await ending(async () => {
  const { url } = await start(here);
  // By name: a DATABASE_URL of the user's, in the environment or in .env, is not for demonstrations.
  for (const verb of ['up', 'status']) {
    const code = await main([verb, '--database', url]);
    if (code !== 0) return code;
  }
  return 0;
});
