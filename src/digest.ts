/** One number for a whole set of migrations: the same on every machine, wherever the folder is. */

import type { MigrationFile, Migrations } from './migration.ts';
import { digest } from './sql/checksum.ts';

const baseName = (path: string): string =>
  path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);

/**
 * SHA-256 of a line for each file, `<checksum>  <file name>`, in order of the names. Version, name and direction are
 * all in a file's name. Where the files have LF for line ends and no byte order mark, it can be checked without rungs:
 * `LC_ALL=C; sha256sum *.sql | sha256sum`.
 */
export function digestOf({ migrations, repeatable }: Migrations): string {
  const files = [...migrations, ...repeatable].flatMap((m) =>
    [m.up, m.down].filter((f): f is MigrationFile => f !== null),
  );
  const lines = files
    .map(({ path, checksum }) => ({ name: baseName(path), checksum }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, checksum }) => `${checksum}  ${name}\n`);
  return digest(lines.join(''));
}
