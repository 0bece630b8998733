import { isIP } from 'node:net';
import { pause } from './pause.ts';

/**
 * The addresses of a host, in the system's order. Looked up here and not by the socket, because libpq goes on to the
 * next address in cases that only we can tell, each address with its own timeout, and pg would send an SNI for a name.
 */
export async function addressesOf(
  host: string,
  limitMs: number,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  if (host.startsWith('/') || isIP(host) !== 0) return [host];
  const { lookup } = await import('node:dns/promises');
  // A look-up cannot be called off, so it is left behind.
  const done = new AbortController();
  const tooLate = async (): Promise<never> => {
    await pause(limitMs, AbortSignal.any([done.signal, ...(signal === undefined ? [] : [signal])]));
    throw new Error(signal?.aborted === true ? 'cancelled' : 'timeout expired');
  };
  try {
    const found = await Promise.race([lookup(host, { all: true }), tooLate()]);
    return [...new Set(found.map(({ address }) => address))];
  } finally {
    done.abort();
  }
}
