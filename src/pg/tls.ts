import { type ConnectionOptions, createSecureContext } from 'node:tls';
import type { Tls } from '../config/tls.ts';
import { systemAuthorities } from './authorities.ts';
import { clientKey } from './client-key.ts';
import { readIfThere, unusable } from './files.ts';
import { wrongName } from './server-name.ts';

/** libpq's three strengths of TLS in Node's terms. */
export async function tlsOptions(t: Tls): Promise<ConnectionOptions> {
  const ca = await authorities(t);
  const crl = ca === null ? null : await readIfThere(t.crl);
  if (ca === null && t.crl?.named === true)
    throw unusable(t.crl, 'sslcrl is only for certificates that are checked: name sslrootcert too');
  const { minVersion, maxVersion } = t;
  const files = { ...(ca === null ? {} : { ca }), ...(crl === null ? {} : { crl }), ...(await clientKey(t)) };
  return {
    secureContext: createSecureContext({ minVersion, maxVersion, ...files }),
    rejectUnauthorized: ca !== null,
    checkServerIdentity: (_host, peer) =>
      t.mode === 'verify-full' ? (wrongName(peer.raw, t.servername) ?? undefined) : undefined,
    // RFC 6066 has names only; libpq's test for them.
    ...(t.sni && !/^[\d.]*$|:/.test(t.servername) ? { servername: t.servername } : {}),
  };
}

/** Null: any certificate will do. */
async function authorities({ root, mode }: Tls): Promise<string | Buffer | string[] | null> {
  if (root === null) return null;
  if (root === 'system') return systemAuthorities();
  const bytes = await readIfThere(root);
  if (bytes !== null) {
    // Node takes a file without any certificate in it for an empty list.
    if (/-----BEGIN (X509 |TRUSTED )?CERTIFICATE-----/.test(bytes.toString('latin1'))) return bytes;
    throw unusable(root, `could not read root certificate file "${root.path}": no certificate found`);
  }
  if (mode === 'encrypt') return null;
  throw unusable(
    { ...root, named: true },
    `root certificate file "${root.path}" does not exist: name another with sslrootcert=, ` +
      'take sslrootcert=system, or an sslmode that does not check certificates',
  );
}
