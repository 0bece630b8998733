/** Who is there to be measured, each with its files in a folder of its own. */

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { nodeOn } from './measure.mjs';
import { PEERS } from './peers.mjs';
import { rungs, work } from './server.mjs';

export const folderFor = (what, name) => join(work, 'files', what, name);

/** Name to a function from URL to command. */
export function toolsOn(names, what, files) {
  const contestants = {};
  for (const name of names.filter((name) => PEERS[name].isThere())) {
    const folder = folderFor(what, name);
    PEERS[name].write(folder, files);
    contestants[name] = (url) => PEERS[name].command(folder, url);
  }
  return contestants;
}

/** A bundle of a folder of pairs. */
export function bundleOf(folder) {
  const file = join(folder, '..', `bundle-${Date.now()}.mjs`);
  execFileSync(process.execPath, [rungs, 'build', '--path', folder, '--outfile', file], { stdio: 'ignore' });
  return (url) => nodeOn(url, file, 'up');
}
