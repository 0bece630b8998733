/** A stretch of network between us and the server that a test can listen to, stall, cut and close. */

import { createServer, connect as dial, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { type Frame, framesOf, NO_TLS, wantsTls } from './frames.ts';

/** One message of PostgreSQL's protocol on its way. */
export interface Seen extends Frame {
  readonly from: 'client' | 'server';
  /** Which connection, from 1 in the order they were made. */
  readonly connection: number;
}

/**
 * - `pass`: forwarded.
 * - `cut`: neither this nor anything else arrives; both ends see the connection close.
 * - `pass-and-cut`: this one still arrives.
 * - `half`: the first half of it still arrives.
 * - `reset`: as `cut`, but both ends are told so with a reset (RST) and lose what was still on its way to them.
 * - `strand`: passes, and then the client sees its end close while the server is left with an open one, as behind a
 *   router that has forgotten the connection.
 * - `stall`: neither this nor anything after it arrives, either way, until `resume`; both ends stay open.
 */
export type Verdict = 'pass' | 'cut' | 'pass-and-cut' | 'half' | 'reset' | 'strand' | 'stall';

export interface Proxy {
  /** The URL it was made for, with the proxy's address in it. */
  readonly url: string;
  /** Every message so far, in the order they came by. */
  readonly seen: readonly Seen[];
  /** How many connections have been made, or tried to be. */
  readonly connections: number;
  /** Asked about each message; passes them all unless a test says otherwise. */
  judge: (message: Seen) => Verdict;
  /** What a new connection meets: the server, an end at once, or silence. It is counted by then. */
  accept: () => 'server' | 'reset' | 'silence';
  /** Lets what was stalled go on. */
  resume(): void;
  /** Closes every connection that there is. */
  cutAll(): void;
  /** Nobody listens any more, as after the server's end. */
  close(): Promise<void>;
}

/** The texts of the simple queries that a client has sent. */
export const queries = (proxy: Proxy): readonly string[] =>
  proxy.seen.filter((m) => m.from === 'client' && m.type === 'Q').map((m) => m.text);

/** Stands for the end of a stream among the bytes that are held back. */
const END = Buffer.alloc(0);

const firstHalf = (bytes: Buffer): Buffer => bytes.subarray(0, bytes.length >> 1);

/** Gone when the test is. TLS is refused: the messages could not be read. */
export async function startProxy(databaseUrl: string): Promise<Proxy> {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  const waiting: (() => void)[] = [];
  const seen: Seen[] = [];
  let connections = 0;

  // Message by message, Nagle's algorithm and late acknowledgements would make each round trip take 40 ms.
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const connection = ++connections;
    keep(client);
    const met = proxy.accept();
    if (met === 'reset') client.resetAndDestroy();
    if (met !== 'server') return;
    const port = Number(target.port || 5432);
    const upstream = keep(dial({ port, host: target.hostname, allowHalfOpen: true, noDelay: true }));
    const cut = () => {
      client.destroy();
      upstream.destroy();
    };
    const reset = () => {
      client.resetAndDestroy();
      upstream.resetAndDestroy();
    };
    let isStalled = false;
    let isStranded = false;
    client.on('close', () => isStranded || isStalled || upstream.destroy());
    upstream.on('close', () => isStalled || client.destroy());

    const relay = (from: Seen['from'], source: Socket, sink: Socket) => {
      const held: Buffer[] = [];
      const split = framesOf(from);
      const forward = (bytes: Buffer) => void (sink.destroyed || sink.write(bytes));
      waiting.push(() => {
        isStalled = false;
        for (const bytes of held.splice(0)) bytes === END ? sink.end() : forward(bytes);
      });
      source.on('end', () => {
        if (isStalled) held.push(END);
        else if (!isStranded) sink.end();
      });
      source.on('data', (chunk: Buffer) => {
        for (const frame of split(chunk)) {
          if (from === 'client' && wantsTls(frame)) {
            client.write(NO_TLS);
            continue;
          }
          const message: Seen = { ...frame, from, connection };
          seen.push(message);
          const verdict = isStalled ? 'stall' : proxy.judge(message);
          if (verdict === 'cut') return cut();
          if (verdict === 'reset') return reset();
          if (verdict === 'stall') isStalled = held.push(frame.bytes) > 0;
          else forward(verdict === 'half' ? firstHalf(frame.bytes) : frame.bytes);
          if (verdict === 'pass-and-cut' || verdict === 'half') return sink.end(cut);
          if (verdict === 'strand') {
            isStranded = true;
            client.destroy();
            return;
          }
        }
      });
    };
    relay('client', client, upstream);
    relay('server', upstream, client);
  });

  function keep(socket: Socket): Socket {
    sockets.add(socket);
    // The other end may go at any time: that is what this is for.
    return socket.on('error', () => {}).on('close', () => sockets.delete(socket));
  }

  const proxy: Proxy = {
    url: '',
    seen,
    get connections() {
      return connections;
    },
    judge: () => 'pass',
    accept: () => 'server',
    resume: () => {
      for (const go of waiting) go();
    },
    cutAll: () => {
      for (const socket of sockets) socket.destroy();
    },
    close: () => new Promise((done) => void server.close(() => done())),
  };
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  const url = new URL(databaseUrl);
  url.host = `127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`;
  onTestFinished(() => {
    proxy.cutAll();
    server.close();
  });
  return Object.assign(proxy, { url: url.href });
}
