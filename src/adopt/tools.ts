/** The tools whose tables are recognised, with the version whose source or database was looked at. */

import type { Row } from '../recorded.ts';
import { applied, keyOfName, keyOfVersion, NO_KEY, type Tool } from './record.ts';

const INT = /^(integer|bigint)$/;
const TEXT = /^(text|character varying(\(\d+\))?)$/;
const BOOL = /^boolean$/;
const TIME = /^timestamp(\(\d\))? (with|without) time zone$/;

const common = { isExact: true, isDistinct: true } as const;
const text = (row: Row, column: string): string => row[column] ?? '';

/** golang-migrate 4.19: ours is the same table. */
export const GOLANG_MIGRATE: Tool = {
  ...common,
  name: 'golang-migrate',
  title: 'golang-migrate',
  tables: ['schema_migrations'],
  columns: { version: INT, dirty: BOOL },
  order: 'version',
  mark: (row) => {
    const version = text(row, 'version');
    const state = text(row, 'dirty') === 't' ? 'failed' : 'applied';
    return applied(version, keyOfVersion(version), { covers: true, state });
  },
};

/** FluxStudio's migration-system.js. */
const FLUXSTUDIO: Tool = {
  ...common,
  name: 'fluxstudio',
  title: 'FluxStudio',
  tables: ['schema_migrations'],
  columns: {
    ...{ id: INT, migration_name: TEXT, applied_at: TIME, execution_time_ms: INT },
    ...{ checksum: TEXT, applied_by: TEXT },
  },
  appliedAt: 'applied_at',
  took: 'execution_time_ms',
  order: 'id',
  mark: (row) => {
    const name = text(row, 'migration_name');
    return applied(name, keyOfName(name), { appliedBy: row.applied_by ?? null });
  },
};

const byVersion = (row: Row) => applied(text(row, 'version'), keyOfVersion(text(row, 'version')));

/** dbmate 2.36. Rails' table has the same columns: another table tells them apart (recognise.ts). */
export const DBMATE: Tool = {
  ...common,
  name: 'dbmate',
  title: 'dbmate',
  tables: ['schema_migrations'],
  columns: { version: TEXT },
  isDistinct: false,
  order: 'version',
  mark: byVersion,
};

/** Active Record 6 to 8. */
export const RAILS: Tool = { ...DBMATE, name: 'rails', title: 'Rails' };

/** goose 3.29. It wrote a row for each way, and now deletes; and it begins with a row 0 of its own. */
const GOOSE: Tool = {
  ...common,
  name: 'goose',
  title: 'goose',
  tables: ['goose_db_version'],
  columns: { id: INT, version_id: INT, is_applied: BOOL, tstamp: TIME },
  appliedAt: 'tstamp',
  order: 'id',
  mark: (row) => {
    const version = text(row, 'version_id');
    if (version === '0') return null;
    const state = text(row, 'is_applied') === 't' ? 'applied' : 'undone';
    return applied(version, keyOfVersion(version), { state });
  },
};

/** tern 2.3: one row with one number; 0 is none. */
const TERN: Tool = {
  ...common,
  name: 'tern',
  title: 'tern',
  tables: ['schema_version'],
  columns: { version: INT },
  isDistinct: false,
  order: 'version',
  mark: (row) => {
    const version = text(row, 'version');
    return version === '0' ? null : applied(version, keyOfVersion(version), { covers: true });
  },
};

/** A table of names, one row each. */
const named = (name: string, title: string, column: string, more: Omit<Partial<Tool>, 'name'>): Tool => ({
  ...common,
  name,
  title,
  tables: [],
  columns: {},
  order: 'id',
  mark: (row) => applied(text(row, column), keyOfName(text(row, column))),
  ...more,
});

const NODE_PG_MIGRATE = named('node-pg-migrate', 'node-pg-migrate', 'name', {
  tables: ['pgmigrations'],
  columns: { id: INT, name: TEXT, run_on: TIME },
  appliedAt: 'run_on',
});

const KNEX = named('knex', 'Knex', 'name', {
  tables: ['knex_migrations'],
  columns: { id: INT, name: TEXT, batch: INT, migration_time: TIME },
  appliedAt: 'migration_time',
});

/** Also umzug's own SequelizeStorage. */
const SEQUELIZE = named('sequelize', 'Sequelize or umzug', 'name', {
  tables: ['SequelizeMeta', 'SequelizeData'],
  columns: { name: TEXT },
  isDistinct: false,
  order: 'name',
});

const KYSELY = named('kysely', 'Kysely', 'name', {
  tables: ['kysely_migration'],
  columns: { name: TEXT, timestamp: TEXT },
  isDistinct: false,
  appliedAt: '"timestamp"',
  order: 'name',
});

