/**
 * sslmode with libpq's exact meaning (fe-connect.c and fe-secure-openssl.c, 15 to 18), which is not pg's: there,
 * prefer, require and verify-ca all are verify-full.
 */

import type { Environment, Values } from './keywords.ts';
import { urlError } from './url-error.ts';

export interface Tls {
  /**
   * `encrypt`: any certificate will do. `verify-ca`: it must come from a known authority, whatever host it names.
   * `verify-full`: it must also name the host.
   */
  readonly mode: 'encrypt' | 'verify-ca' | 'verify-full';
  /** The host as the user wrote it, even if `hostaddr` says where it is: to be checked, and sent if not an address. */
  readonly servername: string;
  /** The authorities. Null in `encrypt`: none; null in `verify-full`: those of the system (`sslrootcert=system`). */
  readonly caFile: string | null;
  readonly certFile: string | null;
  readonly keyFile: string | null;
}

/** One attempt at a host: null is without TLS. */
export type Attempt = Omit<Tls, 'servername'> | null;

const MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'];

/** Where libpq looks for root.crt, postgresql.crt and postgresql.key that no keyword names; null if nowhere. */
export function tlsHome(env: Environment): string | null {
  if (env.HOME) return `${env.HOME}/.postgresql`;
  return env.APPDATA ? `${env.APPDATA}/postgresql` : null;
}

/** The attempts for a host on the network, in order. A host with two is tried a second time only as Candidate says. */
export function attempts(values: Values, env: Environment): readonly Attempt[] {
  const file = (key: string) => values.get(key)?.value || null;
  const root = file('sslrootcert');
  const given = values.get('sslmode');
  const mode = given?.value ?? (root === 'system' ? 'verify-full' : 'prefer');
  if (!MODES.includes(mode)) {
    const hint = `sslmode is one of ${MODES.join(', ')}`;
    throw urlError(`${given?.said ?? 'sslmode'} is not an sslmode`, hint);
  }
  if (root === 'system' && mode !== 'verify-full') {
    throw urlError(
      'sslrootcert=system goes only with sslmode=verify-full',
      'a certificate of any public authority would do for a weaker mode',
    );
  }
  if (mode === 'disable') return [null];

  const home = tlsHome(env);
  const beside = (name: string) => (home === null ? null : `${home}/${name}`);
  const [cert, key] = [file('sslcert'), file('sslkey')];
  const files = {
    certFile: cert ?? (key === null ? null : beside('postgresql.crt')),
    keyFile: key ?? (cert === null ? null : beside('postgresql.key')),
  };
  if (mode === 'verify-full' || mode === 'verify-ca') {
    const caFile = root ?? beside('root.crt');
    if (caFile === null)
      throw urlError(`sslmode=${mode} needs sslrootcert`, 'name the file with sslrootcert=');
    return [{ mode, caFile: caFile === 'system' ? null : caFile, ...files }];
  }
  // A root certificate makes libpq check the chain in the weaker modes too. It then goes on without the check if
  // the file is missing; here a file that was named must be there.
  const tls: Attempt = { mode: root === null ? 'encrypt' : 'verify-ca', caFile: root, ...files };
  if (mode === 'allow') return [null, tls];
  return mode === 'prefer' ? [tls, null] : [tls];
}
