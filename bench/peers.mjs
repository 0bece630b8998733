/**
 * The tools that are measured beside ours: how each is had, how it wants its files, and how it is called. What can be
 * installed is installed into .cache/bench/; what cannot (no Go, no Java) is left out, and the page says so.
 */

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const cache = join(root, '.cache/bench');
const modules = join(cache, 'node_modules');
const runners = join(import.meta.dirname, 'runners');

const NPM = {
  dbmate: '2.36.0',
  'node-pg-migrate': '9.0.0',
  knex: '3.3.0',
  umzug: '3.8.3',
  'drizzle-orm': '0.45.4',
  'postgres-migrations': '5.3.0',
  pg: '8.23.1',
  // Draws the plot.
  echarts: '6.1.0',
};
const GO = {
  migrate: ['github.com/golang-migrate/migrate/v4/cmd/migrate@v4.19.1', '-tags', 'pgx5'],
  goose: [
    'github.com/pressly/goose/v3/cmd/goose@v3.29.0',
    '-tags',
    'no_clickhouse no_duckdb no_libsql no_mssql no_mysql no_spanner no_sqlite3 no_starrocks no_turso no_vertica no_ydb',
  ],
  tern: ['github.com/jackc/tern/v2@v2.3.4'],
  task: ['github.com/go-task/task/v3/cmd/task@v3.53.0'],
};
const MAVEN = [
  'org/flywaydb/flyway-core/11.8.2/flyway-core-11.8.2.jar',
  'org/flywaydb/flyway-database-postgresql/11.8.2/flyway-database-postgresql-11.8.2.jar',
  'org/postgresql/postgresql/42.7.5/postgresql-42.7.5.jar',
  'com/fasterxml/jackson/core/jackson-annotations/2.15.2/jackson-annotations-2.15.2.jar',
  'com/fasterxml/jackson/core/jackson-core/2.15.2/jackson-core-2.15.2.jar',
  'com/fasterxml/jackson/core/jackson-databind/2.15.2/jackson-databind-2.15.2.jar',
];

