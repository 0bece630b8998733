/** The rest of what ToolHive’s document says: files made by hand, best practices, a dirty database. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { writeInto } from '../../support/folder.ts';
import { schemaOf } from '../../support/schema.ts';
import { done, project } from '../../support/toolhive.ts';

describe('files made by hand', () => {
  test('with the next number are found; the document’s TIMESTAMPZ is pointed at, with what was meant', async () => {
    const { folder, migrate, recorded } = await project();
    await migrate('up', '--yes');
    const text = readFileSync(join(folder, 'database/migrations/000002_add_user_table.up.sql'), 'utf8');
    const documented = text.replace('users', 'members').replace('TIMESTAMPTZ', 'TIMESTAMPZ');
    writeInto(folder, {
      'database/migrations/000005_members.up.sql': documented,
      'database/migrations/000005_members.down.sql': 'DROP TABLE IF EXISTS members;\n',
    });
    const { code, stderr } = await migrate('up', '--yes');
    expect(code).toBe(12);
    expect(stderr).toContain('error: type "timestampz" does not exist (SQLSTATE 42704)');
    expect(stderr).toContain('at: database/migrations/000005_members.up.sql:4:16');
    expect(stderr).toContain('next: write timestamptz, and run `rungs up` again');
    expect(await recorded()).toEqual([{ version: 4, dirty: false }]);
  });
});

describe('the document’s best practices', () => {
  test('down migrations can be tested: up, all down, up again gives the same schema', async () => {
    const { migrate, database } = await project();
    await migrate('up', '--yes');
    const before = await schemaOf(database);
    expect(await migrate('down', '--num-steps', '0', '--yes')).toMatchObject({ code: 0 });
    expect(await migrate('up', '--yes')).toMatchObject({ code: 0 });
    expect(await schemaOf(database)).toEqual(before);
    expect(await migrate('redo', '--yes')).toMatchObject({ code: 0 });
    expect(await schemaOf(database)).toEqual(before);
  });

  test('an applied migration that is edited is noticed', async () => {
    const { folder, migrate } = await project();
    await migrate('up', '--num-steps', '2', '--yes');
    const path = 'database/migrations/000001_init.up.sql';
    writeInto(folder, { [path]: `${readFileSync(join(folder, path), 'utf8')}\nSELECT 1;\n` });
    const refused = await migrate('up', '--yes', '--json');
    expect(JSON.parse(refused.stdout).error).toMatchObject({
      code: 'MIGRATION_UP_FAILED',
      reason: 'changed',
    });
  });

  test('a migration is a transaction: one that fails leaves nothing, and nothing is dirty', async () => {
    const { folder, migrate, recorded, database } = await project();
    await migrate('up', '--yes');
    writeInto(folder, {
      'database/migrations/000005_half.up.sql': 'CREATE TABLE half (id int);\nCREATE TABLE users (id int);\n',
    });
    expect(await migrate('up', '--yes')).toMatchObject({ code: 12 });
    expect(await recorded()).toEqual([{ version: 4, dirty: false }]);
    expect(await database.query("select to_regclass('half') is null as gone")).toEqual([{ gone: true }]);
  });
});

describe('a dirty database', () => {
  test('is refused, and goes on once the table is repaired by hand, as documented', async () => {
    const { migrate, recorded, database } = await project();
    await migrate('up', '--num-steps', '2', '--yes');
    await database.query('update schema_migrations set version = 3, dirty = true');
    const { code, stderr } = await migrate('up', '--yes');
    expect(code).toBe(12);
    expect(stderr).toContain('Dirty database version 3');
    await database.query('update schema_migrations set version = 2, dirty = false');
    expect(await migrate('up', '--yes')).toEqual(done('Migrated from version 2 to 4'));
    expect(await recorded()).toEqual([{ version: 4, dirty: false }]);
  });
});
