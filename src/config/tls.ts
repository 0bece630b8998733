/**
 * sslmode with libpq's exact meaning (fe-connect.c and fe-secure-openssl.c, 15 to 18), which is not pg's: there,
 * prefer, require and verify-ca all are verify-full.
 */

import { type HomeFile, homeFile } from './home-file.ts';
import type { Environment, Given, Values } from './keywords.ts';
import { urlError } from './url-error.ts';

export const VERSIONS = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const;
export type Version = (typeof VERSIONS)[number];

export interface Tls {
  /**
   * `encrypt`: any certificate will do, unless there is a root.crt. `verify-ca`: it must come from a known authority,
   * whatever host it names. `verify-full`: it must also name the host.
   */
  readonly mode: 'encrypt' | 'verify-ca' | 'verify-full';
  /** The host as the user wrote it, even if `hostaddr` says where it is: to be checked, and sent if not an address. */
  readonly servername: string;
  /** Whether to send it (SNI). */
  readonly sni: boolean;
  /** The authorities; `system`: those that the machine trusts. */
  readonly root: HomeFile | 'system' | null;
  readonly crl: HomeFile | null;
  readonly cert: HomeFile | null;
  /** Used only where there is a certificate. */
  readonly key: HomeFile | null;
  readonly keyPassword: string | null;
  readonly minVersion: Version;
  readonly maxVersion: Version;
}

/** One attempt at a host: null is without TLS. */
export type Attempt = Omit<Tls, 'servername'> | null;

const MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'];

/** The attempts for a host on the network, in order. A host with two is tried a second time only as Candidate says. */
export function attempts(values: Values, env: Environment): readonly Attempt[] {
  const root = values.get('sslrootcert')?.value || null;
  const mode = modeOf(values.get('sslmode'), root === 'system');
  if (mode === 'disable') return [null];

  const file = (keyword: string, name: string) =>
    homeFile(values, keyword, env, ({ postgresql }) => `${postgresql}/${name}`);
  const verifies = mode === 'verify-ca' || mode === 'verify-full';
  const authorities = file('sslrootcert', 'root.crt');
  if (verifies && authorities === null)
    throw urlError(`sslmode=${mode} needs sslrootcert`, 'name the file with sslrootcert=');
  const isMute = values.get('sslcertmode')?.value === 'disable';
  const tls: Attempt = {
    // A root certificate makes libpq check the chain in the weaker modes too. It then goes on without the check if
    // the file is missing; here a file that was named must be there.
    mode: verifies ? mode : root === null ? 'encrypt' : 'verify-ca',
    sni: values.get('sslsni')?.value !== '0',
    root: root === 'system' ? systemRoots(env) : authorities,
    crl: file('sslcrl', 'root.crl'),
    cert: isMute ? null : file('sslcert', 'postgresql.crt'),
    key: isMute ? null : file('sslkey', 'postgresql.key'),
    keyPassword: values.get('sslpassword')?.value || null,
    ...versions(values),
  };
  if (mode === 'allow') return [null, tls];
  return mode === 'prefer' ? [tls, null] : [tls];
}

/** OpenSSL's own variable comes first, as in libpq. */
const systemRoots = (env: Environment): HomeFile | 'system' =>
  env.SSL_CERT_FILE ? { path: env.SSL_CERT_FILE, keyword: 'SSL_CERT_FILE', named: true } : 'system';

function modeOf(given: Given | undefined, isSystem: boolean) {
  const mode = given?.value ?? (isSystem ? 'verify-full' : 'prefer');
  if (!MODES.includes(mode)) {
    const hint = `sslmode is one of ${MODES.join(', ')}`;
    throw urlError(`${given?.said ?? 'sslmode'} is not an sslmode`, hint);
  }
  if (isSystem && mode !== 'verify-full') {
    throw urlError(
      'sslrootcert=system goes only with sslmode=verify-full',
      'a certificate of any public authority would do for a weaker mode',
    );
  }
  return mode as 'disable' | 'allow' | 'prefer' | 'require' | 'verify-ca' | 'verify-full';
}

function versions(values: Values): Pick<Tls, 'minVersion' | 'maxVersion'> {
  const read = (key: string, none: Version): Version => {
    const given = values.get(key);
    if (given === undefined || given.value === '') return none;
    const version = VERSIONS.find((v) => v.toLowerCase() === given.value.toLowerCase());
    if (version !== undefined) return version;
    throw urlError(`${given.said} is not a version of TLS`, `it is one of ${VERSIONS.join(', ')}`);
  };
  // An empty value is no limit; libpq's own limit is 1.2.
  const lowest = values.has('ssl_min_protocol_version') ? 'TLSv1' : 'TLSv1.2';
  const minVersion = read('ssl_min_protocol_version', lowest);
  const maxVersion = read('ssl_max_protocol_version', 'TLSv1.3');
  if (VERSIONS.indexOf(minVersion) > VERSIONS.indexOf(maxVersion))
    throw urlError('ssl_min_protocol_version is above ssl_max_protocol_version');
  return { minVersion, maxVersion };
}
