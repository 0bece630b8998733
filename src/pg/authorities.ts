/** The certificates that the machine trusts, for `sslrootcert=system`. */

import * as tls from 'node:tls';
import { readIfThere } from './files.ts';

/** Where the systems keep them in one file: Go's list (crypto/x509/root_linux.go), whose last one is macOS's too. */
const FILES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/tls/cacert.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

/** Since Node 22.15 it can ask the system itself. */
const { getCACertificates } = tls as { getCACertificates?: (type: 'system') => string[] };

/** Those that come with Node only where the system does not show its own: an older Node on Windows. */
export async function systemAuthorities(): Promise<string | Buffer | string[]> {
  const asked = getCACertificates?.('system') ?? [];
  if (asked.length > 0) return asked;
  for (const path of FILES) {
    const found = await readIfThere({ path, keyword: 'sslrootcert', named: false }).catch(() => null);
    if (found !== null) return found;
  }
  return [...tls.rootCertificates];
}
