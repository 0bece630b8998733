import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import pg from 'pg';
import { log } from './log.ts';
import { failed, migrate } from './migrate.ts';

const url = process.env.DATABASE_URL;
const pool = new pg.Pool({ connectionString: url });
pool.on('error', (e) => log('connection-lost', { message: e.message }));
const stopped = new AbortController();
let isReady = false;

const server = createServer(async ({ url: path }, response) => {
  const answer = (status: number, body: unknown) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  // It answers from the first moment on, so that a long migration is not taken for a dead process.
  if (path === '/healthz') return answer(200, { ok: true });
  if (path === '/readyz') return answer(isReady ? 200 : 503, { ready: isReady });
  if (path !== '/notes') return answer(404, {});
  if (!isReady) return answer(503, {});
  try {
    answer(200, (await pool.query('select id, body, pinned from notes order by id')).rows);
  } catch (e) {
    log('request-failed', { message: String(e) });
    answer(500, {});
  }
});

async function stop(exitCode: number): Promise<void> {
  isReady = false;
  process.exitCode = exitCode;
  server.close();
  await pool.end();
}

// In the middle of a migration: the statement is cancelled, what was half-done is rolled back, the lock is released.
for (const name of ['SIGTERM', 'SIGINT'] as const) {
  process.once(name, () => {
    log('stopping', { name });
    stopped.abort();
    if (isReady) void stop(0);
  });
}

server.listen(Number(process.env.PORT ?? 8080), () =>
  log('listening', { port: (server.address() as AddressInfo).port }),
);
try {
  await migrate(url, stopped.signal);
  isReady = true;
  log('ready');
} catch (e) {
  const exitCode = failed(e);
  await stop(stopped.signal.aborted ? 143 : exitCode);
}
