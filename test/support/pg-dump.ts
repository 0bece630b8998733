/** Whether the pg_dump of this machine is as new as the server of this run: found without the help of the product. */

import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { describe } from 'vitest';
import { serverMajor } from './database.ts';
import { has } from './tools.ts';

// Under CI=true it has to be there, of whatever version.
const onPath = has('pg_dump', '--version') ? [versionOf('pg_dump')] : [];

/** The newest there is; 0 is none. */
export const pgDumpMajor = Math.max(0, ...onPath, ...installed());

/** Where it is not, all there is to see is how that is refused: `npm test` on PostgreSQL 18 beside Debian 12's 15. */
export const pgDumpFits = pgDumpMajor >= serverMajor;

/** `describe` where it is. Elsewhere there are no such tests, rather than skipped ones: no machine has all. */
export function describeFitting(name: string, body: () => void): void {
  if (pgDumpFits) describe(name, body);
}

if (!pgDumpFits) {
  console.error(
    `tests: pg_dump ${pgDumpMajor}, PostgreSQL ${serverMajor}: only that backups are refused is tested`,
  );
}

function versionOf(program: string): number {
  const said = execFileSync(program, ['--version'], { encoding: 'utf8' });
  return Number(/\(PostgreSQL\) (\d+)/.exec(said)?.[1] ?? 0);
}

function installed(): readonly number[] {
  try {
    return readdirSync('/usr/lib/postgresql').map((name) =>
      versionOf(`/usr/lib/postgresql/${name}/bin/pg_dump`),
    );
  } catch {
    return [];
  }
}
