/** A folder as a build takes it in: read, named as seen from the project, and understood to the last statement. */

import { posix } from 'node:path';
import { analyseAll, type Embedded } from '../src/embed.ts';
import { MigrateError } from '../src/errors.ts';
import type { Layout, MigrationFile, Migrations } from '../src/migration.ts';
import { readFolder } from '../src/source.ts';
import { type GivenPlaceholders, placeholdersOf } from '../src/sql/placeholders.ts';
import { shownAs } from '../tasks/_carried.ts';

export type { Embedded, Finding } from '../src/embed.ts';

/**
 * `project`: what paths are told from, so that no build machine's own folders get into a build. Throws
 * MIGRATION_SOURCE_FAILED where there is no folder, or nothing in it.
 */
export async function survey(
  folder: string,
  project: string,
  serverMajor: number,
  {
    layout,
    placeholders,
  }: { readonly layout?: Layout | undefined; readonly placeholders?: GivenPlaceholders | undefined } = {},
): Promise<Embedded> {
  const origin = shownAs(folder, project);
  const { migrations, problems } = await readFolder(
    folder,
    layout,
    (name) => posix.join(origin, name),
    // A build carries all there is to run.
    Number.POSITIVE_INFINITY,
  );
  if (problems.length === 0 && migrations.migrations.length + migrations.repeatable.length === 0) {
    throw new MigrateError('MIGRATION_SOURCE_FAILED', 'no_migrations', {
      operation: 'read the migrations folder',
      message: `no migration files in ${folder}`,
      details: migrations.ignored.map(({ path, why }) => `not run: ${path}: ${why}`),
    });
  }
  const setting = { serverMajor, placeholders: placeholdersOf(placeholders) };
  const embedded = await analyseAll({ ...migrations, origin }, setting);
  return { ...embedded, problems: [...problems, ...embedded.problems] };
}

/** By path. */
export function filesOf({ migrations, repeatable }: Migrations): ReadonlyMap<string, MigrationFile> {
  const files = new Map<string, MigrationFile>();
  for (const { up, down } of [...migrations, ...repeatable]) {
    if (up !== null && up.path === down?.path) files.set(up.path, joined(up, down));
    else for (const file of [up, down]) if (file !== null) files.set(file.path, file);
  }
  return files;
}

/** Two parts of one file: each is blank where the other is not, and the later one has the lines of both. */
function joined(up: MigrationFile, down: MigrationFile): MigrationFile {
  const [first, last] = up.text.length <= down.text.length ? [up, down] : [down, up];
  return { ...last, text: first.text + last.text.slice(first.text.length) };
}
