import migrations from 'migrations:../db/migrations';
import { type Event, MigrateError, migrateOnStart } from 'rungs';
import { log } from './log.ts';

/** Resolves when the database is as this build wants it. */
export async function migrate(url: string | undefined, signal: AbortSignal): Promise<void> {
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
    onEvent: logEvent,
  });
  if (report === null) return log('migrations-off');
  // Versions are bigints, which JSON does not have.
  log('migrated', { from: text(report.from), to: text(report.to), applied: report.applied.map((m) => m.id) });
}

const text = (version: bigint | null): string | null => version?.toString() ?? null;

/** Events are plain data. */
function logEvent({ kind, ...fields }: Event): void {
  log(`migrate.${kind}`, fields);
}

/** What a service should say of its end, and the exit code: one for each error code. */
export function failed(e: unknown): number {
  if (!(e instanceof MigrateError)) throw e;
  const { code, reason, operation, message, location, hint, exitCode } = e;
  log('migrate.failed', { code, reason, operation, message, location, hint });
  return exitCode;
}
