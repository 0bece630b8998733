import { connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/**
 * What a connection meets:
 * - `silence`: nothing, ever;
 * - `close`: an end as soon as it has said something;
 * - `starting`: no TLS, and 57P03, as from a server that is not ready yet;
 * - a number: the server on that port.
 */
export type Answer = 'silence' | 'close' | 'starting' | number;

export interface Listener {
  readonly port: number;
  answer: Answer;
  /** How many connections there have been. */
  readonly connections: number;
}

/** Something on a port that is no server. Gone when the test is. */
export async function listen(answer: Answer): Promise<Listener> {
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => {
    sockets.add(socket);
    return socket.on('error', () => {});
  };
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    keep(socket);
    if (typeof listener.answer === 'number') {
      const upstream = keep(connect(listener.answer, '127.0.0.1'));
      socket.pipe(upstream).pipe(socket);
      return;
    }
    const { answer } = listener;
    socket.on('data', (message) => {
      if (answer === 'close') socket.destroy();
      if (answer === 'starting') socket.write(isRequest(message) ? 'N' : STARTING);
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  const listener = {
    port: address !== null && typeof address === 'object' ? address.port : 0,
    answer,
    get connections() {
      return connections;
    },
  };
  return listener;
}

/** A port on which nobody listens. */
export async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  await new Promise<void>((closed) => server.close(() => closed()));
  return address !== null && typeof address === 'object' ? address.port : 0;
}

/** SSLRequest and GSSENCRequest: eight bytes, and a version that is none. */
const isRequest = (message: Buffer): boolean => message.length === 8 && message.readUInt16BE(4) === 1234;

const fields = ['SFATAL', 'VFATAL', 'C57P03', 'Mthe database system is starting up', ''];
const body = Buffer.from(`${fields.join('\0')}\0`);
const head = Buffer.from('E\0\0\0\0');
head.writeUInt32BE(body.length + 4, 1);
const STARTING = Buffer.concat([head, body]);
