/**
 * `R__name.sql`, beside pairs or named files: run after them, again whenever it says something else. The name is Flyway's;
 * to golang-migrate it is no migration's, so the folder stays one of its own.
 */

import { isRepeatable, type Migration, type MigrationFile, type Problem } from '../migration.ts';
import { isBackup, MAX_VERSION, type NamedFile } from './pairs.ts';

const PREFIX = 'R__';

/** Null: the name is not of ours to judge. */
export function classify(name: string): 'run' | { readonly why: string } | null {
  if (name.startsWith(PREFIX) && isBackup(name) && /\.sql/i.test(name))
    return { why: 'it looks like an editor’s backup' };
  if (!/\.sql$/i.test(name)) return null;
  if (name.startsWith(PREFIX)) return 'run';
  return /^(r__|R_)/.test(name)
    ? { why: `it looks like a repeatable, which is called ${PREFIX}name.sql` }
    : null;
}

export const isOurs = ({ name }: NamedFile): boolean => name.startsWith(PREFIX);

/** By code unit of the name, the same on every machine. */
export function order(files: readonly NamedFile[]): {
  readonly repeatable: readonly Migration[];
  readonly problems: readonly Problem[];
} {
  const problems: Problem[] = [];
  const repeatable: Migration[] = [];
  for (const { name, file } of [...files].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const message = faultOf(name);
    if (message === null) repeatable.push(repeatableOf(name, file));
    else problems.push({ reason: 'name', message, file: file.path, offset: null });
  }
  return { repeatable, problems };
}

function faultOf(name: string): string | null {
  if (!isRepeatable(name)) return `a repeatable needs a name: ${PREFIX}name.sql`;
  const direction = /\.(up|down)\.sql$/i.exec(name)?.[1];
  // Run one after the other, the second would undo the first.
  return direction === undefined
    ? null
    : `a repeatable has no directions: call it ${name.replace(/\.(up|down)(?=\.sql$)/i, '')}`;
}

const repeatableOf = (name: string, file: MigrationFile): Migration => ({
  id: name,
  version: MAX_VERSION + 1n,
  name: '',
  up: { ...file, repeatable: true },
  down: null,
  ledgerChecksums: [],
});
