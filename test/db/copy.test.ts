/** Files as pg_dump writes them: COPY with its data below, and psql's own commands. */

import { execFileSync } from 'node:child_process';
import { appendFileSync, readFileSync } from 'node:fs';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { up } from '../../src/index.ts';
import { createDatabase, type Database, serverMajor } from '../support/database.ts';
import { failureOf } from '../support/failure.ts';
import { folderOf } from '../support/folder.ts';
import { mostMemory, TELLS_MEMORY } from '../support/memory.ts';
import { startProxy } from '../support/proxy.ts';
import { has } from '../support/tools.ts';
import { lines, told, workplace } from '../support/workplace.ts';

const TABLE = 'create table t (id int primary key, name text);\n';

describe('COPY with its data in the file', () => {
  it('loads what is written, between statements that come before and after', async () => {
    const { rungs, database, ledger } = await workplace({
      '1_t.up.sql': `${TABLE}copy t (id, name) from stdin;\n1\tred\n2\t\\N\n3\ta\\tb\\\\\n\\.\n\nupdate t set name = 'green' where id = 2;\n`,
      '2_csv.up.sql': `copy t from stdin with (format csv, header, null 'nil');
id,name
4,"two
lines"
5,nil
\\.
copy t from stdin; insert into t values (8, 'after both');
6\tsix
\\.
7\tseven
\\.
`.replace('copy t from stdin; insert', 'copy t from stdin; copy t from stdin; insert'),
      '3_crlf.up.sql': 'copy t from stdin;\r\n9\tnine\r\n\\.\r\ninsert into t values (10);\r\n',
      '4_none.up.sql': 'copy t from stdin;\n\\.',
    });
    const result = await rungs('up');
    expect(result).toMatchObject({ code: 0 });
    expect(await database.query('select id, name from t order by id')).toEqual([
      { id: 1, name: 'red' },
      { id: 2, name: 'green' },
      { id: 3, name: 'a\tb\\' },
      { id: 4, name: 'two\nlines' },
      { id: 5, name: null },
      { id: 6, name: 'six' },
      { id: 7, name: 'seven' },
      { id: 8, name: 'after both' },
      { id: 9, name: 'nine' },
      { id: 10, name: null },
    ]);
    expect(await ledger()).toEqual(['4']);
    // The checksum is of the file as it is on disk.
    expect((await rungs('up')).stdout + (await rungs('status')).stdout).not.toContain('changed');
  });

  it('runs statement by statement, and goes on behind the rows that are in', async () => {
    const body = (rest: string) =>
      `-- rungs: no-transaction\n${TABLE}copy t from stdin;\n1\tone\n\\.\n${rest}copy t from stdin;\n2\ttwo\n\\.\n`;
    const { rungs, database, ledger, write } = await workplace({ '1_t.up.sql': body('select nothing;\n') });
    const failed = await rungs('up');
    expect(told(failed)).toContain('  at: migrations/1_t.up.sql:6:8\n');
    expect(await ledger()).toEqual(['1 dirty']);
    // What is done must not be edited, its rows neither.
    write({ '1_t.up.sql': body('').replace('one', 'uno') });
    expect(told(await rungs('up'))).toContain('statement 2 of migrations/1_t.up.sql was already run');
    write({ '1_t.up.sql': body('') });
    expect((await rungs('up')).code).toBe(0);
    expect(await database.query('select id, name from t order by id')).toEqual([
      { id: 1, name: 'one' },
      { id: 2, name: 'two' },
    ]);
  });

  it('runs in plain mode', async () => {
    const { rungs, database } = await workplace({
      '1_t.up.sql': `-- rungs: plain\nbegin;\n${TABLE}copy t from stdin;\n1\tone\n\\.\ncommit;\n`,
    });
    expect((await rungs('up')).code).toBe(0);
    expect(await database.query('select * from t')).toEqual([{ id: 1, name: 'one' }]);
  });

  it('runs with a client of the caller’s', async () => {
    const database = await createDatabase();
    const client = new pg.Client(database.url);
    await client.connect();
    await up({
      database: client,
      migrations: folderOf({ '1_t.up.sql': `${TABLE}copy t from stdin;\n1\tone\n\\.\n` }),
    });
    expect((await client.query('select * from t')).rows).toEqual([{ id: 1, name: 'one' }]);
    await client.end();
  });
});

