/** golang-migrate and rungs in turns on one database: after every turn it is as if golang-migrate had been alone. */

import { beforeAll, describe, expect, test } from 'vitest';
import { down, force, goto, redo, status, up } from '../../src/index.ts';
import { createDatabase, type Database } from '../support/database.ts';
import { besideGolangMigrate, type Driver, golang, withParameters } from '../support/golang-migrate.ts';
import { ledgerOf, schemaOf } from '../support/schema.ts';

const FOLDER = 'test/fixtures/interop/mixed';
const VERSIONS = [1, 2, 3, 5, 8, 13, 21];

/** What the database looks like from outside: the version table's rows, and everything in the schema. */
interface Picture {
  readonly ledger: unknown;
  readonly schema: readonly string[];
}

const pictureOf = async (database: Database): Promise<Picture> => ({
  ledger: await ledgerOf(database),
  schema: await schemaOf(database),
});

/** One move by one of the two, and the version it should end at. */
interface Turn {
  readonly who: 'rungs' | 'golang-migrate';
  readonly what: string;
  readonly lands: number | null;
}

const rungs = (what: string, lands: number | null): Turn => ({ who: 'rungs', what, lands });
const theirs = (what: string, lands: number | null): Turn => ({ who: 'golang-migrate', what, lands });

async function take({ who, what }: Turn, database: Database, driver: Driver): Promise<void> {
  const [verb = '', word] = what.split(' ');
  if (who === 'golang-migrate') {
    const args = verb === 'down' && word === undefined ? ['down', '-all'] : what.split(' ');
    const { code, output } = await golang(database, FOLDER, args, { driver });
    expect(code, output).toBe(0);
    return;
  }
  const options = { database: database.url, migrations: FOLDER };
  const n = word === undefined ? undefined : Number(word);
  if (verb === 'up') await up(n === undefined ? options : { ...options, steps: n });
  else if (verb === 'down') await down({ ...options, steps: n ?? 'all' });
  else if (verb === 'goto') await goto({ ...options, to: BigInt(n ?? 0) });
  else if (verb === 'force') await force({ ...options, version: BigInt(n ?? 0) });
  else await redo(options);
}

