/** Whether a certificate names the host, by libpq's rules (fe-secure-common.c and fe-secure-openssl.c). */

import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';

/**
 * Null if it does. Node's own `checkServerIdentity` differs: it matches `f*.example`, and neither `*.internal` nor an
 * address in the common name, which is how certificates of private servers are often made.
 */
export function wrongName(raw: Buffer, host: string): Error | null {
  const certificate = new X509Certificate(raw);
  if (names(certificate, host)) return null;
  const [first, ...more] = namesIn(certificate);
  const others =
    more.length === 0 ? '' : ` (and ${more.length} other ${more.length === 1 ? 'name' : 'names'})`;
  return new Error(
    first === undefined
      ? "could not get server's host name from server certificate"
      : `server certificate for "${first}"${others} does not match host name "${host}"`,
  );
}

function names(certificate: X509Certificate, host: string): boolean {
  // A * stands for the whole of the first label; asked for literally, OpenSSL has no rules of its own for it.
  const isNamed = (name: string) => certificate.checkHost(name, { wildcards: false }) !== undefined;
  if (isIP(host) === 0) return isNamed(host) || isNamed(host.replace(/^[^.]+(?=\..)/, '*'));
  if (certificate.checkIP(host) !== undefined) return true;
  const hasAddresses = /(^|, )IP Address:/.test(certificate.subjectAltName ?? '');
  return !hasAddresses && commonName(certificate)?.toLowerCase() === host.toLowerCase();
}

/** For the message only: Node quotes what could be mistaken for the list's own punctuation. */
const namesIn = (certificate: X509Certificate): readonly string[] => {
  const listed = (certificate.subjectAltName ?? '')
    .split(', ')
    .flatMap((entry) => /^(?:DNS|IP Address):(.*)$/s.exec(entry)?.[1] ?? []);
  return listed.length > 0 ? listed : [commonName(certificate) ?? []].flat();
};

const commonName = ({ subject }: X509Certificate): string | null => /^CN=(.*)$/m.exec(subject)?.[1] ?? null;
