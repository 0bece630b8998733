/** Node's tools as they are: each makes a database, and `adopt` takes it over. */

import { join } from 'node:path';
import { find, run } from '../support/adopt-tools.ts';
import { writeInto } from '../support/folder.ts';
import { packaged, script } from '../support/node-tools.ts';
import { type Project, takeover } from '../support/takeover.ts';

const STAMPED = ['20240101000001_users', '20240101000002_posts', '20240101000003_tags'] as const;
const MILLIS = ['1704067200001_users', '1704067200002_posts', '1704067200003_tags'] as const;

const nodePgMigrate = ({ folder, database }: Project, ...args: string[]) =>
  run(find('node-pg-migrate') ?? '', args, folder, { DATABASE_URL: database.url });

takeover({
  title: 'node-pg-migrate',
  needs: ['node-pg-migrate'],
  tool: 'node-pg-migrate',
  table: 'pgmigrations',
  apply: (project) => {
    const files = MILLIS.map((name, i) => [
      `migrations/${name}.js`,
      `exports.up = (pgm) => pgm.sql('${project.makes[i]}');
       exports.down = (pgm) => pgm.sql('${project.drops[i]}');\n`,
    ]);
    writeInto(project.folder, Object.fromEntries(files));
    return nodePgMigrate(project, 'up', '2');
  },
  look: (project) => nodePgMigrate(project, 'up', '--dry-run'),
  says: [/Migrating files:\n> - 1704067200003_tags\n/],
  pairs: MILLIS,
  isTimed: true,
});

const KNEX = `const knex = require('knex')({ client: 'pg', connection: process.env.URL, migrations: { directory: './m' } });`;

takeover({
  title: 'Knex',
  needs: [packaged('knex')],
  tool: 'knex',
  table: 'knex_migrations',
  apply: (project) => {
    const files = STAMPED.map((name, i) => [
      `m/${name}.js`,
      `exports.up = (knex) => knex.raw('${project.makes[i]}');
       exports.down = (knex) => knex.raw('${project.drops[i]}');\n`,
    ]);
    writeInto(project.folder, Object.fromEntries(files));
    return script(
      project,
      `${KNEX} knex.migrate.up().then(() => knex.migrate.up()).then(() => knex.destroy());`,
    );
  },
  look: (project) =>
    script(
      project,
      `${KNEX} knex.migrate.list().then(([done, todo]) => {
        console.log('done', done.map((d) => d.name).join(), 'todo', todo.map((t) => t.file).join());
        return knex.destroy();
      });`,
    ),
  says: [/^done 20240101000001_users\.js,20240101000002_posts\.js todo 20240101000003_tags\.js$/m],
  pairs: STAMPED,
  isTimed: true,
});

/** As its documentation has it, with Sequelize's own storage. */
const UMZUG = `const { Sequelize } = require('sequelize');
const { Umzug, SequelizeStorage } = require('umzug');
const sequelize = new Sequelize(process.env.URL, { logging: false });
const umzug = new Umzug({ migrations: { glob: 'm/*.js' }, context: sequelize, storage: new SequelizeStorage({ sequelize }) });`;

takeover({
  title: 'umzug, with Sequelize',
  needs: [packaged('umzug'), packaged('sequelize')],
  tool: 'sequelize',
  table: '"SequelizeMeta"',
  apply: (project) => {
    const files = STAMPED.map((name, i) => [
      `m/${name.replace('_', '-')}.js`,
      `exports.up = ({ context }) => context.query('${project.makes[i]}');
       exports.down = ({ context }) => context.query('${project.drops[i]}');\n`,
    ]);
    writeInto(project.folder, Object.fromEntries(files));
    return script(project, `${UMZUG} umzug.up({ step: 2 }).then(() => sequelize.close());`);
  },
  look: (project) =>
    script(
      project,
      `${UMZUG} umzug.pending().then((p) => { console.log('todo', p.map((m) => m.name).join()); return sequelize.close(); });`,
    ),
  says: [/^todo 20240101000003-tags\.js$/m],
  pairs: STAMPED,
  isTimed: false,
});

