/** As many at once as a service has replicas, on a database where there is nothing to do. */

import { join } from 'node:path';
import { build } from 'esbuild';
import { rungs as plugin } from 'rungs/esbuild';
import { bundleOf, folderFor } from './contestants.mjs';
import { small } from './files.mjs';
import { emptyNode } from './first.mjs';
import { root, runners } from './install.mjs';
import { nodeOn, run } from './measure.mjs';
import { GO_SERVICE, PEERS, pairs } from './peers.mjs';
import { createDatabase, urlOf, work } from './server.mjs';
import { atTheWord } from './services.mjs';
import { listened } from './turns.mjs';

/** Whole commands, as init containers or jobs start them: most of it is the start of so many processes. */
export async function processes({ count, ms, rounds, say }) {
  const { folder, bundle, like } = await upToDate();
  const atOnce = (commandFor) => async (url) => {
    const ends = await Promise.all(Array.from({ length: count }, () => run(commandFor(url))));
    return { peak: Math.max(...ends.map((end) => end.peak)) };
  };
  const contestants = {
    'rungs, bundled': atOnce(bundle),
    'empty Node processes, as many': atOnce(emptyNode),
  };
  if (PEERS['golang-migrate'].isThere()) {
    contestants['golang-migrate'] = atOnce((url) => PEERS['golang-migrate'].command(folder, url));
  }
  return listened({ contestants, like, ms, rounds, say });
}

/** Services that run already, and migrate: from the word to the last that is ready. */
export async function services({ count, ms, rounds, say }) {
  const { folder, like } = await upToDate();
  const built = await builtService(folder);
  const node = (...args) => atOnce((url) => nodeOn(url, ...args));
  const atOnce = (commandFor) => (url) => atTheWord(Array.from({ length: count }, () => commandFor(url)));
  const contestants = {
    'migrateOnStart, built with its migrations': node(built),
    'migrateOnStart, of a folder': node(SERVICE, folder),
    'pg alone, two queries': node(SERVICE, 'ask'),
  };
  if (GO_SERVICE.isThere()) {
    contestants['golang-migrate, as a library'] = atOnce((url) => GO_SERVICE.command(folder, url));
  }
  return listened({ contestants, like, ms, rounds, say });
}

const SERVICE = join(runners, 'service.mjs');

/** As docs/start-up.md has it. */
async function builtService(folder) {
  const outfile = join(work, 'service.mjs');
  await build({
    stdin: {
      contents: `import migrations from 'migrations:${folder}';
import { withRungs } from ${JSON.stringify(SERVICE)};
await withRungs(migrations);`,
      resolveDir: root,
    },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    plugins: [plugin()],
    logLevel: 'error',
  });
  return outfile;
}

async function upToDate() {
  const folder = folderFor('replicas', 'pairs');
  pairs(folder, small(20));
  const like = await createDatabase();
  const bundle = bundleOf(folder);
  await run(bundle(await urlOf(like)));
  return { folder, bundle, like };
}
