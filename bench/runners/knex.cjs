/** Knex has no command for a folder of another project. */
const { join } = require('node:path');

const knex = require(join(process.env.BENCH_MODULES, 'knex'))({
  client: 'pg',
  connection: process.env.DATABASE_URL,
  migrations: { directory: process.argv[2], loadExtensions: ['.cjs'] },
});
knex.migrate.latest().finally(() => knex.destroy());
