import { parseDatabaseUrl } from '../../src/config/url.ts';
import { connect } from '../../src/pg/connect.ts';
import { identifier, literal } from '../../src/sql/quote.ts';

/** Creates the database where it is missing; also on a server that ran before, since users drop theirs to start over. */
export async function ensureDatabase(adminUrl: string, name: string): Promise<void> {
  // An empty environment: a PGOPTIONS or PGSSLMODE of the user's is meant for servers of theirs.
  const now = () => performance.now();
  const how = { attempts: 5, delayMs: 200, deadlineMs: 30_000, now, emit: () => {}, signal: undefined };
  const session = await connect(parseDatabaseUrl(adminUrl, {}), 'rungs', how);
  try {
    const { sets } = await session.query(
      `select from pg_catalog.pg_database where datname = ${literal(name)}`,
    );
    if (sets[0]?.length === 0) await session.send(`create database ${identifier(name)}`);
  } finally {
    await session.close();
  }
}
