import { randomUUID } from 'node:crypto';
import { chmod, chown, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Writes a file so that a reader sees the old or the new text and never a part: aside, to disk, then by rename.
 * A link stays a link. Owner and mode stay; a new file gets `mode` and, so that root leaves nothing behind in a
 * user's checkout that the user cannot read, its folder's owner where `likeFolder` says so.
 */
export async function replaceFile(
  path: string,
  text: string,
  { mode, likeFolder = false }: { mode: number; likeFolder?: boolean },
): Promise<void> {
  const target = await realpath(path).catch(() => path);
  const old = await stat(target).catch(() => null);
  const owner = old ?? (likeFolder ? await stat(dirname(target)) : null);
  const aside = `${target}.${randomUUID()}`;
  try {
    const handle = await open(aside, 'wx', 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    // Not in our power unless we are root; then the file stays ours.
    if (owner) await chown(aside, owner.uid, owner.gid).catch(() => {});
    await chmod(aside, old ? old.mode & 0o7777 : mode);
    await rename(aside, target);
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  }
}
