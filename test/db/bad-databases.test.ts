/** Databases that are not as we need them: told apart and named, before anything is written. */

import { beforeEach, describe, expect, it } from 'vitest';
import { contents } from '../support/contents.ts';
import { createDatabase } from '../support/database.ts';
import { documentOf, type ErrorDocument, errorOf } from '../support/documents.ts';
import { createRole } from '../support/role.ts';
import { type Workplace, workplace } from '../support/workplace.ts';

const FILES = {
  '1_a.up.sql': 'create table a (id int);',
  '1_a.down.sql': 'drop table a;',
  '2_b.up.sql': 'create table b (id int);',
};

describe('a role', () => {
  let place: Workplace;
  let role: Awaited<ReturnType<typeof createRole>>;
  const as = async (words: string) =>
    place.rungs(`${words} --json`, { env: { DATABASE_URL: role.urlOf(place.database) } });
  const refusal = async (words: string): Promise<ErrorDocument> => errorOf(await as(words));

  beforeEach(async () => {
    [place, role] = [await workplace(FILES), await createRole()];
    await place.database.query('revoke create on schema public from public');
  });

  it('without CREATE sees the status and a dry run of an empty database, and up names the schema', async () => {
    const before = await contents(place.database);
    expect(documentOf(await as('status'))).toMatchObject({ version: null, error: null });
    expect(documentOf(await as('up --dry-run')).applied).toHaveLength(2);
    expect(documentOf(await as('version'))).toMatchObject({ version: null });
    expect(await refusal('up')).toMatchObject({
      code: 'MIGRATION_INIT_FAILED',
      reason: 'permission',
      operation: 'create the version table and the journal',
      message: 'permission denied for schema public',
      sqlstate: '42501',
      hint: `role ${role.name} lacks USAGE or CREATE on schema public: \`grant usage, create on schema "public" to "${role.name}"\``,
    });
    expect(await refusal('force 1')).toMatchObject({ code: 'MIGRATION_FORCE_FAILED', reason: 'permission' });
    expect(await contents(place.database)).toEqual(before);
  });

  it('without SELECT is told which table it cannot read', async () => {
    await place.rungs('up --num-steps 1');
    const before = await contents(place.database);
    for (const words of ['status', 'up --dry-run']) {
      expect(await refusal(words), words).toMatchObject({
        code: 'MIGRATION_VERSION_FAILED',
        reason: 'permission',
        message: 'permission denied for table schema_migrations',
      });
    }
    await place.database.query(`grant select on schema_migrations to ${role.name}`);
    expect(await refusal('status')).toMatchObject({
      message: 'permission denied for table schema_migrations_history',
    });
    await place.database.query(`revoke select on schema_migrations from ${role.name}`);
    expect(await contents(place.database)).toEqual(before);
  });

  it('that may only read is told what it may not do, where in the file it did it, and nothing is left', async () => {
    await place.rungs('up --num-steps 1');
    await place.database.query(`grant select on all tables in schema public to ${role.name}`);
    const before = await contents(place.database);
    expect(documentOf(await as('status'))).toMatchObject({ version: '1', error: null });
    expect(await refusal('up')).toMatchObject({
      code: 'MIGRATION_UP_FAILED',
      reason: 'permission',
      message: 'permission denied for schema public',
      file: 'migrations/2_b.up.sql',
      line: 1,
      column: 14,
      hint: `role ${role.name} lacks USAGE or CREATE on schema public: \`grant usage, create on schema "public" to "${role.name}"\`, and run \`rungs up\` again`,
    });
    expect(await refusal('down')).toMatchObject({
      reason: 'permission',
      message: 'must be owner of table a',
    });
    expect(await refusal('force 2')).toMatchObject({
      code: 'MIGRATION_FORCE_FAILED',
      message: 'permission denied for table schema_migrations',
    });
    expect(await contents(place.database)).toEqual(before);
  });

  it('with a schema of its own name stops where that schema comes between, and names both', async () => {
    place.write({ '3_c.up.sql': `create schema ${role.name};`, '4_d.up.sql': 'create table d (id int);' });
    await place.database.query(`grant create on schema public to ${role.name};
      grant create on database ${place.database.name} to ${role.name}`);
    expect(documentOf(await as('up --num-steps 3'))).toMatchObject({ to: '3', error: null });
    const before = await contents(place.database);
    for (const words of ['up', 'status', 'force 1']) {
      expect(await refusal(words), words).toMatchObject({
        code: 'MIGRATION_INIT_FAILED',
        reason: 'ledger_elsewhere',
        message: `the schema ${role.name} now comes first in the search_path, but public.schema_migrations holds the version`,
      });
    }
    expect(await contents(place.database)).toEqual(before);
    const url = `${role.urlOf(place.database)}&search_path=public`;
    expect(documentOf(await place.rungs('up --json', { env: { DATABASE_URL: url } }))).toMatchObject({
      from: '3',
      to: '4',
      error: null,
    });
  });
});

it('a search_path without a schema that exists is told, and nothing is made', async () => {
  const { rungs, database, ledger } = await workplace(FILES);
  const url = new URL(database.url);
  url.searchParams.set('search_path', 'nowhere');
  for (const words of ['up', 'status', 'force 1']) {
    expect(errorOf(await rungs(`${words} --json`, { env: { DATABASE_URL: url.href } })), words).toMatchObject(
      {
        code: 'MIGRATION_INIT_FAILED',
        reason: 'no_schema',
        message: 'no schema: current_schema() is NULL',
      },
    );
  }
  expect(await ledger()).toBeNull();
});

it('a read-only database can be looked at, and is not written', async () => {
  const { rungs, database, ledger, tables } = await workplace(FILES);
  await rungs('up --num-steps 1');
  await database.query(`alter database ${database.name} set default_transaction_read_only = on`);
  expect(documentOf(await rungs('status --json'))).toMatchObject({ version: '1', error: null });
  expect(documentOf(await rungs('up --dry-run --json')).applied).toHaveLength(1);
  for (const [words, code] of [
    ['up', 12],
    ['down', 14],
    ['force 2', 16],
  ] as const) {
    const result = await rungs(`${words} --json`);
    expect(result.code).toBe(code);
    expect(errorOf(result)).toMatchObject({
      sqlstate: '25006',
      message: expect.stringMatching(/in a read-only transaction$/),
      reason: 'read_only',
      hint: expect.stringMatching(/^connect to the primary .*, or to a database without/),
    });
  }
  expect([await ledger(), await tables()]).toEqual([['1'], ['a']]);
});

it('a database that is not there is not made', async () => {
  const { rungs, database } = await workplace(FILES);
  const other = await createDatabase();
  await other.drop();
  const url = database.url.replace(database.name, other.name);
  const result = await rungs('up --json', { env: { DATABASE_URL: url } });
  expect(result.code).toBe(11);
  expect(errorOf(result)).toMatchObject({
    reason: 'connection',
    message: `database "${other.name}" does not exist`,
    sqlstate: '3D000',
    hint: 'create the database, or correct its name in the URL',
  });
});
