/** The client's certificate and its key, with libpq's checks and words (fe-secure-openssl.c, initialize_SSL). */

import { createSecureContext, type SecureContextOptions } from 'node:tls';
import type { HomeFile } from '../config/home-file.ts';
import { shellWord } from '../config/shell-word.ts';
import type { Tls } from '../config/tls.ts';
import { isOpen, read, readIfThere, statOf, unusable } from './files.ts';

export type ClientKey = Pick<SecureContextOptions, 'cert' | 'key' | 'passphrase'>;

/** Empty where there is no certificate: whether one is needed is for the server to say. */
export async function clientKey({ cert: file, key: keyFile, keyPassword }: Tls): Promise<ClientKey> {
  const cert = await readIfThere(file);
  if (file === null || cert === null) return {};
  loads(file, 'could not read certificate file', { cert });
  if (keyFile === null) throw unusable(file, 'certificate present, but no private key: name it with sslkey=');

  const key = await readKey(keyFile);
  const secret = { key, ...(keyPassword === null ? {} : { passphrase: keyPassword }) };
  loads(keyFile, 'could not load private key file', secret);
  loads(keyFile, 'certificate does not match private key file', { cert, ...secret });
  return { cert, ...secret };
}

async function readKey(file: HomeFile): Promise<Buffer> {
  const found = await statOf(file);
  if (found === null) throw unusable(file, `certificate present, but not private key file "${file.path}"`);
  if (!found.isFile()) throw unusable(file, `private key file "${file.path}" is not a regular file`);
  // Root's own file may be read by a group, as the system's keys often are.
  if (isOpen(found, found.uid === 0 ? 0o037 : 0o077)) {
    throw unusable(
      file,
      `private key file "${file.path}" has group or world access; file must have permissions u=rw (0600) or less ` +
        'if owned by the current user, or permissions u=rw,g=r (0640) or less if owned by root',
      `\`chmod 600 ${shellWord(file.path)}\``,
    );
  }
  return read(file);
}

function loads(file: HomeFile, words: string, options: ClientKey): void {
  try {
    createSecureContext(options);
  } catch (e) {
    // OpenSSL's "error:0480006C:PEM routines::no start line": the last part is for people.
    const why = e instanceof Error ? e.message.replace(/^error:[0-9A-F]+:[^:]*:[^:]*:/, '') : String(e);
    throw unusable(file, `${words} "${file.path}": ${why}`);
  }
}