/** TypeORM: the class's name, which ends in the time that it was made. */
const TYPEORM: Tool = {
  ...common,
  name: 'typeorm',
  title: 'TypeORM',
  tables: ['migrations'],
  columns: { id: INT, timestamp: /^bigint$/, name: TEXT },
  isDistinct: false,
  order: 'id',
  mark: (row) => {
    const [name, version] = [text(row, 'name'), text(row, 'timestamp')];
    const title = name.endsWith(version) ? name.slice(0, -version.length) : name;
    return applied(name, { ...NO_KEY, version: BigInt(version), titles: [title, name] });
  },
};

/** Drizzle: the digest of the file, and when that was made. Newer ones add the name and when it was applied. */
const DRIZZLE: Tool = {
  ...common,
  name: 'drizzle',
  title: 'Drizzle',
  tables: ['__drizzle_migrations'],
  columns: { id: INT, hash: TEXT, created_at: /^bigint$/ },
  isExact: false,
  order: 'id',
  mark: (row) => {
    const [sha256, version] = [text(row, 'hash'), text(row, 'created_at')];
    return applied(sha256.slice(0, 12), { ...NO_KEY, sha256, version: BigInt(version || 0) });
  },
};

/** Prisma: a row is there from the start of each try. */
const PRISMA: Tool = {
  ...common,
  name: 'prisma',
  title: 'Prisma',
  tables: ['_prisma_migrations'],
  columns: { migration_name: TEXT, started_at: TIME, finished_at: TIME, rolled_back_at: TIME },
  isExact: false,
  appliedAt: 'finished_at',
  took: 'extract(epoch from finished_at - started_at) * 1000',
  order: 'started_at',
  mark: (row) => {
    const name = text(row, 'migration_name');
    if (row.rolled_back_at !== null) return null;
    const state = row.finished_at === null ? 'failed' : 'applied';
    return applied(name, keyOfName(name), { state });
  },
};

/** sqlx 0.8: its durations are nanoseconds, and -1 meanwhile. */
const SQLX: Tool = {
  ...common,
  name: 'sqlx',
  title: 'sqlx',
  tables: ['_sqlx_migrations'],
  columns: { version: INT, description: TEXT, installed_on: TIME, success: BOOL, execution_time: INT },
  isExact: false,
  appliedAt: 'installed_on',
  took: 'execution_time / 1000000.0',
  order: 'version',
  mark: (row) => {
    const state = text(row, 'success') === 't' ? 'applied' : 'failed';
    return applied(text(row, 'version'), keyOfVersion(text(row, 'version')), { state });
  },
};

/** Flyway 11: versions may have dots, and repeatable migrations have none. Those are found by their description. */
const FLYWAY: Tool = {
  ...common,
  name: 'flyway',
  title: 'Flyway',
  tables: ['flyway_schema_history', 'schema_version'],
  columns: { installed_rank: INT, version: TEXT, description: TEXT, type: TEXT, script: TEXT, success: BOOL },
  isExact: false,
  appliedAt: 'installed_on',
  took: 'execution_time',
  order: 'installed_rank',
  mark: (row) => {
    const [type, version, description] = [text(row, 'type'), row.version, text(row, 'description')];
    if (type === 'SCHEMA') return null;
    const key = keyOfVersion(version ?? '');
    const state =
      text(row, 'success') !== 't' ? 'failed' : /^(UNDO|DELETE)/.test(type) ? 'undone' : 'applied';
    const isBaseline = type === 'BASELINE' && key.version !== null;
    return applied(
      version ?? text(row, 'script'),
      key.version === null ? { ...NO_KEY, titles: [description] } : key,
      { state, covers: isBaseline, hasFile: !isBaseline, appliedBy: row.installed_by ?? null },
    );
  },
};

/** Alembic 1: one row with the newest revision's id; more of them where its history has branches. */
const ALEMBIC: Tool = {
  ...common,
  name: 'alembic',
  title: 'Alembic',
  tables: ['alembic_version'],
  columns: { version_num: TEXT },
  order: 'version_num',
  mark: (row) => {
    const word = text(row, 'version_num');
    return applied(word, { ...NO_KEY, word }, { covers: true });
  },
};

export const TOOLS: readonly Tool[] = [
  ...[GOLANG_MIGRATE, FLUXSTUDIO, DBMATE, RAILS, GOOSE, TERN, NODE_PG_MIGRATE, KNEX, SEQUELIZE, KYSELY],
  ...[TYPEORM, DRIZZLE, PRISMA, SQLX, FLYWAY, ALEMBIC],
];
