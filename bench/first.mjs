/** An empty database, and everything to do: the tools, and the floors that they stand on. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { bundleOf, folderFor, toolsOn } from './contestants.mjs';
import { all, oneByOne } from './files.mjs';
import { PEERS, PSQL } from './peers.mjs';
import { asPsqlIsFed, sentBy } from './sent.mjs';
import { work } from './server.mjs';
import { takeTurns } from './turns.mjs';

/** The files and nothing else: nobody could say afterwards which of them have run. */
export const FILES_ALONE = 'psql, begin and commit for each';
/** With all that rungs records and puts in order behind each, in the same messages. */
export const ALL_SENT = 'psql, fed all that rungs sends';
/** Node's start, which is in the time of every tool of Node: where nothing is far away, that shows. */
export const EMPTY = 'an empty Node process';

/** `files` from nothing, by `tools`; `what` is a name for them. Who is in `without` is left out, for the time it takes. */
export async function firstRun({ files, what, ms, rounds, tools, without = [], say }) {
  const contestants = toolsOn(tools, what, files);
  const folder = folderFor(what, 'rungs');
  contestants['rungs, bundled'] = bundleOf(folder);
  if (ms === 0) contestants[EMPTY] = emptyNode;
  const sent = await sentBy((url) => PEERS.rungs.command(folder, url));
  const [alone, fed] = [oneByOne(files), await asPsqlIsFed(sent)];
  contestants['the server alone'] = (url) => () => serverAlone([alone], url);
  contestants['the server alone, all that rungs sends'] = (url) => () => serverAlone(sent, url);
  if (PSQL.isThere()) {
    contestants[FILES_ALONE] = (url) => PSQL.command(alone, url);
    contestants[ALL_SENT] = (url) => PSQL.command(fed, url);
    contestants['psql -1'] = (url) => PSQL.command(all(files), url, '-1');
    contestants['psql -c, one message'] = (url) => PSQL.command(undefined, url, '-c', alone);
  }
  for (const name of without) delete contestants[name];
  return takeTurns({ contestants, ms, rounds, say });
}

export function emptyNode() {
  const file = join(work, 'empty.mjs');
  writeFileSync(file, '');
  return { program: process.execPath, args: [file] };
}

/** On an open connection, from the first byte sent to the last heard. */
async function serverAlone(messages, url) {
  const client = new pg.Client(url);
  await client.connect();
  try {
    const begun = performance.now();
    for (const text of messages) await client.query(text);
    return { ms: performance.now() - begun, peak: 0 };
  } finally {
    await client.end();
  }
}
