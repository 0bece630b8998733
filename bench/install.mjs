/**
 * How the tools that are measured beside ours are had: what can be installed is installed into .cache/bench/; what cannot
 * (no Go, no Java) is left out, and the page says so.
 */

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '..');
export const cache = join(root, '.cache/bench');
export const modules = join(cache, 'node_modules');
export const runners = join(import.meta.dirname, 'runners');
/** golang-migrate as a service has it: a program of ours, which is built here. */
export const goService = join(cache, 'bin/golang-migrate-service');

export const NPM = {
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

export const quietly = (program, args, options = {}) =>
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
  attempt(say, 'the service with golang-migrate', () => {
    // What has not changed is in Go's own cache.
    quietly('go', ['build', '-o', goService, '.'], { cwd: join(runners, 'golang-migrate') });
  });
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
