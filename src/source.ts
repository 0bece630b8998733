/** The one reader of migration folders. */

import { closeSync, constants, type Dirent, openSync, readSync } from 'node:fs';
import { readFile as readBytes, readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { unquotable } from './config/unquotable.ts';
import { MigrateError } from './errors.ts';
import { readLarge } from './large.ts';
import { layoutOf, RULES } from './layout/layout.ts';
import type { NamedFile } from './layout/pairs.ts';
import { isScriptName, SCRIPT, scriptOf } from './layout/script.ts';
import type { Layout, MigrationFile, Migrations, Problem } from './migration.ts';
import { turn } from './pg/pause.ts';
import { problemsError } from './problems.ts';
import { checksum } from './sql/checksum.ts';
import { decode, type EncodingFault } from './sql/decode.ts';
import { takeApart } from './sql/psql.ts';

/** More at once gains nothing and can run out of file descriptors. */
const AT_ONCE = 64;
/** What nearly all files are smaller than. */
const SMALL = 64 << 10;
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
  const entries = await list(folder, maybe);
  const layout = asked ?? layoutOf(entries.map(({ name }) => name));
  if (layout === null) throw ambiguous(folder);
  const { classify, arrange } = RULES[layout];
  const ignored: { path: string; why: string }[] = [];
  const wanted: Dirent[] = [];
  for (const entry of entries) {
    const { name } = entry;
    const verdict = classify(name);
    if (verdict === 'run') wanted.push(entry);
    else if (verdict !== 'ignore') ignored.push({ path: pathOf(name), why: verdict.why });
  }
  if (layout === 'script' && wanted.length === 0) throw noScript(folder);
  // Of a named file there are parts to find, and FluxStudio's checksums to make.
  const most = layout === 'named' ? Number.POSITIVE_INFINITY : large;
  const problems: Problem[] = [];
  const files: NamedFile[] = [];
  const within = join(folder, '_').slice(0, -1);
  for (let i = 0; i < wanted.length; i += AT_ONCE) {
    if (i > 0) await turn();
    const some = await Promise.all(
      wanted.slice(i, i + AT_ONCE).map((entry) => {
        const { name } = entry;
        const there = within + name;
        const bytes = entry.isFile() ? readSmall(there) : null;
        return bytes !== null && bytes.length < most
          ? named(name, pathOf(name), asText(bytes))
          : read(there, name, pathOf(name), most);
      }),
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

async function list(folder: string, isScript: boolean): Promise<readonly Dirent[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    // Read flat, as golang-migrate does: a directory is not a migration, whatever its name.
    return entries.filter((e) => !e.isDirectory()).sort((a, b) => (a.name < b.name ? -1 : 1));
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
export const readFile = (path: string): Promise<Read> => read(path, basename(path), path, LARGE);

const ambiguous = (folder: string): MigrateError =>
  new MigrateError('MIGRATION_SOURCE_FAILED', 'layout', {
    operation: 'read the migrations folder',
    message: `${folder} has files of both layouts: \`NNN_name.up.sql\` and \`NNN_name.sql\``,
    hint: 'write `layout: pairs` or `layout: named` into rungs.yaml, and move the others out of the folder',
  });

const room = Buffer.allocUnsafe(SMALL);

/**
 * A whole file, good until the next is asked for; null where it is no small file that can be read, which `read` looks into.
 * 20,000 files take a promise for each step four times as long.
 */
function readSmall(path: string): Uint8Array | null {
  let file: number | null = null;
  try {
    // What became a pipe meanwhile is not waited for. (Windows knows no such flag.)
    file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    let length = 0;
    for (;;) {
      const more = readSync(file, room, length, SMALL - length, null);
      length += more;
      if (length === SMALL) return null;
      if (more === 0) return room.subarray(0, length);
    }
  } catch {
    return null;
  } finally {
    if (file !== null) closeSync(file);
  }
}

type Read = NamedFile | { readonly problem: Problem };

function named(name: string, path: string, content: ReturnType<typeof asText>): Read {
  if (!('message' in content)) return { name, file: { path, ...content, analysis: null } };
  return { problem: { reason: 'encoding', message: content.message, file: path, offset: null } };
}

async function read(there: string, name: string, path: string, large: number): Promise<Read> {
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
    return named(name, path, content);
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
