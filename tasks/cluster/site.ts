import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { findPackage, type Package } from './binaries.ts';
import { openHome, possibleHomes } from './home.ts';
import { chooseIdentity, type Identity } from './identity.ts';

/** Everything about a project's cluster that is settled before anything is done to it. */
export interface Site {
  readonly found: Package;
  readonly identity: Identity;
  /** Holds the clusters of this project and their lock. */
  readonly home: string;
  /** `pg18` in it: the data, and the record and the log beside them. */
  readonly clusterDir: string;
  readonly dataDir: string;
}

export async function openSite(
  projectDir: string,
  cacheDir: string | undefined,
  from: readonly string[],
): Promise<Site> {
  const found = await findPackage(from);
  const cluster = `pg${found.major}`;
  const identity = await chooseIdentity(await existingData(projectDir, cacheDir, cluster));
  const home = await openHome(projectDir, cacheDir, identity);
  const clusterDir = join(home, cluster);
  return { found, identity, home, clusterDir, dataDir: join(clusterDir, 'data') };
}

async function existingData(projectDir: string, cacheDir: string | undefined, cluster: string) {
  for (const home of await possibleHomes(projectDir, cacheDir)) {
    const data = join(home, cluster, 'data');
    if (await exists(data)) return data;
  }
  return null;
}

/** True also where we may not look: what cannot be seen must not be taken for missing and made anew. */
export function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== 'ENOENT' && error.code !== 'ENOTDIR',
  );
}
