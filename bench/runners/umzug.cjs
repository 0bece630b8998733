/** umzug is a framework: this is its README's example, with a table of names and pg. */
const { readFileSync } = require('node:fs');
const { join } = require('node:path');

const modules = process.env.BENCH_MODULES;
const { Umzug } = require(join(modules, 'umzug'));
const { Client } = require(join(modules, 'pg'));

async function main() {
  const client = new Client(process.env.DATABASE_URL);
  await client.connect();
  await client.query('create table if not exists umzug (name text primary key)');
  const umzug = new Umzug({
    migrations: {
      glob: ['*.sql', { cwd: process.argv[2] }],
      resolve: ({ name, path }) => ({
        name,
        up: () => client.query(`begin; ${readFileSync(path, 'utf8')}; commit`),
      }),
    },
    storage: {
      executed: async () =>
        (await client.query('select name from umzug order by name')).rows.map((r) => r.name),
      logMigration: ({ name }) => client.query('insert into umzug values ($1)', [name]),
      unlogMigration: ({ name }) => client.query('delete from umzug where name = $1', [name]),
    },
    logger: undefined,
  });
  await umzug.up();
  await client.end();
}
main();
