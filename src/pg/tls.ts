import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { type ConnectionOptions, checkServerIdentity } from 'node:tls';
import type { Tls } from '../config/tls.ts';
import { MigrateError } from '../errors.ts';

/** libpq's three strengths of TLS in Node's terms. */
export async function tlsOptions(t: Tls): Promise<ConnectionOptions> {
  const [ca, cert, key] = await Promise.all([read(t.caFile), read(t.certFile), read(t.keyFile)]);
  return {
    rejectUnauthorized: t.mode !== 'encrypt',
    // Node would check the name in verify-ca too, and against "localhost" where the host is an address.
    checkServerIdentity: (_host, peer) =>
      t.mode === 'verify-full' ? checkServerIdentity(t.servername, peer) : undefined,
    ...(isIP(t.servername) === 0 ? { servername: t.servername } : {}),
    ...(ca === null ? {} : { ca }),
    ...(cert === null ? {} : { cert }),
    ...(key === null ? {} : { key }),
  };
}

async function read(file: string | null): Promise<Buffer | null> {
  if (file === null) return null;
  try {
    return await readFile(file);
  } catch (e) {
    throw new MigrateError('MIGRATION_INIT_FAILED', 'unreadable', {
      operation: 'read the TLS files',
      message: `${file}: ${(e as NodeJS.ErrnoException).code ?? String(e)}`,
      hint: 'correct sslrootcert, sslcert or sslkey in the URL',
      cause: e,
    });
  }
}
