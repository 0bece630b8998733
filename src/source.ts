/** The one reader of migration folders. */

import { readFile as readBytes, readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { unquotable } from './config/unquotable.ts';
import { MigrateError } from './errors.ts';
import { readLarge } from './large.ts';
import { layoutOf, RULES } from './layout/layout.ts';
import type { NamedFile } from './layout/pairs.ts';
import { isScriptName, SCRIPT, scriptOf } from './layout/script.ts';
import type { Layout, MigrationFile, Migrations, Problem } from './migration.ts';
import { problemsError } from './problems.ts';
import { checksum } from './sql/checksum.ts';
import { decode, type EncodingFault } from './sql/decode.ts';
import { takeApart } from './sql/psql.ts';

/** More at once gains nothing and can run out of file descriptors. */
const AT_ONCE = 64;
/** From this size on, the rows of a COPY stay on disk until they are sent. */
const LARGE = 4 << 20;
/** Node's longest string. */
const LONGEST = 2 ** 29 - 24;
const TOO_LARGE =
  'it is larger than 512 MB, which only a pair’s file or a script may be, and only outside of a build';

/** A folder as it is, problems and all. */
export interface Folder {
  readonly migrations: Migrations;
  readonly problems: readonly Problem[];
}

/**
 * Reads a folder, or the one file of a script; of which layout a folder is, its names say. `folder` is used as it is given, so that messages name paths as the user knows them.
 * Throws MIGRATION_SOURCE_FAILED with every problem there is.
 */
export async function readMigrations(folder: string, layout?: Layout): Promise<Migrations> {
  const { migrations, problems } = await readFolder(folder, layout);
  if (problems.length > 0) throw problemsError(problems, new Map());
  return migrations;
}

/**
 * For builds, which report each problem by itself, say where a file is seen from the project, and take large files in
 * (`large`). Throws only where there is no folder.
 */
export async function readFolder(
  folder: string,
  asked?: Layout,
  pathOf = (name: string) => join(folder, name),
  large = LARGE,
): Promise<Folder> {
  const maybe = asked === 'script' || isScriptName(basename(folder));
  if (maybe && (await isFile(folder))) return readScript(folder, asked, pathOf(''), large);
  const names = await list(folder, maybe);
  const layout = asked ?? layoutOf(names);
  if (layout === null) throw ambiguous(folder);
  const { classify, arrange } = RULES[layout];
  const ignored: { path: string; why: string }[] = [];
  const wanted: string[] = [];
  for (const name of names) {
    const verdict = classify(name);
    if (verdict === 'run') wanted.push(name);
    else if (verdict !== 'ignore') ignored.push({ path: pathOf(name), why: verdict.why });
  }
  if (layout === 'script' && wanted.length === 0) throw noScript(folder);
  // Of a named file there are parts to find, and FluxStudio's checksums to make.
  const most = layout === 'named' ? Number.POSITIVE_INFINITY : large;
  const problems: Problem[] = [];
  const files: NamedFile[] = [];
  for (let i = 0; i < wanted.length; i += AT_ONCE) {
    const some = await Promise.all(
      wanted.slice(i, i + AT_ONCE).map((name) => read(join(folder, name), name, pathOf(name), most)),
    );
    for (const result of some) {
      if ('problem' in result) problems.push(result.problem);
      else files.push(result);
    }
  }
  const arranged = arrange(files);
  problems.push(...arranged.problems);
  const { migrations, repeatable } = arranged;
  return { migrations: { layout, origin: folder, migrations, repeatable, ignored }, problems };
}

const NAME_IT = 'name the script with `--path FILE` or MIGRATION_PATH';

const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isFile(),
    () => false,
  );

/** Told without reading it. */
export const isScript = async (migrations: string | Migrations, layout?: Layout): Promise<boolean> =>
  typeof migrations === 'string'
    ? layout === 'script' || (isScriptName(basename(migrations)) && (await isFile(migrations)))
    : migrations.layout === 'script';

/** The migration that is the whole script. `shown`: its path for messages. */
async function readScript(
  file: string,
  asked: Layout | undefined,
  shown: string,
  large: number,
): Promise<Folder> {
  if (asked !== undefined && asked !== 'script') {
    throw new MigrateError('MIGRATION_SOURCE_FAILED', 'layout', {
      operation: 'read the migrations folder',
      message: `${file} is a file, and with \`layout: ${asked}\` it must be a folder`,
      hint: 'give the folder with `--path DIR`, or write `layout: script` into rungs.yaml',
    });
  }
  const found = await read(file, '', shown, large);
  const [migrations, problems] =
    'problem' in found ? [[], [found.problem]] : [[scriptOf({ ...found, name: basename(file) })], []];
  return {
    migrations: { layout: 'script', origin: file, migrations, repeatable: [], ignored: [] },
    problems,
  };
}

const noScript = (folder: string): MigrateError =>
  new MigrateError('MIGRATION_SOURCE_FAILED', 'no_migrations', {
    operation: 'read the script',
    message: `there is no ${SCRIPT} in ${folder}`,
    hint: NAME_IT,
  });

async function list(folder: string, isScript: boolean): Promise<readonly string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    // Read flat, as golang-migrate does: a directory is not a migration, whatever its name.
    return entries
      .filter((e) => !e.isDirectory())
      .map((e) => e.name)
      .sort();
  } catch (e) {
    const what = unquotable(folder);
    throw new MigrateError('MIGRATION_SOURCE_FAILED', 'unreadable', {
      operation: isScript ? 'read the script' : 'read the migrations folder',
      message: what === null ? `${folder}: ${reasonOf(e)}` : `the folder is ${what}`,
      hint: isScript
        ? NAME_IT
        : 'give the folder with `--path DIR`, or make the first migration with `task migrate:create -- name`',
      // It names the folder too.
      ...(what === null ? { cause: e } : {}),
    });
  }
}

/** One file, whatever it is for. */
export const readFile = (path: string): Promise<NamedFile | { readonly problem: Problem }> =>
  read(path, basename(path), path, LARGE);

const ambiguous = (folder: string): MigrateError =>
  new MigrateError('MIGRATION_SOURCE_FAILED', 'layout', {
    operation: 'read the migrations folder',
    message: `${folder} has files of both layouts: \`NNN_name.up.sql\` and \`NNN_name.sql\``,
    hint: 'write `layout: pairs` or `layout: named` into rungs.yaml, and move the others out of the folder',
  });

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
    if (found.size > LONGEST && large > LONGEST) {
      return { problem: { reason: 'unreadable', message: TOO_LARGE, file: path, offset: null } };
    }
    const content = found.size < large ? asText(await readBytes(there)) : await readLarge(there);
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
