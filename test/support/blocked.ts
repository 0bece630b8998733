/** Who is in a migration's way, and what is heard of it. */

import { type Event, type RunOptions, up } from '../../src/index.ts';
import { createDatabase, type Database } from './database.ts';
import { connectTo } from './session.ts';

export const withObjects = async (): Promise<Database> => {
  const database = await createDatabase();
  await database.query(`create table objects (id int, name text); create table log (line text)`);
  return database;
};

/** Somebody in whose way an ALTER TABLE is, and the other way round. */
export async function block(
  database: Database,
): Promise<{ readonly pid: number; readonly go: () => Promise<void> }> {
  const client = await connectTo(database, 'checkout');
  const { rows } = await client.query('select pg_backend_pid() as pid');
  await client.query(`begin; insert into objects values (1, 'hunter2')`);
  return { pid: rows[0].pid, go: async () => void (await client.query('commit')) };
}

type Heard<K extends Event['kind']> = Extract<Event, { kind: K }>;
export const of = <K extends Event['kind']>(heard: readonly Event[], kind: K): readonly Heard<K>[] =>
  heard.filter((e): e is Heard<K> => e.kind === kind);

/** Keeps the events, and does something at the first of each kind. */
export function listener(at: { readonly [K in Event['kind']]?: (event: Heard<K>) => unknown } = {}) {
  const heard: Event[] = [];
  const work: unknown[] = [];
  const onEvent = (event: Event) => {
    const isFirst = heard.every((e) => e.kind !== event.kind);
    heard.push(event);
    if (isFirst) work.push((at[event.kind] as ((event: Event) => unknown) | undefined)?.(event));
  };
  return { heard, onEvent, settled: () => Promise.all(work) };
}

/** A run that finds `objects` locked, lets go, and is let pass. */
export async function upPastBlock(database: Database, options: Pick<RunOptions, 'migrations' | 'batchSize'>) {
  const blocker = await block(database);
  const { heard, onEvent, settled } = listener({ 'let-go': blocker.go });
  const blocked = { timeoutMs: 300, attempts: 1000, delayMs: 1 };
  const report = await up({ database: database.url, blocked, onEvent, ...options });
  await settled();
  return { report, heard };
}