describe('a row that the server refuses', () => {
  const rows = ['1\tone', '2\ttwo', 'x3\tthree', '4\tfour'];

  it('is shown at its place in the file, and nothing is left', async () => {
    const { rungs, ledger, tables } = await workplace({
      '1_t.up.sql': `${TABLE}\\restrict abc\ncopy t from stdin;\n${rows.join('\n')}\n\\.\n`,
    });
    expect(told(await rungs('up'))).toBe(
      lines(
        'MIGRATION_UP_FAILED: migration failed',
        '  operation: apply migration 1',
        '  error: invalid input syntax for type integer: "x3" (SQLSTATE 22P02)',
        '  context: COPY t, line 3, column id: "x3"',
        '  at: migrations/1_t.up.sql:6:1',
        '      6 | x3\tthree',
        '        | ^',
        '  applied: none; 1 rolled back',
        '  next: fix the file, and run `rungs up` again',
      ),
    );
    expect(await tables()).toEqual([]);
    expect(await ledger()).toEqual([]);
  });

  it('is counted from its own block, and its column found where only one has the value', async () => {
    const { rungs } = await workplace({
      '1_t.up.sql': `create table u (a text, b int, c int);\ncopy u from stdin;\n1\t1\t1\n\\.\nselect 1;\ncopy u from stdin;\n1\t1\t1\nä\t1\tbad\n\\.\n`,
    });
    const shown = told(await rungs('up'));
    expect(shown).toContain('  at: migrations/1_t.up.sql:8:5\n      8 | ä\t1\tbad\n        |  \t \t^\n');
  });

  it('may be one that a constraint refuses; or a trigger that fails for all of them', async () => {
    const { rungs } = await workplace({
      '1_t.up.sql': `${TABLE}copy t from stdin;\n1\ta\n1\tb\n\\.\n`,
    });
    expect(told(await rungs('up'))).toContain('  at: migrations/1_t.up.sql:4:1\n      4 | 1\tb\n');
    const other = await workplace({
      '1_t.up.sql': `${TABLE}create table u (id int references t);\nselect 1;\n  copy u from stdin;\n7\n\\.\n`,
    });
    expect(told(await other.rungs('up'))).toContain('  at: migrations/1_t.up.sql:4:3\n');
  });

  it('does not move the places of errors in SQL below the data', async () => {
    const { rungs } = await workplace({
      '1_t.up.sql': `${TABLE}copy t from stdin;\n1\ta\n2\tb\n\\.\n\\echo done\nselect 1,\n  nothing;\n`,
    });
    expect(told(await rungs('up'))).toContain('  at: migrations/1_t.up.sql:8:3\n      8 |   nothing;\n');
  });
});

describe('psql’s commands', () => {
  it('that show or guard are passed over', async () => {
    const { rungs, tables } = await workplace({
      '1_t.up.sql': `\\restrict Uab12\n\\set ON_ERROR_STOP on\n\\timing on\n\\pset pager off\n\\encoding UTF8\n${TABLE}\\echo 'done'\n\\dt+ t\n\\unrestrict Uab12\n`,
    });
    expect(await rungs('up')).toMatchObject({ code: 0 });
    expect(await tables()).toEqual(['t']);
  });

  it('that do something are refused by name and place, all at once, before anything runs', async () => {
    const { rungs, ledger } = await workplace({
      '1_t.up.sql': `${TABLE}\\connect shop\n  \\i more.sql\n\\copy t from 'x.csv'\n\\set n 1\nselect 1 \\g\n\\if true\n\\set ON_ERROR_STOP off\n`,
    });
    const result = await rungs('up');
    expect(result.code).toBe(10);
    expect(told(result)).toBe(
      lines(
        'MIGRATION_SOURCE_FAILED: the migration files cannot be used',
        '  operation: read the migration files',
        '  error: \\connect is a psql meta-command, not SQL: a migration runs on the one connection that rungs was given: name the database with `--database`, and keep a folder for each',
        '  also: migrations/1_t.up.sql:3:3: \\i is a psql meta-command, not SQL: what is in another file would be neither checked nor recorded: put it into this one, or make it a migration',
        '  also: migrations/1_t.up.sql:4:1: \\copy is a psql meta-command, not SQL: write COPY ... FROM stdin, with the rows below it and `\\.` on a line of its own behind them',
        '  also: migrations/1_t.up.sql:5:1: \\set is a psql meta-command, not SQL: variables are not filled in: write the value itself',
        '  also: migrations/1_t.up.sql:6:10: \\g is a psql meta-command, not SQL: end the statement with `;`',
        '  also: migrations/1_t.up.sql:7:1: \\if is a psql meta-command, not SQL: psql decides it where it runs: decide in a DO block, which the server runs',
        '  also: migrations/1_t.up.sql:8:1: \\set is a psql meta-command, not SQL: a migration stops at its first error, and is committed as a whole',
        '  at: migrations/1_t.up.sql:2:1',
        '      2 | \\connect shop',
        '        | ^',
        '  next: correct it, as the error says',
      ),
    );
    expect(await ledger()).toEqual(null);
  });
});

