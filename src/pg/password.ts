import type { Candidate } from '../config/candidates.ts';
import { passwordIn } from '../config/passfile.ts';
import type { Database } from '../config/url.ts';
import { type Emit, warn } from '../event.ts';
import { isOpen, read, statOf } from './files.ts';

export interface Password {
  /** Null where neither the connection string nor the password file has one. */
  readonly text: string | null;
  /** The password file, where it is from there. */
  readonly from: string | null;
}
export type Passwords = (candidate: Candidate) => Password;

/** Reads the password file, once for all attempts, if any candidate could want it. By libpq's rules it may be missing. */
export async function readPasswords(database: Database, emit: Emit): Promise<Passwords> {
  const { candidates, passfile: file } = database;
  const lines = candidates.some((c) => c.password === null) ? await passfile(database, emit) : null;
  return (candidate) => {
    if (candidate.password !== null) return { text: candidate.password, from: null };
    const found = lines === null ? null : passwordIn(lines, candidate);
    return { text: found, from: found === null ? null : (file?.path ?? null) };
  };
}

async function passfile({ passfile: file }: Database, emit: Emit): Promise<string | null> {
  if (file === null) return null;
  const ignored = (message: string): null => {
    warn(emit, 'passfile', message);
    return null;
  };
  const found = await statOf(file).catch((e: Error) => e);
  if (found === null) return null;
  // libpq says nothing in this case; but whoever names a file means it.
  if (found instanceof Error) return ignored(`password file ${found.message}`);
  // Its words from here on.
  if (!found.isFile()) return ignored(`password file "${file.path}" is not a plain file`);
  if (isOpen(found, 0o077)) {
    return ignored(
      `password file "${file.path}" has group or world access; permissions should be u=rw (0600) or less`,
    );
  }
  const bytes = await read(file).catch((e: Error) => e);
  return bytes instanceof Error ? ignored(`password file ${bytes.message}`) : bytes.toString('utf8');
}
