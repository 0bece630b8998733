/** Certificates of a test's own authority, made with the `openssl` command. */

import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { has } from './tools.ts';

export const hasOpenssl = has('openssl', 'version');

export interface Signed {
  /** The common name. */
  readonly name: string;
  /** subjectAltName, as openssl writes it: `DNS:db.example,IP:127.0.0.1`. */
  readonly also?: string;
  readonly days?: number;
  /** Another authority than `ca`; `itself` for a self-signed one. */
  readonly by?: string;
  readonly algorithm?: Algorithm;
}

type Algorithm = 'EC' | 'ED25519';

/** Makes `<name>.crt` and `<name>.key` files in a folder. */
export class Certificates {
  readonly dir: string;

  constructor(dir: string) {
    this.dir = dir;
    mkdirSync(dir, { recursive: true, mode: 0o755 });
  }

  path(file: string): string {
    return join(this.dir, file);
  }

  authority(file: string): void {
    this.#key(file);
    this.#openssl(
      'req',
      '-x509',
      '-new',
      '-key',
      `${file}.key`,
      '-subj',
      `/CN=${file}`,
      '-out',
      `${file}.crt`,
    );
    // For the list of what it has revoked.
    writeFileSync(this.path(`${file}.index`), '');
    const lines = ['[ca]', 'default_ca=own', '[own]', `database=${this.path(`${file}.index`)}`];
    writeFileSync(
      this.path(`${file}.cnf`),
      `${[...lines, 'default_md=sha256', 'default_crl_days=2'].join('\n')}\n`,
    );
  }

  certificate(file: string, { name, also, days = 2, by = 'ca', algorithm = 'EC' }: Signed): void {
    this.#key(file, algorithm);
    writeFileSync(this.path(`${file}.ext`), also === undefined ? '' : `subjectAltName=${also}\n`);
    this.#openssl('req', '-new', '-key', `${file}.key`, '-subj', `/CN=${name}`, '-out', `${file}.csr`);
    const signer =
      by === 'itself'
        ? ['-signkey', `${file}.key`]
        : ['-CA', `${by}.crt`, '-CAkey', `${by}.key`, '-CAcreateserial'];
    const days_ = ['-days', String(days), '-extfile', `${file}.ext`];
    this.#openssl('x509', '-req', '-in', `${file}.csr`, ...signer, ...days_, '-out', `${file}.crt`);
  }

  /** The authority's list of revoked certificates, as `<file>.crl`. */
  revocations(file: string, by: string, revoked: readonly string[]): void {
    const ca = ['ca', '-config', `${by}.cnf`, '-keyfile', `${by}.key`, '-cert', `${by}.crt`];
    for (const name of revoked) this.#openssl(...ca, '-revoke', `${name}.crt`);
    this.#openssl(...ca, '-gencrl', '-out', `${file}.crl`);
  }

  /** The same key behind a password, as `<to>.key`. */
  encrypt(from: string, to: string, password: string): void {
    this.#openssl(
      'pkcs8',
      '-topk8',
      '-in',
      `${from}.key`,
      '-passout',
      `pass:${password}`,
      '-out',
      `${to}.key`,
    );
  }

  #key(file: string, algorithm: Algorithm = 'EC'): void {
    const curve = algorithm === 'EC' ? ['-pkeyopt', 'ec_paramgen_curve:P-256'] : [];
    this.#openssl('genpkey', '-algorithm', algorithm, ...curve, '-out', `${file}.key`);
  }

  #openssl(...args: string[]): void {
    execFileSync('openssl', args, { cwd: this.dir, stdio: ['ignore', 'ignore', 'pipe'] });
  }
}
