import { chmod, lstat, mkdir, realpath } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { MigrateError } from '../../src/errors.ts';
import { canEnter, type Identity } from './identity.ts';

/** Those of the places that are there and can be trusted; for looking only. */
export async function existingCaches(chosen: string | undefined): Promise<string[]> {
  const real: string[] = [];
  for (const dir of cacheDirs(chosen)) {
    const changer = await whoMayChange(dir).catch((error: NodeJS.ErrnoException) => error.code ?? 'error');
    if (changer === null) real.push(await realpath(dir));
  }
  return real;
}

/** For what lives outside the project when the project's own folder will not do, best place first. */
function cacheDirs(chosen: string | undefined): readonly string[] {
  if (chosen) return [chosen];
  if (process.getuid?.() === 0) {
    // Not /tmp: its cleaners would eat a database. Not $HOME: it is what the dropped user cannot enter.
    return ['/var/cache/rungs', '/var/tmp/rungs-root'];
  }
  const own = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return [join(own, 'rungs'), join(tmpdir(), `rungs-${process.getuid?.() ?? 'user'}`)];
}

/** The first of them that can be made, that nobody else can tamper with and that the server's user can enter. */
export async function openCache(chosen: string | undefined, identity: Identity): Promise<string> {
  const refusals: string[] = [];
  for (const dir of cacheDirs(chosen)) {
    const refusal = await prepare(dir, identity);
    if (refusal === null) return realpath(dir);
    refusals.push(`${dir}: ${refusal}`);
  }
  throw new MigrateError('MIGRATION_INIT_FAILED', 'permission', {
    operation: 'find a place for the embedded server',
    message: `no folder can be used that ${identity.name} can enter and nobody else can change`,
    details: refusals,
    hint: 'name a folder of your own in RUNGS_CACHE',
  });
}

async function prepare(dir: string, identity: Identity): Promise<string | null> {
  try {
    const made = await mkdir(dir, { recursive: true, mode: identity.dropped ? 0o755 : 0o700 });
    // mkdir obeys the umask, and under root's 077 the server's user would be shut out.
    if (made !== undefined && identity.dropped) await openPath(made, dir);
    const changer = await whoMayChange(dir);
    if (changer !== null) return changer;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return (await canEnter(identity, dir)) ? null : `${identity.name} cannot enter it`;
}

/** From the topmost folder that mkdir made down to `dir`. */
async function openPath(made: string, dir: string): Promise<void> {
  for (let at = dir; at.length >= made.length; at = dirname(at)) await chmod(at, 0o755);
}

/**
 * Binaries from here run and data here are trusted, so no one else may have planted or be able to replace them:
 * in /var/tmp anybody could have made `rungs-root` first, as a folder or as a link. Root walks the whole path.
 * A user's own check stops at the folder itself: with a umask of 002 even ~/.cache is open to the user's group.
 */
async function whoMayChange(dir: string): Promise<string | null> {
  const uid = process.getuid?.();
  if (uid === undefined) return null;
  const self = await lstat(dir);
  if (!self.isDirectory()) return 'it is not a folder, or it is a link';
  if (self.uid !== uid) return `it belongs to uid ${self.uid}`;
  if (self.mode & 0o022) return 'others can write to it';
  if (uid !== 0) return null;
  for (const start of [dir, await realpath(dir)]) {
    for (let at = dirname(start); ; at = dirname(at)) {
      const above = await lstat(at);
      if (above.uid !== 0) return `${at} belongs to uid ${above.uid}`;
      // In a sticky folder others can add but not replace; a link's own mode means nothing.
      const open = !above.isSymbolicLink() && (above.mode & 0o022) !== 0 && (above.mode & 0o1000) === 0;
      if (open) return `others can write to ${at}`;
      if (at === dirname(at)) break;
    }
  }
  return null;
}
