/** One file with the whole schema: Muse's `init-db.sql`. */

import type { Migration } from '../migration.ts';
import type { NamedFile } from './pairs.ts';

/** What it is called where only its folder is named; alone in there, no setting is needed. */
export const SCRIPT = 'init-db.sql';

/** A migration's file is not taken for one by a slip in the path: `migrations/1_a.up.sql`. */
export const isScriptName = (name: string): boolean => /^(?![0-9]+[_-]).*\.sql$/is.test(name);

export function classify(name: string): 'run' | 'ignore' | { readonly why: string } {
  if (name === SCRIPT) return 'run';
  return /\.sql$/i.test(name) ? { why: `with \`layout: script\` only ${SCRIPT} is` } : 'ignore';
}

/** In one transaction, unless its head says otherwise: half of it must not pass for all of it. */
export function scriptOf({ name, file }: NamedFile): Migration {
  const up = { ...file, asked: 'atomic' } as const;
  return { id: name, version: 1n, name: '', up, down: null, ledgerChecksums: [] };
}
