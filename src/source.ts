/** The one reader of migration folders. */

import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MigrateError } from './errors.ts';
import { readLarge } from './large.ts';
import { classify, type NamedFile, pair } from './layout/pairs.ts';
import type { MigrationFile, Migrations, Problem } from './migration.ts';
import { problemsError } from './problems.ts';
import { checksum } from './sql/checksum.ts';
import { decode, type EncodingFault } from './sql/decode.ts';
import { takeApart } from './sql/psql.ts';

/** More at once gains nothing and can run out of file descriptors. */
const AT_ONCE = 64;
/** From this size on, the rows of a COPY stay on disk until they are sent. */
const LARGE = 4 << 20;

/** A folder as it is, problems and all. */
export interface Folder {
  readonly migrations: Migrations;
  readonly problems: readonly Problem[];
}

/**
 * Reads a folder of pairs. `folder` is used as it is given, so that messages name paths as the user knows them.
 * Throws MIGRATION_SOURCE_FAILED with every problem there is.
 */
export async function readMigrations(folder: string): Promise<Migrations> {
  const { migrations, problems } = await readFolder(folder);
  if (problems.length > 0) throw problemsError(problems, new Map());
  return migrations;
}

/**
 * For builds, which report each problem by itself, say where a file is seen from the project, and take large files in
 * (`large`). Throws only where there is no folder.
 */
export async function readFolder(
  folder: string,
  pathOf = (name: string) => join(folder, name),
  large = LARGE,
): Promise<Folder> {
  const names = await list(folder);
  const ignored: { path: string; why: string }[] = [];
  const wanted: string[] = [];
  for (const name of names) {
    const verdict = classify(name);
    if (verdict === 'run') wanted.push(name);
    else if (verdict !== 'ignore') ignored.push({ path: pathOf(name), why: verdict.why });
  }
  const problems: Problem[] = [];
  const files: NamedFile[] = [];
  for (let i = 0; i < wanted.length; i += AT_ONCE) {
    const some = await Promise.all(
      wanted.slice(i, i + AT_ONCE).map((name) => read(join(folder, name), name, pathOf(name), large)),
    );
    for (const result of some) {
      if ('problem' in result) problems.push(result.problem);
      else files.push(result);
    }
  }
  const paired = pair(files);
  problems.push(...paired.problems);
  return { migrations: { origin: folder, migrations: paired.migrations, ignored }, problems };
}

async function list(folder: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    // Read flat, as golang-migrate does: a directory is not a migration, whatever its name.
    return entries
      .filter((e) => !e.isDirectory())
      .map((e) => e.name)
      .sort();
  } catch (e) {
    throw new MigrateError('MIGRATION_SOURCE_FAILED', 'unreadable', {
      operation: 'read the migrations folder',
      message: `${folder}: ${reasonOf(e)}`,
      hint: 'give the folder with `--path DIR`, or make the first migration with `task migrate:create -- name`',
      cause: e,
    });
  }
}

async function read(
  there: string,
  name: string,
  path: string,
  large: number,
): Promise<NamedFile | { readonly problem: Problem }> {
  try {
    const found = await stat(there);
    // What a symbolic link leads to; and reading a pipe would wait for a writer for ever.
    if (!found.isFile()) {
      return { problem: { reason: 'unreadable', message: 'it is not a file', file: path, offset: null } };
    }
    const content = found.size < large ? asText(await readFile(there)) : await readLarge(there);
    if (!('message' in content)) return { name, file: { path, ...content, analysis: null } };
    return { problem: { reason: 'encoding', message: content.message, file: path, offset: null } };
  } catch (e) {
    return { problem: { reason: 'unreadable', message: reasonOf(e), file: path, offset: null } };
  }
}

function asText(bytes: Uint8Array): Pick<MigrationFile, 'text' | 'psql' | 'checksum'> | EncodingFault {
  const decoded = decode(bytes);
  return 'text' in decoded ? { ...takeApart(decoded.text), checksum: checksum(decoded.text) } : decoded;
}

function reasonOf(e: unknown): string {
  const code = (e as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') return 'no such file or directory';
  if (code === 'ENOTDIR') return 'not a directory';
  if (code === 'EACCES') return 'permission denied';
  return code ?? String(e);
}
