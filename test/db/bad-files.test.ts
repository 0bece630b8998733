/** Folders and files that cannot be used: refused by name, before anything runs; nothing is skipped in silence. */

import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { status, up } from '../../src/index.ts';
import { documentOf, errorOf } from '../support/documents.ts';
import { failureOf } from '../support/failure.ts';
import { told, type Workplace, workplace } from '../support/workplace.ts';

const bytes = (...all: readonly (string | number)[]): Uint8Array =>
  Buffer.concat(all.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from([part]))));

/** The files are refused by every command that reads them, and the database is as it was: without a ledger. */
async function refused(place: Workplace) {
  const result = await place.rungs('up --json');
  expect(result.code).toBe(10);
  expect(await place.ledger()).toBeNull();
  const error = errorOf(result);
  const looked = await failureOf(
    status({ database: place.database.url, migrations: `${place.folder}/migrations` }),
  );
  expect(looked).toMatchObject({ code: error.code, reason: error.reason });
  return error;
}

describe('a folder', () => {
  it.each([
    ['that is not there', 'nowhere', 'nowhere: no such file or directory'],
    ['that is a file', 'migrations/1_a.up.sql', 'migrations/1_a.up.sql: not a directory'],
  ])('%s is named', async (_what, path, message) => {
    const { rungs } = await workplace({ '1_a.up.sql': 'select 1;' });
    const result = await rungs(`up --json --path ${path}`);
    expect(result.code).toBe(10);
    expect(errorOf(result)).toMatchObject({
      code: 'MIGRATION_SOURCE_FAILED',
      reason: 'unreadable',
      message,
      hint: 'give the folder with `--path DIR`, or make the first migration with `rungs create name`',
    });
  });

  it.each([
    ['--path file://migrations', '--path is a URL: it must be a folder'],
    ['--path ', '--path has no value'],
  ])('given as %s is refused', async (words, message) => {
    const { rungs } = await workplace({});
    const result = await rungs(`up --json ${words}`);
    expect(result.code).toBe(19);
    expect(errorOf(result)).toMatchObject({ reason: 'flag', message });
  });

  it('that is a connection string is not named by the API either', async () => {
    const { database } = await workplace({});
    const migrations = 'host=db password=hunter2';
    const error = await failureOf(up({ database: database.url, migrations }));
    expect(error).toMatchObject({ reason: 'unreadable', message: 'the folder is a connection string' });
    expect(inspect(error)).not.toContain('hunter2');
  });

  it('without migrations is taken for a wrong path, and status warns of it', async () => {
    const { rungs, ledger } = await workplace({});
    const result = await rungs('up --json');
    expect(result.code).toBe(10);
    expect(errorOf(result)).toMatchObject({
      code: 'MIGRATION_SOURCE_FAILED',
      reason: 'no_migrations',
      message: 'no migration files in migrations',
    });
    const looked = await rungs('status --json');
    expect(looked.code).toBe(0);
    expect(documentOf(looked).warnings).toMatchObject([{ reason: 'no_migrations' }]);
    expect(await ledger()).toBeNull();
  });
});

