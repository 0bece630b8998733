import type { Database } from './database.ts';
import { connectTo, disconnect, until, waiting } from './session.ts';

/** What a file waits with, until the gate is open. */
export const WAIT = 'select pg_advisory_xact_lock(42);';

export async function gate(database: Database) {
  const client = await connectTo(database, 'gate');
  await client.query('select pg_advisory_lock(42)');
  return {
    reached: () => until('a file waits at the gate', async () => (await waiting(database, 'advisory')) > 0),
    open: () => disconnect(client),
  };
}
