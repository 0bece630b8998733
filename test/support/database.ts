import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { afterAll, inject } from 'vitest';

export interface Database {
  readonly url: string;
  readonly name: string;
  /** The rows of the text's last statement, on a connection of its own. */
  query(sql: string, values?: readonly unknown[]): Promise<Record<string, unknown>[]>;
  /** Ends its sessions and drops it. Not needed: every database goes when its test file ends. */
  drop(): Promise<void>;
}

const adminUrl = inject('adminUrl');

/** Of the server that the tests run on: 14 to 18. */
export const serverMajor = inject('serverMajor');

const made = new Set<Database>();

afterAll(async () => {
  for (const database of made) await database.drop();
});

/** A new, empty database on the test server. */
export async function createDatabase(): Promise<Database> {
  const name = `rungs_test_${randomBytes(6).toString('hex')}`;
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  // template0, as nobody can be connected to it.
  await run(adminUrl, `create database ${name} template template0 ${inject('copying')}`);
  const database: Database = {
    url: url.href,
    name,
    query: (sql, values) => run(url.href, sql, values),
    drop: async () => {
      made.delete(database);
      await run(adminUrl, `drop database if exists ${name} with (force)`);
    },
  };
  made.add(database);
  return database;
}

async function run(
  url: string,
  sql: string,
  values?: readonly unknown[],
): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(url);
  // A test may kill every session; the query then fails, and that is enough.
  client.on('error', () => {});
  await client.connect();
  try {
    // Typed as one result; a text of several statements gives several.
    const result: pg.QueryResult | pg.QueryResult[] = await client.query(sql, values && [...values]);
    return (Array.isArray(result) ? result.at(-1) : result)?.rows ?? [];
  } finally {
    await client.end();
  }
}