describe('a file', () => {
  it('that cannot be read is named', async () => {
    const place = await workplace({ '1_a.up.sql': 'select 1;' });
    // Root reads what chmod forbids; nobody reads what is not there.
    symlinkSync('/nonexistent', join(place.folder, 'migrations/2_b.up.sql'));
    expect(await refused(place)).toMatchObject({
      reason: 'unreadable',
      message: 'no such file or directory',
      file: 'migrations/2_b.up.sql',
    });
  });

  it('that leads to a folder is named', async () => {
    const place = await workplace({ '1_a.up.sql': 'select 1;' });
    symlinkSync('.', join(place.folder, 'migrations/2_b.up.sql'));
    expect(await refused(place)).toMatchObject({
      reason: 'unreadable',
      message: 'it is not a file',
      file: 'migrations/2_b.up.sql',
    });
  });

  it.each([
    [
      'Latin-1',
      bytes("select 1;\nselect 'caf", 0xe9, "';"),
      'not UTF-8: the byte 0xE9 at line 2, column 12 (byte offset 21)',
    ],
    ['UTF-16', bytes(0xff, 0xfe, 's', 0, 'e', 0), 'the file is UTF-16; PostgreSQL and rungs read UTF-8'],
    [
      'half of a character',
      bytes("select '", 0xf0, 0x9f),
      'not UTF-8: the byte 0xF0 at line 1, column 9 (byte offset 8)',
    ],
    ['a NUL', bytes('sel', 0, 'ect 1;'), 'there is a NUL byte at line 1, column 4'],
  ])('with %s in it is refused with the place', async (_what, content, message) => {
    const place = await workplace({ '1_a.up.sql': 'create table a (id int);', '2_b.down.sql': content });
    expect(await refused(place)).toMatchObject({
      reason: 'encoding',
      message,
      file: 'migrations/2_b.down.sql',
    });
  });

  it('may begin with a byte order mark, and its columns count without it', async () => {
    const { rungs } = await workplace({ '1_a.up.sql': '\ufeffselect x;' });
    const result = await rungs('up --json');
    expect(errorOf(result)).toMatchObject({ message: 'column "x" does not exist', line: 1, column: 8 });
  });

  it('may be empty, or nothing but a comment', async () => {
    const { rungs, ledger } = await workplace({
      '1_a.up.sql': '',
      '2_b.up.sql': '-- nothing',
      '3_c.up.sql': ';;\n/* nothing */',
      '4_d.up.sql': '\ufeff',
    });
    expect(await rungs('up')).toMatchObject({ code: 0, stdout: 'Migrated from version 0 to 4\n' });
    expect(await ledger()).toEqual(['4']);
  });

  it('with a version that no bigint holds is refused, not cut down', async () => {
    const place = await workplace({ '9223372036854775808_a.up.sql': 'select 1;' });
    expect(await refused(place)).toMatchObject({
      reason: 'name',
      message:
        'version 9223372036854775808 is above 9223372036854775807, the largest the version column can hold',
    });
  });

  it('with the highest version there is runs', async () => {
    const { rungs, ledger } = await workplace({ '9223372036854775807_a.up.sql': 'select 1;' });
    const result = await rungs('up --json');
    expect(documentOf(result)).toMatchObject({ to: '9223372036854775807', error: null });
    expect(await ledger()).toEqual(['9223372036854775807']);
  });

  it('that cannot be a migration’s is passed over with a warning, editors’ backups too', async () => {
    const { rungs, tables } = await workplace({
      '1_a.up.sql': 'create table a (id int);',
      '1_a.up.sql~': 'create table backup (id int);',
      '2_b.up.sql.bak': 'create table backup (id int);',
      '3-c.up.sql': 'create table c (id int);',
      '4_d.sql': 'create table d (id int);',
      '5_e\n.up.sql': 'create table e (id int);',
      'notes.txt': 'not a word of this',
    });
    const paths = (result: Awaited<ReturnType<typeof rungs>>) =>
      documentOf(result).warnings.map((w) => [w.reason, (w as unknown as { file: string }).file]);
    const expected = ['1_a.up.sql~', '2_b.up.sql.bak', '3-c.up.sql', '4_d.sql', '5_e\n.up.sql'].map(
      (name) => ['ignored_file', `migrations/${name}`],
    );
    expect(paths(await rungs('status --json'))).toEqual(expected);
    const result = await rungs('up --json');
    expect(paths(result)).toEqual(expected);
    expect(result.stderr).toContain(
      'warning: migrations/1_a.up.sql~: not run: it looks like an editor’s backup',
    );
    expect(await tables()).toEqual(['a']);
  });
});

it('two files of one version are refused with both names, and all problems are told at once', async () => {
  const place = await workplace({
    '01_a.up.sql': 'select 1;',
    '1_b.up.sql': 'select 1;',
    '2_c.up.sql': bytes(0xff, 0xfe),
    '99999999999999999999_d.up.sql': 'select 1;',
  });
  expect(told(await place.rungs('up'))).toBe(
    [
      'MIGRATION_SOURCE_FAILED: the migration files cannot be used',
      '  operation: read the migration files',
      '  error: the file is UTF-16; PostgreSQL and rungs read UTF-8',
      '  also: migrations/1_b.up.sql: version 1 has two up files: migrations/01_a.up.sql and migrations/1_b.up.sql',
      '  also: migrations/99999999999999999999_d.up.sql: version 99999999999999999999 is above 9223372036854775807, the largest the version column can hold',
      '  at: migrations/2_c.up.sql',
      '  next: save the file as UTF-8',
      '',
    ].join('\n'),
  );
  await refused(place);
});

describe('a directive', () => {
  it.each([
    ['-- rungs: no-transactoin\nselect 1;', 1, 11],
    ['select 1;\n-- rungs: plain\nselect 2;', 2, 11],
    ['-- rungs: atomic\nvacuum;', 2, 1],
  ])(
    'that is not understood, late or contradicted is refused with its place: %j',
    async (text, line, column) => {
      const place = await workplace({ '1_a.up.sql': 'create table a (id int);', '2_b.up.sql': text });
      const result = await place.rungs('up --json');
      expect(result.code).toBe(10);
      expect(errorOf(result)).toMatchObject({
        reason: 'directive',
        file: 'migrations/2_b.up.sql',
        line,
        column,
      });
      expect(await place.ledger()).toBeNull();
    },
  );
});