const DRIZZLE = `const { drizzle } = require('drizzle-orm/node-postgres');
const { migrate } = require('drizzle-orm/node-postgres/migrator');
const pg = require('pg');
const client = new pg.Client(process.env.URL);`;
const drizzleText = (sql: string): string => `${sql};\n--> statement-breakpoint\nselect 1;\n`;

takeover({
  title: 'Drizzle',
  needs: [packaged('drizzle-orm'), packaged('pg')],
  tool: 'drizzle',
  table: 'drizzle.__drizzle_migrations',
  apply: (project) => {
    const tags = ['0000_users', '0001_posts', '0002_tags'];
    const journal = (count: number) => {
      const entries = tags
        .slice(0, count)
        .map((tag, idx) => ({ idx, tag, version: '7', when: 1704067200001 + idx, breakpoints: true }));
      return { 'd/meta/_journal.json': JSON.stringify({ version: '7', dialect: 'postgresql', entries }) };
    };
    const files = tags.map((tag, i) => [`d/${tag}.sql`, drizzleText(project.makes[i] ?? '')]);
    writeInto(project.folder, { ...Object.fromEntries(files), ...journal(2) });
    return script(
      project,
      `${DRIZZLE} client.connect().then(() => migrate(drizzle(client), { migrationsFolder: 'd' })).then(() => client.end());`,
    );
  },
  // It has no word for where it is; that it finds nothing to do is one.
  look: (project) =>
    script(
      project,
      `${DRIZZLE} client.connect().then(() => migrate(drizzle(client), { migrationsFolder: 'd' }))
        .then(() => client.query('select from drizzle.__drizzle_migrations'))
        .then(({ rowCount }) => { console.log('done', rowCount); return client.end(); });`,
    ),
  says: [/^done 2$/m],
  pairs: ['0000_users', '0001_posts', '0002_tags'],
  text: drizzleText,
  isTimed: false,
});

const TYPEORM = `const { DataSource } = require('typeorm');
const source = new DataSource({ type: 'postgres', url: process.env.URL, migrations: ['m/*.js'], logging: false });`;

takeover({
  title: 'TypeORM',
  needs: [packaged('typeorm'), packaged('pg')],
  tool: 'typeorm',
  table: 'migrations',
  apply: async (project) => {
    const file = (i: number) => {
      const [stamp, name = ''] = MILLIS[i]?.split('_') ?? [];
      const title = `Create${name.charAt(0).toUpperCase()}${name.slice(1)}${stamp}`;
      return {
        [`m/${stamp}-Create.js`]: `module.exports = { ${title}: class ${title} {
          async up(runner) { await runner.query('${project.makes[i]}'); }
          async down(runner) { await runner.query('${project.drops[i]}'); }
        } };\n`,
      };
    };
    writeInto(project.folder, { ...file(0), ...file(1) });
    const ran = await script(
      project,
      `${TYPEORM} source.initialize().then(() => source.runMigrations()).then(() => source.destroy());`,
    );
    writeInto(project.folder, file(2));
    return ran;
  },
  look: (project) =>
    script(
      project,
      `${TYPEORM.replace('logging: false', "logging: ['schema']")} source.initialize().then(() => source.showMigrations())
        .then((todo) => { console.log('todo', todo); return source.destroy(); });`,
    ),
  says: [/\[X\] 2 CreatePosts1704067200002/, /\[ \] CreateTags1704067200003/, /^todo true$/m],
  pairs: ['1704067200001_create_users', '1704067200002_create_posts', '1704067200003_create_tags'],
  isTimed: false,
});

