/** Whole runs through the API on a real server: files, names and tables of any kind. */

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect } from 'vitest';
import { currentVersion, down, force, redo, status, up, verify } from '../../src/index.ts';
import { identifier, literal } from '../../src/sql/quote.ts';
import { createDatabase, type Database } from '../support/database.ts';
import { folderOf } from '../support/folder.ts';
import { property, resultOf } from '../support/fuzz.ts';
import { made, odd, SQL_PIECES } from '../support/odd.ts';
import { advisoryLocks } from '../support/session.ts';

let database: Database;
let client: pg.Client;
beforeAll(async () => {
  database = await createDatabase();
  client = new pg.Client(database.url);
  client.on('error', () => {});
  await client.connect();
});
afterAll(() => client.end());
beforeEach(() => fresh());

const CANARY = 'create table beside.canary (id int); insert into beside.canary values (1)';
const fresh = () =>
  client.query(`drop schema if exists public cascade; create schema public; drop schema if exists beside cascade;
    create schema beside; ${CANARY}`);
const rowsOf = async (sql: string) => (await client.query(sql)).rows;

/** Nothing that nobody asked for. */
async function unharmed(): Promise<void> {
  expect(await rowsOf('select id from beside.canary')).toEqual([{ id: 1 }]);
  expect(await advisoryLocks(database)).toEqual([]);
}

const root = folderOf({});
function folder(files: Readonly<Record<string, string | Uint8Array>>): string {
  const path = join(root, 'migrations');
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path);
  for (const [name, content] of Object.entries(files)) writeFileSync(join(path, name), content);
  return path;
}

describe('a file', () => {
  const good = [
    'create table t (a int);',
    'create table if not exists t2 (a int);',
    "select 'a;b';",
    'create index concurrently on t (a);',
    'select 1/0;',
    'do $$ begin perform 1; end $$;',
  ];
  const content = made([...SQL_PIECES, ...good, ...good, ...good, ...good], 6);
  property(
    'of any content is run whole or not at all, and what is recorded is what was run',
    120,
    fc.tuple(content, content),
    async ([first, second]) => {
      await fresh();
      // Room for what a file asks of its session itself; a file of pieces asks for no more.
      const migrations = folder({
        '1_a.up.sql': `create table one (a int);\n${first}`,
        '1_a.down.sql': second,
        '2_b.up.sql': second,
      });
      const options = { database: database.url, migrations, lockTimeoutMs: 60_000 };
      const result = await resultOf(() => up(options));
      const report = 'value' in result ? result.value : result.error.report;
      const [table] = await rowsOf(
        "select to_regclass('public.one') as one, to_regclass('public.schema_migrations') as ledger",
      );
      const ledger =
        table?.ledger == null ? [] : await rowsOf('select version::text, dirty from schema_migrations');
      expect(ledger.length).toBeLessThanOrEqual(1);
      const isAtomic =
        (report?.applied ?? []).every(({ mode }) => mode === 'atomic') &&
        report?.failed?.rolledBack !== false;
      if (isAtomic) {
        expect(ledger[0]?.version ?? null).toBe(report?.to == null ? null : String(report.to));
        expect(ledger[0]?.dirty ?? false).toBe(false);
        expect(table?.one !== null).toBe((report?.applied.length ?? 0) > 0);
      }
      await resultOf(() => status(options));
      await resultOf(() => down(options));
      await unharmed();
    },
  );
});

describe('a name', () => {
  const hostile = made(
    [
      "'",
      "''",
      '"',
      '\\',
      ';',
      '--',
      '$rungs$',
      '$$',
      'drop table beside.canary',
      ' ',
      '%',
      'é',
      '😀',
      '_',
      '\n',
      "');",
      '{',
      '`',
    ],
    8,
  );
  property(
    'of a file is recorded as it is, and does nothing',
    200,
    hostile.filter((n) => Buffer.byteLength(n) < 200),
    async (n) => {
      await fresh();
      const name = `001_${n}.sql`;
      const migrations = folder({ [name]: 'create table one (a int);\n-- rungs: down\ndrop table one;' });
      const options = { database: database.url, migrations, layout: 'named' } as const;
      const result = await resultOf(() => up(options));
      if ('value' in result) {
        expect(await rowsOf('select migration_name from schema_migrations')).toEqual([
          { migration_name: name },
        ]);
        expect((await status(options)).migrations.map(({ id, state }) => [id, state])).toEqual([
          [name, 'applied'],
        ]);
        await down(options);
        expect(await rowsOf('select migration_name from schema_migrations')).toEqual([]);
      }
      await unharmed();
    },
  );

  const tableName = fc.oneof(hostile, odd).filter((n) => !/[\p{Surrogate}]/u.test(n));
  property(
    'of a table, a journal or a schema is one, and nothing else',
    250,
    fc.record({ name: tableName, journal: tableName, schema: fc.option(tableName) }),
    async ({ name, journal, schema }) => {
      await fresh();
      const isSchema =
        schema !== null &&
        schema !== '' &&
        !schema.includes('\0') &&
        Buffer.byteLength(schema) <= 63 &&
        !schema.startsWith('pg_') &&
        schema !== 'public' &&
        schema !== 'beside';
      if (isSchema) await client.query(`create schema ${identifier(schema)}`);
      const migrations = folder({ '1_a.up.sql': 'create table one (a int);' });
      const table = { name, journal, ...(schema === null ? {} : { schema }) };
      try {
        const result = await resultOf(() => up({ database: database.url, migrations, table }));
        if ('value' in result) {
          const found = await rowsOf(`select relname from pg_class where relkind = 'r'
            and relnamespace = (select oid from pg_namespace where nspname = ${literal(schema ?? 'public')})`);
          expect(found.map((r) => r.relname)).toEqual(expect.arrayContaining([name, journal]));
        }
      } finally {
        if (isSchema) await client.query(`drop schema ${identifier(schema)} cascade`);
      }
      await unharmed();
    },
  );
});

