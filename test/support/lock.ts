import type pg from 'pg';
import { lockId } from '../../src/config/lock-id.ts';
import type { Database } from './database.ts';
import { connectTo, disconnect } from './session.ts';

export interface Held {
  readonly client: pg.Client;
  readonly isHeld: boolean;
  readonly end: () => Promise<void>;
}

/** The lock as golang-migrate's CLI (`url`) or a Go service (`library`) has it, on a connection of its own. */
export async function hold(database: Database, form: 'url' | 'library', how: 'take' | 'try'): Promise<Held> {
  const client = await connectTo(database, 'the other one');
  const id = lockId('public', 'schema_migrations', form === 'url' ? `/${database.name}` : database.name);
  const { rows } = await client.query(
    how === 'try'
      ? `select pg_try_advisory_lock(${id}) as held`
      : `select true as held from pg_advisory_lock(${id})`,
  );
  return { client, isHeld: rows[0]?.held === true, end: () => disconnect(client) };
}