describe('a large file', () => {
  /** 24 MB: more than is held, and enough to be stopped in the middle. */
  const rows = (from: number): string =>
    Array.from({ length: 10_000 }, (_, i) => `${from + i}\tline ${from + i} ${'ä'.repeat(40)}\n`).join('');
  const large = (last = ''): string => {
    const blocks = Array.from({ length: 24 }, (_, i) => rows(i * 10_000));
    return `${TABLE}copy t from stdin;\n${blocks.join('')}${last}\\.\nselect 1;\n`;
  };

  it('is loaded without being held', async () => {
    const { rungs, database } = await workplace({ '1_t.up.sql': large() });
    const result = await rungs('up', { env: { NODE_OPTIONS: TELLS_MEMORY } });
    expect(result).toMatchObject({ code: 0 });
    // Of that 75 are Node and the grammar, to which V8's optimising of the grammar would add 40, and with Node 24 500.
    expect(mostMemory(result)).toBeLessThan(110 * 1024);
    expect(await database.query('select count(*)::int, sum(id)::text, max(name) as name from t')).toEqual([
      { count: 240_000, sum: '28799880000', name: `line 99999 ${'ä'.repeat(40)}` },
    ]);
    expect((await rungs('status')).stdout).not.toContain('changed');
  });

  it('whose last row is refused is told at its line, and nothing is left', async () => {
    const { rungs, ledger, tables } = await workplace({ '1_t.up.sql': large('17\ttwice\n') });
    expect(told(await rungs('up'))).toContain(
      '  at: migrations/1_t.up.sql:240003:1\n 240003 | 17\ttwice\n        | ^\n  applied: none; 1 rolled back\n',
    );
    expect(await tables()).toEqual([]);
    expect(await ledger()).toEqual([]);
  });

  it('can be cancelled in the middle', async () => {
    const database = await createDatabase();
    const controller = new AbortController();
    const migrations = folderOf({ '1_t.up.sql': large() });
    const run = failureOf(up({ database: database.url, migrations, signal: controller.signal }));
    await whenCopying(database);
    controller.abort();
    expect(await run).toMatchObject({ reason: 'cancelled', report: { to: null, dirty: false } });
    expect(await database.query(`select to_regclass('t') as t`)).toEqual([{ t: null }]);
  });

  it.each(['network', 'administrator'])('is not committed where the %s ends the connection', async (way) => {
    const database = await createDatabase();
    const proxy = await startProxy(database.url);
    const run = failureOf(up({ database: proxy.url, migrations: folderOf({ '1_t.up.sql': large() }) }));
    await whenCopying(database, way === 'network' ? 'abs' : 'pg_terminate_backend');
    if (way === 'network') proxy.cutAll();
    const error = await run;
    expect(error).toMatchObject({ reason: 'connection_lost', report: { to: null, dirty: false } });
    expect(error.message).toContain('it was not committed');
    expect(await database.query(`select to_regclass('t') as t`)).toEqual([{ t: null }]);
    await proxy.close();
  });

  it('that is changed while it runs is not committed', async () => {
    const database = await createDatabase();
    const migrations = folderOf({ '1_t.up.sql': large() });
    const run = failureOf(up({ database: database.url, migrations }));
    await whenCopying(database);
    appendFileSync(`${migrations}/1_t.up.sql`, '-- edited\n');
    const error = await run;
    expect(error).toMatchObject({
      message: 'the file was changed while it was being run',
      sqlstate: null,
      location: { file: `${migrations}/1_t.up.sql`, line: 2 },
      hint: expect.stringContaining('let nobody write the file'),
    });
    expect(error.report).toMatchObject({ to: null, dirty: false });
    expect(await database.query(`select to_regclass('t') as t`)).toEqual([{ t: null }]);
  });
});

/** Resolves when rows are on their way, and does that to the session that sends them. */
async function whenCopying(database: Database, then = 'abs'): Promise<void> {
  for (;;) {
    const found = await database.query(
      `select ${then}(pid) from pg_stat_progress_copy where datname = current_database() and tuples_processed > 0`,
    );
    if (found.length > 0) return;
  }
}

/** An older pg_dump does not dump a newer server. */
const dumpMajor = has('pg_dump', '--version')
  ? Number(/ (\d+)/.exec(execFileSync('pg_dump', ['--version'], { encoding: 'utf8' }))?.[1])
  : 0;

function aDump(): void {
  const dump = (url: string): string =>
    execFileSync('pg_dump', ['--no-owner', '--exclude-table=schema_migrations*', url], { encoding: 'utf8' });
  /** Its key is another each time. */
  const bare = (text: string): string => text.replaceAll(/^\\(un)?restrict .*$/gm, '');

  it('goes in as pg_dump wrote it, and comes out as it was', async () => {
    const source = await createDatabase();
    await source.query(readFileSync('test/fixtures/dump/awkward.sql', 'utf8'));
    const text = dump(source.url);
    expect(text).toContain('FROM stdin;');
    const { rungs, database } = await workplace({ '1_dump.up.sql': text });
    expect(await rungs('up')).toMatchObject({ code: 0 });
    expect(bare(dump(database.url))).toBe(bare(text));
  });
}

// CI has a pg_dump that fits 14 and 15.
if (dumpMajor >= serverMajor) describe('a dump', aDump);
else console.warn(`tests: pg_dump ${dumpMajor}, PostgreSQL ${serverMajor}: no dump of it can be loaded back`);
