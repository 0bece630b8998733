/**
 * A stretch of network that takes its time: `node latency.mjs PORT MS` forwards to that port of this machine, and every
 * answer comes MS milliseconds later than it was sent, whatever else is on its way. It says its own port, and, each
 * time it is asked, how many queries have come by and how many of them were for an advisory lock; asked to `keep`, the
 * next time also what they said. A process of its own, so that whoever measures does not slow it down.
 */

import { connect, createServer } from 'node:net';

const [port, delay] = process.argv.slice(2).map(Number);
let queries = 0;
let locks = 0;
/** Of each connection since then; null: they are not kept. */
let texts = null;

const server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
  const upstream = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
  const hangUp = () => {
    client.destroy();
    upstream.destroy();
  };
  const later = (deliver) => setTimeout(() => client.destroyed || deliver(), delay);
  const count = counter();
  client.on('data', (bytes) => {
    count(bytes);
    upstream.write(bytes);
  });
  client.on('end', () => upstream.end());
  upstream.on('data', (bytes) => later(() => client.write(bytes)));
  upstream.on('end', () => later(() => client.end()));
  client.on('error', hangUp);
  upstream.on('error', hangUp);
  client.on('close', () => upstream.destroy());
});
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
process.on('message', (what) => {
  process.send({ queries, locks, texts });
  texts = what === 'keep' ? [] : null;
});
process.on('disconnect', () => process.exit());

/** Of one connection: Query, and of the extended protocol Execute; a lock's name stands in Query or Parse. */
function counter() {
  let rest = Buffer.alloc(0);
  let isStarted = false;
  const said = [];
  texts?.push(said);
  return (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    for (;;) {
      const head = isStarted ? 1 : 0;
      if (rest.length < head + 4) return;
      const end = head + rest.readUInt32BE(head);
      if (rest.length < end) return;
      const type = isStarted ? String.fromCharCode(rest[0]) : '';
      // A request for TLS or for encryption by GSSAPI is eight bytes, and the start comes after it.
      if (!isStarted) isStarted = end !== 8;
      if (type === 'Q' || type === 'E') queries++;
      // Behind its head, and ending with a NUL.
      if (type === 'Q' && texts !== null) said.push(rest.toString('utf8', head + 4, end - 1));
      if ((type === 'Q' || type === 'P') && rest.subarray(0, end).includes('advisory_')) locks++;
      rest = rest.subarray(end);
    }
  };
}