besideGolangMigrate('golang-migrate and rungs in turns', () => {
  /** By version, null for none: as golang-migrate leaves it, having done everything. */
  const alone = new Map<number | null, Picture>();

  beforeAll(async () => {
    const database = await createDatabase();
    for (const version of VERSIONS) {
      await golang(database, FOLDER, ['up', '1']);
      alone.set(version, await pictureOf(database));
    }
    await golang(database, FOLDER, ['down', '-all']);
    alone.set(null, await pictureOf(database));
  });

  async function play(turns: readonly Turn[], driver: Driver): Promise<Database> {
    const database = await createDatabase();
    for (const [i, turn] of turns.entries()) {
      await take(turn, database, driver);
      const after = `after turn ${i + 1}, ${turn.who} ${turn.what}`;
      expect(await pictureOf(database), after).toEqual(alone.get(turn.lands));
    }
    return database;
  }

  test('the pictures tell the versions apart', () => {
    expect(new Set([...alone.values()].map((p) => p.schema.join('\n'))).size).toBe(VERSIONS.length + 1);
    expect(alone.get(21)?.ledger).toEqual([{ version: '21', dirty: false }]);
    expect(alone.get(null)?.ledger).toEqual([]);
    expect(alone.get(null)?.schema.join('\n')).toContain('constraint schema_migrations_pkey');
  });

  describe.each(['postgres', 'pgx5'] as const)('its %s driver', (driver) => {
    test('rungs first: table, rows and schema are the same at every version', async () => {
      await play(
        [
          rungs('up 1', 1),
          theirs('up 1', 2),
          rungs('up 1', 3),
          theirs('up 1', 5),
          rungs('up 1', 8),
          theirs('up 1', 13),
          rungs('up 1', 21),
          theirs('down 1', 13),
          rungs('down 1', 8),
          theirs('down 1', 5),
          rungs('down 1', 3),
          theirs('down 1', 2),
          rungs('down 1', 1),
          theirs('down 1', null),
        ],
        driver,
      );
    });

    test('golang-migrate first, each doing the other half: the same', async () => {
      await play(
        [
          theirs('up 1', 1),
          rungs('up 1', 2),
          theirs('up 1', 3),
          rungs('up 1', 5),
          theirs('up 1', 8),
          rungs('up 1', 13),
          theirs('up 1', 21),
          rungs('down 1', 13),
          theirs('down 1', 8),
          rungs('down 1', 5),
          theirs('down 1', 3),
          rungs('down 1', 2),
          theirs('down 1', 1),
          rungs('down 1', null),
        ],
        driver,
      );
    });

    test('several at once, to a version, and all the way', async () => {
      await play(
        [
          rungs('up 3', 3),
          theirs('up 3', 13),
          rungs('down 2', 5),
          theirs('down 3', 1),
          rungs('goto 8', 8),
          theirs('goto 21', 21),
          rungs('goto 3', 3),
          theirs('goto 1', 1),
          rungs('up', 21),
          theirs('down', null),
          theirs('up', 21),
          rungs('down', null),
          rungs('goto 13', 13),
          rungs('redo', 13),
          theirs('up', 21),
          rungs('up', 21),
        ],
        driver,
      );
    });
  });

  test('force moves the version alone, and the other goes on from there', async () => {
    const database = await play([rungs('up 4', 5)], 'postgres');
    const at5 = alone.get(5)?.schema;
    const forced = async (turn: Turn, ledger: unknown) => {
      await take(turn, database, 'postgres');
      expect(await ledgerOf(database)).toEqual(ledger);
      expect(await schemaOf(database)).toEqual(at5);
    };
    await forced(rungs('force 2', 2), [{ version: '2', dirty: false }]);
    await forced(theirs('force 5', 5), [{ version: '5', dirty: false }]);
    await forced(theirs('force 1', 1), [{ version: '1', dirty: false }]);
    await forced(rungs('force 5', 5), [{ version: '5', dirty: false }]);
    await forced(rungs('force 0', null), []);
    await forced(theirs('force 13', 13), [{ version: '13', dirty: false }]);
    await forced(theirs('force -- -1', null), []);
    await forced(rungs('force 5', 5), [{ version: '5', dirty: false }]);
    for (const turn of [theirs('up 1', 8), rungs('up', 21), theirs('down 3', 5), rungs('down', null)]) {
      await take(turn, database, 'pgx5');
      expect(await pictureOf(database)).toEqual(alone.get(turn.lands));
    }
  });

  test('what golang-migrate forced back is applied again, and what it forced over is not', async () => {
    const database = await play([rungs('up 3', 3)], 'postgres');
    await database.query('alter table members drop column status; drop type member_status');
    await take(theirs('force 2', 2), database, 'postgres');
    await take(rungs('up 1', 3), database, 'postgres');
    expect(await pictureOf(database)).toEqual(alone.get(3));
    await database.query('create unique index members_email on members (lower(email))');
    await take(theirs('force 5', 5), database, 'postgres');
    await take(rungs('up 1', 8), database, 'postgres');
    expect(await pictureOf(database)).toEqual(alone.get(8));
  });

  test.each([1, 2])('at random, twenty turns (seed %d)', async (seed) => {
    const next = random(seed);
    const places = [null, ...VERSIONS];
    const turns: Turn[] = [];
    let at = 0;
    while (turns.length < 20) {
      const by = next(2) === 0 ? rungs : theirs;
      const to = next(places.length);
      const lands = places[to] ?? null;
      if (to === at) continue;
      if (lands !== null && next(3) === 0) turns.push(by(`goto ${lands}`, lands));
      else turns.push(by(to > at ? `up ${to - at}` : `down ${at - to}`, lands));
      at = to;
    }
    await play(turns, next(2) === 0 ? 'postgres' : 'pgx5');
  });

  test('a row trigger on the version table hears each version from both', async () => {
    const heard = async (by: (turns: string) => Turn) => {
      const database = await createDatabase();
      await take(theirs('up 1', 1), database, 'postgres');
      await database.query(`create table heard (n int generated always as identity, version bigint, dirty boolean);
        create function hear() returns trigger language plpgsql as
          $$ begin insert into heard (version, dirty) values (new.version, new.dirty); return null; end $$;
        create trigger hear after insert on schema_migrations for each row execute function hear();`);
      await take(by('goto 8'), database, 'postgres');
      await take(by('goto 2'), database, 'postgres');
      return database.query('select version::int, dirty from heard order by n');
    };
    const [ours, golangs] = [await heard((w) => rungs(w, null)), await heard((w) => theirs(w, null))];
    const clean = (rows: readonly Record<string, unknown>[]) => rows.filter((r) => r.dirty === false);
    expect(clean(ours)).toEqual(clean(golangs));
    // Dirty is told only of what cannot run in a transaction: 5, up and down.
    expect(ours.filter((r) => r.dirty === true)).toEqual([
      { version: 5, dirty: true },
      { version: 3, dirty: true },
    ]);
  });

  test.each([
    ['x-migrations-table', { 'x-migrations-table': 'versions' }, 'public.versions'],
    [
      'x-migrations-table-quoted',
      { 'x-migrations-table': '"tenant"."versions"', 'x-migrations-table-quoted': 'true' },
      'tenant.versions',
    ],
    ['search_path', { search_path: 'tenant' }, 'tenant.schema_migrations'],
  ])('the version table that the URL names by %s is one for both', async (_what, parameters, table) => {
    const folder = 'test/fixtures/interop/audit';
    const database = await createDatabase();
    await database.query('create schema tenant');
    const options = { database: withParameters(database.url, parameters), migrations: folder };
    for (const driver of ['postgres', 'pgx5'] as const) {
      expect((await golang(database, folder, ['up', '1'], { driver, parameters })).code).toBe(0);
      expect((await up({ ...options, steps: 1 })).applied).toHaveLength(1);
    }
    expect(await database.query(`select version::int, dirty from ${table}`)).toEqual([
      { version: 4, dirty: false },
    ]);
    const tables = await database.query(
      `select oid::regclass::text as name from pg_class where relkind = 'r' and relname ~ '^(versions|schema_mig)'
        order by 1`,
    );
    const name = table.replace('public.', '');
    expect(tables.map((row) => row.name)).toEqual([name, `${name}_history`]);
    expect((await up(options)).to).toBe(6n);
    expect(await golang(database, folder, ['up'], { parameters })).toEqual({
      code: 0,
      output: 'no change\n',
    });
  });

  describe('going back to golang-migrate, and coming again', () => {
    test('it does everything on, our journal is left alone, and nothing is reported or rerun afterwards', async () => {
      const database = await play([rungs('goto 8', 8)], 'postgres');
      const journal = () => database.query('select * from schema_migrations_history order by id');
      const before = await journal();
      for (const turn of [theirs('up 1', 13), theirs('down 4', 2), theirs('up', 21), theirs('down 1', 13)]) {
        await take(turn, database, 'pgx5');
        expect(await pictureOf(database)).toEqual(alone.get(turn.lands));
      }
      expect(await journal()).toEqual(before);

      const s = await status({ database: database.url, migrations: FOLDER });
      expect(s.migrations.map((m) => [m.version, m.state])).toEqual([
        [1n, 'applied'],
        [2n, 'applied'],
        [3n, 'applied'],
        [5n, 'applied'],
        [8n, 'applied'],
        [13n, 'applied'],
        [21n, 'pending'],
      ]);
      const report = await up({ database: database.url, migrations: FOLDER });
      expect(report.applied.map((step) => step.id)).toEqual(['21']);
      expect(report.warnings).toEqual([]);
      expect(await pictureOf(database)).toEqual(alone.get(21));
    });

    test('what it reverted meanwhile is pending, and is applied again', async () => {
      const database = await play([rungs('up', 21), theirs('goto 3', 3)], 'postgres');
      const s = await status({ database: database.url, migrations: FOLDER });
      expect(s.counts).toMatchObject({ applied: 3, pending: 4, 'out-of-order': 0 });
      const report = await up({ database: database.url, migrations: FOLDER });
      expect(report.applied.map((step) => step.id)).toEqual(['5', '8', '13', '21']);
      expect(await pictureOf(database)).toEqual(alone.get(21));
    });

    test('on a database that it made, everything up to the version counts as applied, without a time', async () => {
      const database = await play([theirs('goto 13', 13)], 'postgres');
      const s = await status({ database: database.url, migrations: FOLDER });
      expect(s.counts).toMatchObject({ applied: 6, pending: 1 });
      expect(s.migrations.slice(0, 6).map((m) => m.appliedAt)).toEqual(Array(6).fill(null));
      expect(await database.query(`select to_regclass('schema_migrations_history') as journal`)).toEqual([
        { journal: null },
      ]);
    });

    test('a journal that was dropped is begun anew', async () => {
      const database = await play([rungs('goto 8', 8)], 'postgres');
      await database.query('drop table schema_migrations_history');
      const report = await up({ database: database.url, migrations: FOLDER });
      expect(report.applied.map((step) => step.id)).toEqual(['13', '21']);
      const rows = await database.query(
        `select version::int, kind from schema_migrations_history order by id`,
      );
      expect(rows).toEqual([
        ...[1, 2, 3, 5, 8].map((version) => ({ version, kind: 'assumed' })),
        ...[13, 21].map((version) => ({ version, kind: 'run' })),
      ]);
    });
  });
});

/** A small generator, so that a failure can be repeated: its seed is in the test's name. */
function random(seed: number): (below: number) => number {
  let x = seed;
  return (below) => {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    return Math.floor((x / 2 ** 32) * below);
  };
}
