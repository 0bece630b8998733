/** It is a library alone. */
const { join } = require('node:path');

const modules = process.env.BENCH_MODULES;
const { migrate } = require(join(modules, 'postgres-migrations'));
const { Client } = require(join(modules, 'pg'));

async function main() {
  const client = new Client(process.env.DATABASE_URL);
  await client.connect();
  await migrate({ client }, process.argv[2]);
  await client.end();
}
main();
