import { fastify } from 'fastify';
import pg from 'pg';
import { MigrateError } from 'rungs';
import { migrate } from './migrate.ts';

const url = process.env.DATABASE_URL;
const pool = new pg.Pool({ connectionString: url });
const stopped = new AbortController();

// A migration may take longer than the ten seconds that Fastify gives a hook.
const app = fastify({ logger: true, pluginTimeout: 0 });
pool.on('error', (e) => app.log.error(e));

// `listen` waits for this: no request meets an older schema.
app.addHook('onReady', () => migrate(url, stopped.signal, app.log));
app.addHook('onClose', () => pool.end());

app.get('/healthz', async () => ({ ok: true }));
app.get('/tickets', async () => (await pool.query('select id, title, state from tickets order by id')).rows);

for (const name of ['SIGTERM', 'SIGINT'] as const) {
  process.once(name, () => {
    // In the middle of a migration: the statement is cancelled, what was half-done is rolled back.
    stopped.abort();
    void app.close();
  });
}

app.listen({ port: Number(process.env.PORT ?? 8080), host: '0.0.0.0' }).catch((e: unknown) => {
  app.log.fatal(e);
  // Each error code has its own.
  process.exitCode = e instanceof MigrateError ? e.exitCode : 1;
  return app.close();
});
