/** Stops a message by the other end's own id for it, which a pooler knows to be whose. */

import { connect } from 'node:net';
import type pg from 'pg';
import { pause } from './pause.ts';

/** Then it is asked again. */
const PATIENCE_MS = 2000;

/** CancelRequest (protocol-flow, "Canceling Requests in Progress"): the other end's own id and secret say what to stop. */
export function requestCancel(client: pg.ClientBase): Promise<void> {
  const { host, port, processID, secretKey } = client as unknown as {
    readonly host: string;
    readonly port: number;
    readonly processID: number;
    readonly secretKey: number;
  };
  const request = Buffer.alloc(16);
  for (const [i, word] of [16, 80877102, processID, secretKey].entries())
    request.writeInt32BE(word | 0, 4 * i);
  const socket = host.startsWith('/') ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host);
  const closed = new AbortController();
  void pause(PATIENCE_MS, closed.signal).then(() => socket.destroy());
  return new Promise((resolve) => {
    socket
      .once('error', () => {})
      .once('close', () => {
        closed.abort();
        resolve();
      });
    // The answer is that the other end closes: PgBouncer forgets a request whose sender has gone.
    socket.once('connect', () => socket.write(request)).resume();
  });
}