describe('a version table', () => {
  const version = fc.oneof(
    fc.integer({ min: -3, max: 6 }).map(String),
    fc.constantFrom('9223372036854775807', '-9223372036854775808', 'null'),
  );
  const heads = fc.array(fc.tuple(version, fc.constantFrom('true', 'false', 'null')), { maxLength: 2 });
  const entry = fc.record({
    version,
    name: fc.oneof(
      odd.filter((t) => !/[\0\p{Surrogate}]/u.test(t)),
      fc.constant('a'),
    ),
    direction: fc.constantFrom('up', 'down'),
    kind: fc.constantFrom('run', 'assumed', 'forced', 'accepted', 'adopted'),
    mode: fc.constantFrom('null', "'atomic'", "'resumable'", "'plain'"),
    state: fc.constantFrom('started', 'done', 'failed'),
    head: version,
    checksum: fc.constantFrom('null', "''", "'x'"),
    done: fc.constantFrom("'{}'", "'{a,b}'", "'{null}'", "'{{a},{b}}'"),
    index: fc.constantFrom(
      'null',
      "'null'",
      "'{}'",
      "'[]'",
      "'1'",
      `'{"position":1,"before":[1],"created":[2]}'`,
      `'{"before":"x"}'`,
    ),
    xid: fc.constantFrom('null', "'1'", "'x'", 'pg_current_xact_id()::xid::text'),
    // Clocks go back and forth, and stop being clocks.
    at: fc.constantFrom(
      "'-infinity'",
      "'infinity'",
      'now()',
      "now() - interval '10 years'",
      "'4713-01-01 BC'",
      "'290000-01-01'",
    ),
    ms: fc.constantFrom('null', '-1', '0', '9223372036854775807'),
  });
  const journal = fc.array(entry, { maxLength: 5 });
  const files = {
    '1_a.up.sql': 'create table if not exists a (id int);',
    '1_a.down.sql': 'drop table if exists a;',
    '2_b.up.sql':
      'create table if not exists b (id int);\ncreate index concurrently if not exists b_id on b (id);',
    '2_b.down.sql': 'drop table if exists b;',
    '4_c.up.sql': 'select 1;',
  };
  property(
    'and a journal of any rows are understood or refused by every command, and never a second row made',
    60,
    fc.tuple(heads, journal),
    async ([rows, entries]) => {
      await fresh();
      const migrations = folder(files);
      await up({ database: database.url, migrations, steps: 1 });
      await client.query(
        'alter table schema_migrations drop constraint schema_migrations_pkey, alter version drop not null, alter dirty drop not null; delete from schema_migrations; delete from schema_migrations_history',
      );
      for (const [v, dirty] of rows)
        await client.query(`insert into schema_migrations values (${v}, ${dirty})`);
      for (const e of entries) {
        await client.query(`insert into schema_migrations_history (version, name, direction, kind, mode, state, head, checksum,
        done_statements, index_statement, ledger_xid, started_at, finished_at, execution_time_ms, tool, run)
        values (${e.version}, ${literal(e.name)}, '${e.direction}', '${e.kind}', ${e.mode}, '${e.state}', ${e.head}, ${e.checksum},
        ${e.done}, ${e.index}, ${e.xid}, ${e.at}, ${e.at}, ${e.ms}, '', '')`);
      }
      const options = { database: database.url, migrations };
      for (const work of [
        () => status(options),
        () => currentVersion(options),
        () => up({ ...options, dryRun: true }),
        () => up({ ...options, allowOutOfOrder: true, acceptChanged: true }),
        () => redo({ ...options, allowMissingDown: true }),
        () => down(options),
        () => force({ ...options, version: 1n }),
      ]) {
        await resultOf(async () => void (await work()));
        const [count] = await rowsOf('select count(*)::int as n from schema_migrations');
        expect(count?.n).toBeLessThanOrEqual(Math.max(1, rows.length));
      }
      for (const { error } of await verify(options)) expect(error?.reason).not.toBe('internal');
      await unharmed();
    },
  );
});
