import { createHash } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Below the range from which systems number outgoing connections (from 32768 on Linux): there, a port that is to
 * be remembered would sooner or later be somebody's.
 */
const LOWEST = 15_432;
const COUNT = 10_000;

/** The remembered port if it is free, else the next free one from a start that is the project's own. */
export async function choosePort(remembered: number | null, home: string): Promise<number> {
  if (remembered !== null && (await isFree(remembered))) return remembered;
  const start = createHash('sha256').update(home).digest().readUInt32BE() % COUNT;
  for (let step = 0; step < COUNT; step++) {
    const port = LOWEST + ((start + step) % COUNT);
    if (port !== remembered && (await isFree(port))) return port;
  }
  throw new Error(`no free port from ${LOWEST} to ${LOWEST + COUNT - 1}`);
}

export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
