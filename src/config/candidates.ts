/** Where to connect, in order: host by host, and for each host with TLS, without, or both. */

import type { Environment, Values } from './keywords.ts';
import { attempts, type Tls } from './tls.ts';
import { urlError } from './url-error.ts';

export interface Candidate {
  /** Where to connect: a name, an address, or the directory of a socket if it begins with a slash. */
  readonly host: string;
  /** What the user calls it: another than `host` where `hostaddr` says where it is. */
  readonly name: string;
  readonly port: number;
  readonly user: string;
  readonly password: string | null;
  readonly database: string;
  /** Null: in plain text. */
  readonly tls: Tls | null;
  /**
   * Null: a host's first attempt. Else its second, made in one case only, as seen of libpq 15.18:
   * - `tls-failed` (prefer's plain text): the server said no to TLS, the handshake or the check of the certificate
   *   failed, or the server refused the login over TLS. So a wrong password is sent twice.
   * - `refused` (allow's TLS): the server refused the login in plain text.
   * Refused is an error in place of AuthenticationOk: not 3D000 (no such database), which comes after it, nor 57P03
   * (starting up), which sends libpq to the next host.
   */
  readonly onlyAfter: null | 'tls-failed' | 'refused';
}

export interface Login {
  readonly user: string;
  readonly password: string | null;
  readonly database: string;
}

interface Target {
  readonly host: string;
  readonly name: string;
  /** False: there is only an address, by `hostaddr`. */
  readonly isNamed: boolean;
  readonly port: number;
}

/**
 * A host that is not given, or empty in a list, is localhost. libpq means its own socket directory by that, which
 * is compiled in and differs (/tmp, /var/run/postgresql); Go's lib/pq and pg mean localhost.
 */
const DEFAULT_HOST = 'localhost';
const DEFAULT_PORT = 5432;

/** libpq's rules for lists: as many addresses as hosts, and as many ports or one for all. */
export function targets(values: Values): readonly Target[] {
  const list = (key: string) => (values.get(key)?.value || null)?.split(',') ?? [];
  const [hosts, addresses, ports] = [list('host'), list('hostaddr'), list('port')];
  const count = Math.max(addresses.length || hosts.length, 1);
  if (addresses.length > 0 && hosts.length > 0 && hosts.length !== count) {
    throw urlError(`there are ${hosts.length} hosts and ${count} addresses in hostaddr`);
  }
  if (ports.length > 1 && ports.length !== count) {
    throw urlError(`there are ${ports.length} ports for ${count} ${count === 1 ? 'host' : 'hosts'}`);
  }
  return Array.from({ length: count }, (_, i) => {
    const name = hosts[i] || addresses[i] || DEFAULT_HOST;
    if (name.startsWith('@'))
      throw urlError('abstract sockets (a host that begins with @) are not supported');
    const said = values.get('port')?.said ?? 'port';
    if (addresses[i] && !/^[\d.]+$|:/.test(addresses[i] ?? ''))
      throw urlError('hostaddr is not an address', 'give names as host');
    return {
      host: addresses[i] || name,
      name,
      isNamed: Boolean(hosts[i]) || !addresses[i],
      port: readPort(ports[ports.length === 1 ? 0 : i] ?? '', said),
    };
  });
}

function readPort(text: string, said: string): number {
  if (text === '') return DEFAULT_PORT;
  const port = /^\s*\+?\d{1,9}\s*$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 65535) return port;
  const hint = said.endsWith('URL')
    ? 'write : and / in a user or password as %3A and %2F, and an IPv6 address as [::1]'
    : 'several ports are separated by commas';
  throw urlError(`${said} is not a number from 1 to 65535`, hint);
}

export function candidates(values: Values, login: Login, env: Environment): readonly Candidate[] {
  const tries = attempts(values, env);
  const second = tries[0] === null ? 'refused' : 'tls-failed';
  return targets(values).flatMap(({ host, name, isNamed, port }) => {
    // libpq ignores sslmode on a socket, verify-full included: there is no one in between.
    const here = host.startsWith('/') ? [null] : tries;
    if (!isNamed && here[0]?.mode === 'verify-full')
      throw urlError('sslmode=verify-full needs a host beside hostaddr', 'the certificate has to name it');
    return here.map((tls, i) => ({
      host,
      name,
      port,
      ...login,
      tls: tls === null ? null : { ...tls, servername: name },
      onlyAfter: i === 0 ? null : second,
    }));
  });
}