const KYSELY = `const { Kysely, PostgresDialect, Migrator, FileMigrationProvider } = require('kysely');
const { Pool } = require('pg');
const path = require('node:path');
const db = new Kysely({ dialect: new PostgresDialect({ pool: new Pool({ connectionString: process.env.URL }) }) });
const migrator = new Migrator({ db, provider: new FileMigrationProvider({
  fs: require('node:fs/promises'), path, migrationFolder: path.resolve('m') }) });
const must = ({ error }) => { if (error) throw error; };`;

takeover({
  title: 'Kysely',
  needs: [packaged('kysely'), packaged('pg')],
  tool: 'kysely',
  table: 'kysely_migration',
  apply: (project) => {
    const files = STAMPED.map((name, i) => [
      `m/${name}.js`,
      `const { sql } = require('kysely');
       exports.up = (db) => sql.raw('${project.makes[i]}').execute(db);
       exports.down = (db) => sql.raw('${project.drops[i]}').execute(db);\n`,
    ]);
    writeInto(project.folder, Object.fromEntries(files));
    return script(
      project,
      `${KYSELY} migrator.migrateUp().then(must).then(() => migrator.migrateUp()).then(must).then(() => db.destroy());`,
    );
  },
  look: (project) =>
    script(
      project,
      `${KYSELY} migrator.getMigrations().then((all) => {
        console.log(all.map((m) => m.name + (m.executedAt ? ' done' : ' todo')).join('\\n'));
        return db.destroy();
      });`,
    ),
  says: [/^20240101000002_posts done$/m, /^20240101000003_tags todo$/m],
  pairs: STAMPED,
  isTimed: true,
});

/**
 * Its engine as WebAssembly, through its adapter for pg: the one that is a program is not on npm. That adapter does not
 * know the type `name`, which the engine asks the catalog for.
 */
const PRISMA = `const Result = require('pg/lib/result');
const { addFields } = Result.prototype;
Result.prototype.addFields = function (fields) {
  for (const f of fields) if (f.dataTypeID === 19) f.dataTypeID = 25;
  return addFields.call(this, fields);
};
const { PrismaPg } = require('@prisma/adapter-pg');
module.exports = {
  experimental: { adapter: true },
  engine: 'js',
  schema: 'prisma/schema.prisma',
  adapter: async () => new PrismaPg({ connectionString: process.env.URL }),
};
`;

const prisma = (project: Project, ...args: string[]) => {
  const none = join(project.folder, 'schema.prisma.none');
  const env = {
    ...{ URL: project.database.url, CHECKPOINT_DISABLE: '1', PRISMA_HIDE_UPDATE_MESSAGE: '1' },
    ...{ PRISMA_QUERY_ENGINE_LIBRARY: none, PRISMA_SCHEMA_ENGINE_BINARY: none },
  };
  return run(
    find('prisma') ?? '',
    ['migrate', ...args, '--config', 'prisma.config.cjs'],
    project.folder,
    env,
  );
};

takeover({
  title: 'Prisma',
  needs: ['prisma', packaged('@prisma/adapter-pg')],
  tool: 'prisma',
  table: '_prisma_migrations',
  apply: async (project) => {
    const file = (i: number) => ({
      [`prisma/migrations/${STAMPED[i]}/migration.sql`]: `${project.makes[i]};\n`,
    });
    writeInto(project.folder, {
      ...{ ...file(0), ...file(1), 'prisma.config.cjs': PRISMA, 'schema.prisma.none': '' },
      'prisma/migrations/migration_lock.toml': 'provider = "postgresql"\n',
      'prisma/schema.prisma': 'datasource db {\n  provider = "postgresql"\n  url = env("URL")\n}\n',
    });
    const ran = await prisma(project, 'deploy');
    writeInto(project.folder, file(2));
    return ran;
  },
  // Its exit code tells that there is something to do.
  look: async (project) => ({ ...(await prisma(project, 'status')), code: 0 }),
  says: [/3 migrations found/, /not yet been applied:\s+20240101000003_tags/],
  pairs: STAMPED,
  isTimed: true,
});
