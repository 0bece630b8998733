/** What drizzle-kit's `migrate` calls, without drizzle-kit's start. */
const { join } = require('node:path');

const modules = process.env.BENCH_MODULES;
const { drizzle } = require(join(modules, 'drizzle-orm/node-postgres'));
const { migrate } = require(join(modules, 'drizzle-orm/node-postgres/migrator'));
const { Client } = require(join(modules, 'pg'));

async function main() {
  const client = new Client(process.env.DATABASE_URL);
  await client.connect();
  await migrate(drizzle(client), { migrationsFolder: process.argv[2] });
  await client.end();
}
main();
