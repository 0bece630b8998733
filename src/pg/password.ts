import pgpass from 'pgpass';
import type { Candidate } from '../config/candidates.ts';

/** The password file's, where the URL and PGPASSWORD have none. Asked only if the server wants one. */
export async function passwordFor(candidate: Candidate): Promise<string> {
  if (candidate.password !== null) return candidate.password;
  const { host, port, user, database } = candidate;
  const found = await new Promise<string | undefined>((resolve) =>
    pgpass({ host, port, user, database }, resolve),
  );
  // libpq's words.
  if (found === undefined) throw new Error('fe_sendauth: no password supplied');
  return found;
}
