import pg from 'pg';
import { afterAll, vi } from 'vitest';
import type { startRungs } from './cli.ts';
import type { Database } from './database.ts';

const open = new Set<pg.Client>();

afterAll(async () => {
  for (const client of open) await client.end();
});

/** A third party's connection, which holds what a test wants held. */
export async function connectTo(database: Database, application = 'a third party'): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: database.url, application_name: application });
  client.on('error', () => {});
  await client.connect();
  open.add(client);
  return client;
}

export async function disconnect(client: pg.Client): Promise<void> {
  open.delete(client);
  await client.end();
}

/** Far beyond what anything here takes: it is there to name what did not happen. */
const LONG_MS = 45_000;

export async function until(
  what: string,
  isSo: () => Promise<boolean> | boolean,
  timeout = LONG_MS,
): Promise<void> {
  await vi.waitUntil(isSo, { timeout, interval: 20 }).catch((cause: unknown) => {
    throw new Error(`it never came to this: ${what} (${cause})`, { cause });
  });
}

/** How many sessions of the database wait for a lock of the kind: `advisory`, `relation`, `virtualxid`. */
export async function waiting(database: Database, locktype: string): Promise<number> {
  const [row] = await database.query(
    `select count(*)::int as n from pg_locks l join pg_stat_activity a using (pid)
      where l.locktype = $1 and not l.granted and a.datname = current_database()`,
    [locktype],
  );
  return Number(row?.n);
}

/** The advisory locks held in the database, ascending. */
export async function advisoryLocks(database: Database): Promise<readonly bigint[]> {
  const rows = await database.query(
    `select (classid::bigint << 32 | objid::bigint)::text as id from pg_locks
      where locktype = 'advisory' and granted and objsubid = 1 and mode = 'ExclusiveLock'
      and database = (select oid from pg_database where datname = current_database()) `,
  );
  return rows.map((row) => BigInt(String(row.id))).sort((a, b) => (a < b ? -1 : 1));
}

/** Resolves when the running command has said it on stderr. */
export function said({ child }: ReturnType<typeof startRungs>, text: string): Promise<void> {
  let heard = '';
  return new Promise((done, fail) => {
    child.stderr.on('data', (part: string) => {
      heard += part;
      if (heard.includes(text)) done();
    });
    child.on('close', () => fail(new Error(`it ended without saying “${text}”: ${heard}`)));
  });
}
