/** What the libraries' users write to have their migrations run: a script for each, run where they are installed. */

import { join } from 'node:path';
import { NPM, type Ran, run } from './adopt-tools.ts';
import { writeInto } from './folder.ts';
import type { Project } from './takeover.ts';

/** Of an npm package of the cache, for what a takeover needs. */
export const packaged = (name: string): string => `adopt-tools/node_modules/${name}/package.json`;

/** Runs a CommonJS script in the project's folder; `URL` in its environment is the database. */
export function script(project: Project, text: string): Promise<Ran> {
  writeInto(project.folder, { 'script.cjs': text });
  const env = { URL: project.database.url, NODE_PATH: join(NPM, 'node_modules') };
  return run(process.execPath, ['script.cjs'], project.folder, env);
}
