import type { Environment, Values } from './keywords.ts';

/** A file beside the connection string: named in it or by a variable, or one that libpq looks for at home. */
export interface HomeFile {
  readonly path: string;
  /** What names it: `sslrootcert`. */
  readonly keyword: string;
  /** False: it counts if it is there. */
  readonly named: boolean;
}

/** What libpq has there. */
export interface Home {
  /** The folder of certificates and keys. */
  readonly postgresql: string;
  readonly pgpass: string;
}

/** Null where nobody has named one and there is no home. */
export function homeFile(
  values: Values,
  keyword: string,
  env: Environment,
  pathIn: (home: Home) => string,
): HomeFile | null {
  const path = values.get(keyword)?.value;
  if (path) return { path, keyword, named: true };
  if (env.HOME)
    return {
      keyword,
      path: pathIn({ postgresql: `${env.HOME}/.postgresql`, pgpass: `${env.HOME}/.pgpass` }),
      named: false,
    };
  // Windows.
  const postgresql = env.APPDATA ? `${env.APPDATA}/postgresql` : null;
  if (postgresql === null) return null;
  return { keyword, path: pathIn({ postgresql, pgpass: `${postgresql}/pgpass.conf` }), named: false };
}
