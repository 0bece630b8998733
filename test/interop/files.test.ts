/** Which files are migrations, and in which order: asked of golang-migrate itself, name by name. */

import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { down, MigrateError, up } from '../../src/index.ts';
import { createDatabase, type Database } from '../support/database.ts';
import { folderOf } from '../support/folder.ts';
import { besideGolangMigrate, golang } from '../support/golang-migrate.ts';
import { ledgerOf } from '../support/schema.ts';

/** What became of a folder: the files that were run, in order, and the version; or that it was refused. */
type Outcome = { readonly ran: readonly unknown[]; readonly version: string | null } | 'refused';

interface Pair {
  readonly ours: Outcome;
  readonly theirs: Outcome;
  /** What either said. */
  readonly said: { readonly ours: string; readonly theirs: string };
}

/** Each file writes its own name down. */
const folderNamed = (names: readonly string[]): string =>
  folderOf(Object.fromEntries(names.map((name) => [name, noteOf(name)])));

const noteOf = (name: string): string => `insert into ran (name) values ('${name}');\n`;

async function withNotes(): Promise<Database> {
  const database = await createDatabase();
  await database.query('create table ran (n int generated always as identity, name text)');
  return database;
}

async function outcomeOf(database: Database): Promise<Outcome> {
  const ran = await database.query('select name from ran order by n');
  return { ran: ran.map((row) => row.name), version: (await ledgerOf(database))?.[0]?.version ?? null };
}

/** Everything up, by each on a database of its own. */
async function both(folder: string): Promise<Pair> {
  const [mine, its] = [await withNotes(), await withNotes()];
  const said = { ours: '', theirs: '' };
  let refused = false;
  try {
    const report = await up({ database: mine.url, migrations: folder });
    said.ours = report.warnings.map((w) => `${w.file}: ${w.message}`).join('\n');
  } catch (e) {
    if (!(e instanceof MigrateError)) throw e;
    said.ours = [e.message, ...e.details].join('\n');
    refused = true;
  }
  const { code, output } = await golang(its, folder, ['up']);
  said.theirs = output;
  return {
    ours: refused ? 'refused' : await outcomeOf(mine),
    theirs: code === 0 ? await outcomeOf(its) : 'refused',
    said,
  };
}

const SAME: readonly (readonly [what: string, names: readonly string[], expected: Outcome])[] = [
  [
    'any title and any extension, also none',
    [
      '1_a.up.sql',
      '2_.up.sql',
      '3_b.up.',
      '4_c.up.go',
      '5_d.down.up.sql',
      '6_two words.up.sql',
      '7_é.up.sql',
    ],
    {
      ran: [
        '1_a.up.sql',
        '2_.up.sql',
        '3_b.up.',
        '4_c.up.go',
        '5_d.down.up.sql',
        '6_two words.up.sql',
        '7_é.up.sql',
      ],
      version: '7',
    },
  ],
  [
    'what does not match is passed by',
    [
      '1_a.up.sql',
      '2.up.sql',
      '3_b.up',
      '4_c.sql',
      '5-d.up.sql',
      '-6_e.up.sql',
      '7_f.UP.sql',
      '.8_g.up.sql',
      '9_h\ni.up.sql',
      'README.md',
    ],
    { ran: ['1_a.up.sql'], version: '1' },
  ],
  [
    'the number orders, not the name',
    ['10_b.up.sql', '9_a.up.sql', '0100_c.up.sql', '2_z.up.sql'],
    { ran: ['2_z.up.sql', '9_a.up.sql', '10_b.up.sql', '0100_c.up.sql'], version: '100' },
  ],
  ['0 is a version', ['0_a.up.sql', '1_b.up.sql'], { ran: ['0_a.up.sql', '1_b.up.sql'], version: '1' }],
  ['0 alone is one, too', ['000_a.up.sql'], { ran: ['000_a.up.sql'], version: '0' }],
  [
    'a version with a down file alone is passed through',
    ['1_a.up.sql', '2_b.down.sql'],
    { ran: ['1_a.up.sql'], version: '2' },
  ],
  [
    'the last direction in a name counts',
    ['1_a.up.sql', '2_b.up.down.sql'],
    { ran: ['1_a.up.sql'], version: '2' },
  ],
  [
    'titles of up and down need not agree',
    ['1_a.up.sql', '1_b.down.sql'],
    { ran: ['1_a.up.sql'], version: '1' },
  ],
  [
    'the largest number that the column holds',
    ['9223372036854775806_a.up.sql', '9223372036854775807_b.up.sql'],
    { ran: ['9223372036854775806_a.up.sql', '9223372036854775807_b.up.sql'], version: '9223372036854775807' },
  ],
  [
    'folders below it are not read, whatever their names',
    ['1_a.up.sql', '2_b.up.sql/3_c.up.sql', 'sub/4_d.up.sql'],
    { ran: ['1_a.up.sql'], version: '1' },
  ],
  ['two files of one version are refused', ['1_a.up.sql', '1_b.up.sql'], 'refused'],
  ['two files of one number, written differently, are refused', ['01_a.up.sql', '1_a.up.sql'], 'refused'],
  ['an empty folder is refused', ['README.md'], 'refused'],
];

