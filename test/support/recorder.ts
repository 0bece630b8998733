import pg from 'pg';
import type { Database } from './database.ts';

/** A client that writes down what it sends. */
export async function recorder(database: Database) {
  const client = new pg.Client(database.url);
  await client.connect();
  const sent: string[] = [];
  const wire = (client as unknown as { connection: { query(text: string): void } }).connection;
  const original = wire.query.bind(wire);
  wire.query = (text) => {
    sent.push(text);
    original(text);
  };
  return { client, sent };
}
