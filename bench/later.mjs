/** A database that has most of the migrations, or all. */

import { bundleOf, folderFor, toolsOn } from './contestants.mjs';
import { small } from './files.mjs';
import { run } from './measure.mjs';
import { PEERS } from './peers.mjs';
import { createDatabase, dropDatabase, urlOf } from './server.mjs';
import { takeTurns } from './turns.mjs';

/** `pending` of `count` are not applied yet. */
export async function later({ count, pending, ms, rounds, tools, say }) {
  const what = `later-${count}-${pending}`;
  const contestants = toolsOn(tools, what, small(count - pending));
  const like = {};
  for (const [name, commandFor] of Object.entries(contestants)) {
    like[name] = await createDatabase();
    await run(commandFor(await urlOf(like[name])));
    PEERS[name].write(folderFor(what, name), small(count));
  }
  if ('rungs' in contestants) {
    contestants['rungs, bundled'] = bundleOf(folderFor(what, 'rungs'));
    like['rungs, bundled'] = like.rungs;
  }
  try {
    return await takeTurns({ contestants, ms, rounds, like, say });
  } finally {
    for (const name of new Set(Object.values(like))) await dropDatabase(name);
  }
}
