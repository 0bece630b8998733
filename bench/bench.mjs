/**
 * `npm run bench`: rungs beside its peers, on the same SQL, in one session. Needs nothing but the network, the first
 * time: it starts the embedded server (or takes DATABASE_URL's) and a stretch of latency in front of it, installs or
 * finds each peer, and lets all of them take turns. `--write` puts the results into docs/performance.md.
 *
 * `--only NAME` measures one case; `--quick` less of everything, to see that the bench works.
 */

import { parseArgs } from 'node:util';
import { install } from './install.mjs';
import { page } from './page.mjs';
import { PEERS, PSQL } from './peers.mjs';
import { planFor } from './plan.mjs';
import { ask, withServer } from './server.mjs';
import { writePage } from './write.mjs';

const { values } = parseArgs({
  options: {
    write: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
  },
});
const say = (text) => console.error(text);

await withServer(async () => {
  install(say);
  const [{ server_version: server }] = await ask('show server_version');
  const versions = Object.entries({ ...PEERS, psql: PSQL }).map(([name, peer]) => [
    name,
    peer.isThere() ? peer.version() : null,
  ]);
  const begun = performance.now();
  const results = {};
  const soFar = () =>
    page({ results, versions, server, minutes: Math.ceil((performance.now() - begun) / 60_000) });
  for (const [name, measure] of Object.entries(planFor({ ...values, say }))) {
    if (values.only !== undefined && values.only !== name) continue;
    say(`${name} (${new Date().toISOString()})`);
    const from = performance.now();
    results[name] = await measure();
    say(`  in ${Math.round((performance.now() - from) / 1000)} s`);
    // After each, as it takes half an hour.
    if (values.write) writePage(soFar());
  }
  console.log(soFar().text);
});
