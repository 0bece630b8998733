import { cpSync, existsSync } from 'node:fs';
import { join, sep } from 'node:path';
import { install, projectOf, repository } from './package.ts';

/** A copy of an example with this package in it, as npm installs it; null where npm has no registry to ask. */
export async function installedExample(name: string): Promise<string | null> {
  const project = projectOf({});
  const source = join(repository, 'examples', name);
  const isOwn = (path: string) =>
    !/(^|[\\/])(node_modules|dist|\.task|\.env)([\\/]|$)/.test(path.slice(source.length + sep.length));
  cpSync(source, project, { recursive: true, filter: isOwn });
  if (!existsSync(join(project, 'package.json'))) throw new Error(`no example ${name}`);
  return (await install(project)) ? project : null;
}
