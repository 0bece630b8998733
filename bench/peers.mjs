/** The tools that are measured beside ours: how each wants its files, and how it is called. */

import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cache, goService, modules, NPM, onPath, quietly, root, runners } from './install.mjs';
import { nodeOn } from './measure.mjs';

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

/** As golang-migrate wants it. */
const inGo = (url) => url.replace(/^postgres(ql)?:/, 'pgx5:');

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
    command: (folder, url) => nodeOn(url, join(root, 'dist/rungs.mjs'), 'up', '--path', folder),
  },
  'golang-migrate': {
    isThere: () => onPath('migrate') !== null,
    version: () => '4.19.1',
    write: pairs,
    command: (folder, url) => ({
      program: onPath('migrate'),
      args: ['-path', folder, '-database', inGo(url), 'up'],
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
    command: (folder, url) =>
      nodeOn(url, join(modules, '.bin/node-pg-migrate'), 'up', '--migrations-dir', folder),
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

/** The same as a library, in a service that waits for the word. */
export const GO_SERVICE = {
  isThere: () => existsSync(goService),
  command: (folder, url) => ({ program: goService, args: [folder, inGo(url)] }),
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