besideGolangMigrate('a folder of files, to golang-migrate and to us', () => {
  describe('is the same', () => {
    test.each(SAME)('%s', async (_what, names, expected) => {
      const { ours, theirs } = await both(folderNamed(names));
      expect({ ours, theirs }).toEqual({ ours: expected, theirs: expected });
    });

    test('a linked file counts by the name of the link', async () => {
      const folder = folderNamed(['1_a.up.sql']);
      writeFileSync(join(folder, 'shared.txt'), noteOf('shared'));
      symlinkSync('shared.txt', join(folder, '2_b.up.sql'));
      const { ours, theirs } = await both(folder);
      expect(ours).toEqual({ ran: ['1_a.up.sql', 'shared'], version: '2' });
      expect(theirs).toEqual(ours);
    });

    test('a file that is blank, or only a comment, moves the version', async () => {
      const { ours, theirs } = await both(
        folderOf({ '1_a.up.sql': '', '2_b.up.sql': ' \r\n\t', '3_c.up.sql': '-- later', '4_d.up.sql': ';;' }),
      );
      expect(ours).toEqual({ ran: [], version: '4' });
      expect(theirs).toEqual(ours);
    });

    test('the same file is named where two clash; we name both', async () => {
      const { said } = await both(folderNamed(['2_b.up.sql', '2_a.up.sql']));
      expect(said.theirs).toContain('duplicate migration file: 2_b.up.sql');
      expect(said.ours).toMatch(/version 2 has two up files: .*2_a\.up\.sql and .*2_b\.up\.sql/);
    });

    test('what we pass by and was surely meant is named in a warning', async () => {
      const { said } = await both(folderNamed(['1_a.up.sql', '2-b.up.sql', '3_c.sql', 'notes.txt']));
      expect(said.ours).toContain('2-b.up.sql: not run: its name is not NNNNNN_name.up.sql');
      expect(said.ours).toContain('3_c.sql: not run');
      expect(said.ours).not.toContain('notes.txt');
    });
  });

  describe('differs on purpose', () => {
    test('an editor’s backup: golang-migrate runs it, we name it', async () => {
      const { ours, theirs, said } = await both(folderNamed(['1_a.up.sql', '2_b.up.sql~', '3_c.up.sql.bak']));
      expect(theirs).toEqual({ ran: ['1_a.up.sql', '2_b.up.sql~', '3_c.up.sql.bak'], version: '3' });
      expect(ours).toEqual({ ran: ['1_a.up.sql'], version: '1' });
      expect(said.ours).toContain('2_b.up.sql~: not run: it looks like an editor’s backup');
      expect(said.ours).toContain('3_c.up.sql.bak: not run: it looks like an editor’s backup');
    });

    test('a backup beside its file: a clash for golang-migrate, none for us', async () => {
      const { ours, theirs } = await both(folderNamed(['1_a.up.sql', '1_a.up.sql.orig']));
      expect(theirs).toBe('refused');
      expect(ours).toEqual({ ran: ['1_a.up.sql'], version: '1' });
    });

    test('a number beyond bigint is refused before anything runs, and named', async () => {
      for (const name of ['9223372036854775808_b.up.sql', '18446744073709551616_b.up.sql']) {
        const { ours, said } = await both(folderNamed(['1_a.up.sql', name]));
        expect(ours).toBe('refused');
        expect(said.ours).toContain('is above 9223372036854775807');
      }
    });

    test('a missing down: golang-migrate lowers the version, we ask to be told so', async () => {
      const folder = folderNamed(['1_a.up.sql', '2_b.up.sql']);
      const [mine, its] = [await withNotes(), await withNotes()];
      const options = { database: mine.url, migrations: folder };
      await up(options);
      await golang(its, folder, ['up']);
      expect((await golang(its, folder, ['down', '1'])).code).toBe(0);
      await expect(down(options)).rejects.toMatchObject({ reason: 'missing_down' });
      expect(await outcomeOf(mine)).toMatchObject({ version: '2' });
      await down({ ...options, allowMissingDown: true });
      expect(await outcomeOf(mine)).toEqual(await outcomeOf(its));
    });

    test('too many steps: golang-migrate does what there is and fails, we do it and warn', async () => {
      const folder = folderNamed(['1_a.up.sql', '2_b.up.sql']);
      const [mine, its] = [await withNotes(), await withNotes()];
      const report = await up({ database: mine.url, migrations: folder, steps: 5 });
      expect(report.warnings.map((w) => w.reason)).toEqual(['short']);
      expect(await golang(its, folder, ['up', '5'])).toMatchObject({
        code: 1,
        output: expect.stringContaining('limit 3 short'),
      });
      expect(await outcomeOf(mine)).toEqual(await outcomeOf(its));
    });
  });
});
