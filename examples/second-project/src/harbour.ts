import migrations from 'migrations:../migrations';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import pg from 'pg';
import { MigrateError, migrateOnStart } from 'rungs';
import { boats, moor } from './boats.ts';

const log = (event: string, fields: object = {}) => console.log(JSON.stringify({ event, ...fields }));
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL });
pool.on('error', (e) => log('connection-lost', { message: e.message }));

// On a connection of the pool's: the pool gets it back as it was.
const client = await pool.connect();
try {
  const report = await migrateOnStart({ client, migrations, enabledBy: 'HARBOUR_AUTO_MIGRATE' });
  for (const { id, name, executionTimeMs } of report?.applied ?? [])
    log('applied', { id, name, executionTimeMs });
} catch (e) {
  if (!(e instanceof MigrateError)) throw e;
  log('cannot-start', { code: e.code, reason: e.reason, message: e.message });
  process.exit(e.exitCode);
} finally {
  client.release();
}

const server = createServer(async (request, response) => {
  try {
    if (request.url !== '/boats') return response.writeHead(404).end();
    const answer = request.method === 'POST' ? await moor(pool, await textOf(request)) : await boats(pool);
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  } catch (e) {
    log('request-failed', { message: String(e) });
    response.writeHead(500).end();
  }
});

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const part of request.setEncoding('utf8')) text += part;
  return text;
}

process.once('SIGTERM', () => {
  server.close();
  void pool.end();
});
server.listen(Number(process.env.PORT ?? 8080), () =>
  log('listening', { port: (server.address() as AddressInfo).port }),
);