const quietly = (program, args, options = {}) =>
  execFileSync(program, args, { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8', ...options });

export function onPath(program) {
  return (
    [join(cache, 'bin'), ...(process.env.PATH ?? '').split(delimiter)]
      .map((folder) => join(folder, program))
      .find((path) => existsSync(path)) ?? null
  );
}

/** Whatever is missing and can be had. Says what it does: the first time takes minutes. */
export function install(say) {
  mkdirSync(join(cache, 'bin'), { recursive: true });
  attempt(say, 'the tools of npm', () => {
    if (Object.keys(NPM).every((name) => existsSync(join(modules, name)))) return;
    const wanted = Object.entries(NPM).map(([name, version]) => `${name}@${version}`);
    quietly('npm', ['install', '--prefix', cache, '--ignore-scripts', '--no-audit', '--no-fund', ...wanted]);
  });
  for (const [name, [what, ...flags]] of Object.entries(GO)) {
    attempt(say, name, () => {
      if (onPath(name) !== null) return;
      quietly('go', ['install', ...flags, what], {
        env: { ...process.env, GOBIN: join(cache, 'bin') },
      });
    });
  }
  attempt(say, 'Flyway', () => {
    const lib = join(cache, 'flyway');
    mkdirSync(lib, { recursive: true });
    for (const jar of MAVEN) {
      const file = join(lib, jar.split('/').at(-1));
      if (!existsSync(file)) quietly('curl', ['-fsS', '-o', file, `https://repo1.maven.org/maven2/${jar}`]);
    }
    quietly('javac', ['-cp', `${lib}/*`, '-d', lib, join(runners, 'Run.java')]);
  });
}

function attempt(say, what, work) {
  try {
    work();
  } catch (e) {
    say(`${what} could not be installed: ${`${e.stderr ?? ''}${e.message}`.trim().split('\n')[0]}`);
  }
}

const write = (folder, names) => {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of names) writeFileSync(join(folder, name), text);
};
const number = (i, width) => String(i).padStart(width, '0');
const node = (script, folder, url) => ({
  program: process.execPath,
  args: [join(runners, script), folder],
  env: { DATABASE_URL: url, BENCH_MODULES: modules },
});

/** golang-migrate's files, which are ours. */
export const pairs = (folder, files) =>
  write(
    folder,
    files.flatMap(({ version, name, up, down }) => [
      [`${number(version, 6)}_${name}.up.sql`, up],
      [`${number(version, 6)}_${name}.down.sql`, down],
    ]),
  );

/** `write` puts the files into a folder as the tool wants them; `command` applies them to the database of a URL. */
export const PEERS = {
  rungs: {
    isThere: () => true,
    version: () =>
      quietly(process.execPath, [join(root, 'dist/rungs.mjs'), '--version'])
        .trim()
        .split(' ')
        .at(-1),
    write: pairs,
    command: (folder, url) => ({
      program: process.execPath,
      args: [join(root, 'dist/rungs.mjs'), 'up', '--path', folder],
      env: { DATABASE_URL: url },
    }),
  },
  'golang-migrate': {
    isThere: () => onPath('migrate') !== null,
    version: () => '4.19.1',
    write: pairs,
    command: (folder, url) => ({
      program: onPath('migrate'),
      args: ['-path', folder, '-database', url.replace(/^postgres(ql)?:/, 'pgx5:'), 'up'],
    }),
  },
  goose: {
    isThere: () => onPath('goose') !== null,
    version: () => '3.29.0',
    write: (folder, files) =>
      write(
        folder,
        files.map(({ version, name, up, down }) => [
          `${number(version, 6)}_${name}.sql`,
          `-- +goose Up\n${up}\n-- +goose Down\n${down}`,
        ]),
      ),
    command: (folder, url) => ({ program: onPath('goose'), args: ['-dir', folder, 'postgres', url, 'up'] }),
  },
  tern: {
    isThere: () => onPath('tern') !== null,
    version: () => '2.3.4',
    write: (folder, files) =>
      write(
        folder,
        files.map(({ version, name, up, down }) => [
          `${number(version, 6)}_${name}.sql`,
          `${up}\n---- create above / drop below ----\n${down}`,
        ]),
      ),
    command: (folder, url) => ({
      program: onPath('tern'),
      args: ['migrate', '--migrations', folder, '--conn-string', url],
    }),
  },
  dbmate: {
    isThere: () => existsSync(join(modules, 'dbmate')),
    version: () => NPM.dbmate,
    write: (folder, files) =>
      write(
        folder,
        files.map(({ version, name, up, down }) => [
          `${number(version, 14)}_${name}.sql`,
          `-- migrate:up\n${up}\n-- migrate:down\n${down}`,
        ]),
      ),
    // The program itself: what npm puts in front of it is Node's start.
    command: (folder, url) => ({
      program: join(modules, `@dbmate/${process.platform}-${process.arch}/bin/dbmate`),
      args: ['--no-dump-schema', '--migrations-dir', folder, '--url', url, 'migrate'],
    }),
  },
  'node-pg-migrate': {
    isThere: () => existsSync(join(modules, 'node-pg-migrate')),
    version: () => NPM['node-pg-migrate'],
    write: (folder, files) =>
      write(
        folder,
        files.map(({ version, name, up, down }) => [
          `${1_704_067_200_000 + version}_${name}.sql`,
          `-- Up Migration\n${up}\n-- Down Migration\n${down}`,
        ]),
      ),
    command: (folder, url) => ({
      program: process.execPath,
      args: [join(modules, '.bin/node-pg-migrate'), 'up', '--migrations-dir', folder],
      env: { DATABASE_URL: url },
    }),
  },
  knex: {
    isThere: () => existsSync(join(modules, 'knex')),
    version: () => NPM.knex,
    write: (folder, files) =>
      write(
        folder,
        files.map(({ version, name, up, down }) => [
          `${number(version, 14)}_${name}.cjs`,
          `exports.up = (knex) => knex.raw(${JSON.stringify(up)});\nexports.down = (knex) => knex.raw(${JSON.stringify(down)});\n`,
        ]),
      ),
    command: (folder, url) => node('knex.cjs', folder, url),
  },
  umzug: {
    isThere: () => existsSync(join(modules, 'umzug')),
    version: () => NPM.umzug,
    write: (folder, files) =>
      write(
        folder,
        files.map(({ version, name, up }) => [`${number(version, 6)}_${name}.sql`, up]),
      ),
    command: (folder, url) => node('umzug.cjs', folder, url),
  },
  'drizzle-orm': {
    isThere: () => existsSync(join(modules, 'drizzle-orm')),
    version: () => NPM['drizzle-orm'],
    write: (folder, files) => {
      const tag = ({ version, name }) => `${number(version, 6)}_${name}`;
      write(
        folder,
        files.map((file) => [`${tag(file)}.sql`, file.up]),
      );
      const entries = files.map((file) => ({
        idx: file.version,
        version: '7',
        when: 1_704_067_200_000 + file.version,
        tag: tag(file),
        breakpoints: true,
      }));
      const journal = { version: '7', dialect: 'postgresql', entries };
      write(join(folder, 'meta'), [['_journal.json', JSON.stringify(journal)]]);
    },
    command: (folder, url) => node('drizzle.cjs', folder, url),
  },
  'postgres-migrations': {
    isThere: () => existsSync(join(modules, 'postgres-migrations')),
    version: () => NPM['postgres-migrations'],
    write: (folder, files) =>
      write(
        folder,
        files.map(({ version, name, up }) => [`${number(version, 6)}_${name}.sql`, up]),
      ),
    command: (folder, url) => node('postgres-migrations.cjs', folder, url),
  },
  Flyway: {
    isThere: () => existsSync(join(cache, 'flyway/Run.class')) && onPath('java') !== null,
    version: () => '11.8.2',
    write: (folder, files) =>
      write(
        folder,
        files.map(({ version, name, up }) => [`V${version}__${name}.sql`, up]),
      ),
    command: (folder, url) => {
      const { username, password, host, pathname } = new URL(url);
      const lib = join(cache, 'flyway');
      return {
        program: onPath('java'),
        args: ['-cp', `${lib}:${lib}/*`, 'Run', folder],
        env: { URL: `jdbc:postgresql://${host}${pathname}?sslmode=disable`, WHO: username, SECRET: password },
      };
    },
  },
};

/** The floor: the same statements with no tool around them. */
export const PSQL = {
  isThere: () => onPath('psql') !== null,
  version: () => quietly('psql', ['--version']).trim().split(' ')[2],
  command: (text, url, ...flags) => ({
    program: 'psql',
    args: ['-X', '-q', '-v', 'ON_ERROR_STOP=1', ...flags, '-d', url],
    input: text,
  }),
};

export { modules };
