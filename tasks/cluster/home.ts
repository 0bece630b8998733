import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, chmod, mkdir, readdir, realpath, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { MigrateError } from '../../src/errors.ts';
import { existingCaches, openCache } from './cache.ts';
import { canEnter, type Identity } from './identity.ts';
import { notYours } from './record.ts';

/** The folders where a project's clusters can be, likeliest first: its own, or one in the cache under its path's hash. */
export async function possibleHomes(projectDir: string, cacheDir: string | undefined): Promise<string[]> {
  const project = await realProject(projectDir);
  const caches = await existingCaches(cacheDir);
  return [join(project, '.rungs'), ...caches.map((cache) => homeInCache(cache, project))];
}

/**
 * The folder for this project's clusters, made where missing: `.rungs` in the project, or one in the cache where
 * that cannot be made, or not be entered by the user that the server has to run as.
 */
export async function openHome(
  projectDir: string,
  cacheDir: string | undefined,
  identity: Identity,
): Promise<string> {
  const project = await realProject(projectDir);
  const own = join(project, '.rungs');
  if (await make(own, identity)) {
    await writeFile(join(own, '.gitignore'), '*\n', { flag: 'wx' }).catch(() => {});
    return own;
  }
  const home = homeInCache(await openCache(cacheDir, identity), project);
  if (await make(home, identity)) return home;
  throw new MigrateError('MIGRATION_INIT_FAILED', 'permission', {
    operation: 'find a place for the embedded server’s data',
    message: `${home} cannot be made, or not be entered by ${identity.name}`,
    hint: 'name a folder of your own in RUNGS_CACHE',
  });
}

/** The clusters in a home, newest major version first: { 18: '<home>/pg18' }. */
export async function clustersIn(home: string): Promise<{ major: number; dir: string }[]> {
  const names = await readdir(home).catch(() => []);
  return names
    .flatMap((name) => {
      const major = /^pg(\d+)$/.exec(name)?.[1];
      return major === undefined ? [] : [{ major: Number(major), dir: join(home, name) }];
    })
    .sort((a, b) => b.major - a.major);
}

/** Takes a cluster away in one step; what a killed command leaves of it is litter. */
export async function discard(clusterDir: string): Promise<void> {
  const aside = join(clusterDir, '..', `.old-${process.pid}-${Date.now()}`);
  await rename(clusterDir, aside).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  await rm(aside, { recursive: true, force: true });
}

/** Removes what killed commands have left. Only under the lock. */
export async function sweep(home: string): Promise<void> {
  for (const name of await readdir(home)) {
    if (/^\.(init|old)-/.test(name)) await rm(join(home, name), { recursive: true, force: true });
  }
}

function homeInCache(cache: string, project: string): string {
  const hash = createHash('sha256').update(project).digest('hex').slice(0, 16);
  // The name is for people who look into the cache; the hash is what tells projects apart.
  const name = basename(project)
    .replace(/[^\w.-]+/g, '_')
    .slice(0, 40);
  return join(cache, 'projects', `${name}-${hash}`);
}

async function make(home: string, identity: Identity): Promise<boolean> {
  const made = await mkdir(home, { recursive: true }).catch((error: NodeJS.ErrnoException) => error);
  if (made instanceof Error) return false;
  // There before us and closed to us: someone else's data are in it, and a second set elsewhere would only confuse.
  const closed = await access(home, constants.W_OK).catch((error: NodeJS.ErrnoException) => error.code);
  if (closed === 'EACCES' || closed === 'EPERM') throw notYours(home);
  if (closed !== undefined) return false;
  if (made !== undefined && identity.dropped) {
    // Against root's umask: the server's user has to pass through what we made.
    for (let at = home; at.length >= made.length; at = join(at, '..')) await chmod(at, 0o755);
  }
  if (await canEnter(identity, home)) return true;
  if (made !== undefined) await rmdir(home).catch(() => {});
  return false;
}

async function realProject(projectDir: string): Promise<string> {
  try {
    return await realpath(projectDir);
  } catch (error) {
    throw new MigrateError('CONFIG_INVALID', 'unreadable', {
      operation: 'find the project',
      message: `${projectDir}: ${error instanceof Error ? error.message : error}`,
      cause: error,
    });
  }
}
