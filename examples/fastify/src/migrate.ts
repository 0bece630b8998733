import migrations from 'migrations:../db/migrations';
import type { FastifyBaseLogger } from 'fastify';
import { type Event, migrateOnStart } from 'rungs';

/** Resolves when the database is as this build wants it; rejects with MigrateError where it cannot be. */
export async function migrate(
  url: string | undefined,
  signal: AbortSignal,
  log: FastifyBaseLogger,
): Promise<void> {
  const report = await migrateOnStart({
    url,
    migrations,
    signal,
    // Replicas of the last release may start, or start again, while this one's migrations are already in.
    onAhead: 'accept',
    // AUTO_MIGRATE=false: somebody else migrates, a Job perhaps.
    enabledBy: 'AUTO_MIGRATE',
    // The other replicas wait for the one that does the work.
    lockTimeoutMs: 120_000,
    // Events are plain data.
    onEvent: (event) => log[levelOf(event)](event, `migrate: ${event.kind}`),
  });
  if (report === null) return log.info('migrations are off');
  // Versions are bigints, which JSON does not have.
  const [from, to] = [String(report.from ?? 0), String(report.to ?? 0)];
  log.info({ from, to, applied: report.applied.map((m) => m.id) }, 'migrated');
}

const levelOf = ({ kind }: Event): 'info' | 'warn' =>
  kind === 'warning' || kind === 'connection-failed' ? 'warn' : 'info';
