/** What is refused for want of a right names the right and gives the GRANT: typed as it stands, it does. */

import { expect, it } from 'vitest';
import { serverMajor } from '../support/database.ts';
import { errorOf } from '../support/documents.ts';
import { createRole } from '../support/role.ts';
import { workplace } from '../support/workplace.ts';

/** `given`: by an administrator, before; `ROLE` is the deploying role. The cures in the order in which they are needed. */
interface Case {
  readonly what: string;
  readonly given?: string;
  readonly file: string;
  readonly cures: readonly string[];
}

const LEDGER = ['grant usage, create on schema "public" to "ROLE"'] as const;

const CASES: readonly Case[] = [
  { what: 'a table in the schema of the version table', file: 'create table t ()', cures: LEDGER },
  {
    what: 'a table in another schema',
    given: 'create schema app',
    file: 'create table app.t ()',
    cures: [...LEDGER, 'grant usage, create on schema "app" to "ROLE"'],
  },
  {
    what: 'a schema',
    file: 'create schema app',
    cures: [...LEDGER, 'grant create on database "DB" to "ROLE"'],
  },
  {
    what: 'a table to read, whose schema is named',
    given:
      'create schema "My App"; create table "My App"."my t" (a int); grant usage on schema "My App" to ROLE',
    file: '-- for the report\ninsert into "My App"."my t" select 1',
    cures: [...LEDGER, 'grant insert on table "My App"."my t" to "ROLE"'],
  },
  {
    what: 'a table to change',
    given: 'create table t (a int)',
    file: 'update t set a = 1 where a = 2',
    cures: [...LEDGER, 'grant select, update on table "t" to "ROLE"'],
  },
  {
    what: 'a table to refer to',
    given: 'create table t (a int primary key)',
    file: 'create table u (a int references t)',
    cures: [...LEDGER, 'grant references on table "t" to "ROLE"'],
  },
  {
    what: 'a table to watch',
    given:
      "create table t (a int); create function f() returns trigger language plpgsql as 'begin return new; end'",
    file: 'create or replace trigger g before insert on t for each row execute function f()',
    cures: [...LEDGER, 'grant trigger on table "t" to "ROLE"'],
  },
  {
    what: 'a table that is changed inside a DO block',
    given: 'create schema app; create table app.t (a int); grant usage on schema app to ROLE',
    file: 'do $$ begin insert into app.t values (1); end $$',
    cures: [...LEDGER, 'grant insert on table "app"."t" to "ROLE"'],
  },
  {
    what: 'a function to call',
    given:
      "create function f() returns int language sql as 'select 1'; revoke execute on function f() from public",
    file: 'select f()',
    cures: [...LEDGER, 'grant execute on routine "f" to "ROLE"'],
  },
  {
    what: 'a sequence to draw from',
    given: 'create sequence s',
    file: "select nextval('s')",
    cures: [...LEDGER, 'grant usage, select, update on sequence "s" to "ROLE"'],
  },
  {
    what: 'a type to use',
    given: "create type e as enum ('a'); revoke usage on type e from public",
    file: 'create table t (a e)',
    cures: [...LEDGER, 'grant usage on type "e" to "ROLE"'],
  },
  {
    what: 'a trusted extension to create',
    file: 'create extension pg_trgm',
    cures: [...LEDGER, 'grant create on database "DB" to "ROLE"'],
  },
  {
    what: 'a role to create',
    file: 'create role rungs_made_here; drop role rungs_made_here',
    cures: [...LEDGER, 'alter role "ROLE" createrole'],
  },
  {
    what: 'a setting for superusers',
    file: "set log_min_messages = 'error'",
    // GRANT ON PARAMETER came in 15.
    cures:
      serverMajor < 15
        ? [...LEDGER, 'alter role "ROLE" superuser']
        : [...LEDGER, 'grant set on parameter log_min_messages to "ROLE"'],
  },
  {
    what: 'a role to act as',
    file: 'set role pg_monitor',
    cures: [...LEDGER, 'grant "pg_monitor" to "ROLE"'],
  },
];

it('an extension that only a superuser may create is not answered with a GRANT that would not do', async () => {
  const { database, rungs } = await workplace({ '1_a.up.sql': 'create extension file_fdw;' });
  const role = await createRole();
  await database.query(`grant create on schema public to ${role.name}`);
  const result = await rungs('up --json', { env: { DATABASE_URL: role.urlOf(database) } });
  expect(errorOf(result)).toMatchObject({
    reason: 'permission',
    hint: expect.stringMatching(/^connect as a superuser, or have one run the statement/),
  });
});

it.each(CASES)(
  '$what: the GRANT that the error names is the one that does',
  async ({ given, file, cures }) => {
    const { database, rungs } = await workplace({ '1_a.up.sql': `${file};` });
    const role = await createRole();
    const filled = (text: string) => text.replaceAll('ROLE', role.name).replaceAll('DB', database.name);
    await database.query('revoke create on schema public from public');
    if (given !== undefined) await database.query(filled(given));
    const env = { DATABASE_URL: role.urlOf(database) };
    const typed: string[] = [];
    for (let round = 0; round <= cures.length; round++) {
      const result = await rungs('up --json', { env });
      if (result.code === 0) break;
      const { reason, hint } = errorOf(result);
      expect(reason, JSON.stringify(errorOf(result))).toBe('permission');
      const asked = hint.startsWith('connect as a superuser') ? `alter role "${role.name}" superuser` : null;
      const cure = /: `([^`]+)`/.exec(hint)?.[1] ?? asked ?? `no cure: ${hint}`;
      typed.push(cure);
      if (!cure.startsWith('no cure')) await database.query(cure);
    }
    expect(typed).toEqual(cures.map(filled));
    expect((await rungs('version', { env })).stdout).toBe('1\n');
  },
);

it.each([
  ['table "app"."T"', 'create table app."T" (a int)', 'alter table app."T" add b int'],
  ['view "v"', 'create view v as select 1 as a', 'create or replace view v as select 2 as a'],
  ['function "f"', "create function f(int) returns int language sql as 'select 1'", 'drop function f(int)'],
])('%s of somebody else’s is left to its owner, whom a member can act as', async (object, made, file) => {
  const { database, rungs } = await workplace({ '1_a.up.sql': `${file};` });
  const [owner, role] = [await createRole(), await createRole()];
  await database.query(
    `create schema app; grant usage, create on schema public, app to ${owner.name}, ${role.name};
     grant ${owner.name} to current_user; set role ${owner.name}; ${made}; reset role; revoke ${owner.name} from current_user`,
  );
  const env = { DATABASE_URL: role.urlOf(database) };
  const { reason, hint } = errorOf(await rungs('up --json', { env }));
  expect({ reason, hint }).toEqual({
    reason: 'permission',
    hint: `role ${role.name} does not own ${object}: connect as its owner, or act as it with \`--role OWNER\`, and run \`rungs up\` again`,
  });
  await database.query(
    `drop table schema_migrations, schema_migrations_history; grant ${owner.name} to ${role.name}`,
  );
  expect(await rungs(`up --role ${owner.name}`, { env })).toMatchObject({ code: 0 });
});

it('who may not read or write the version table is told which right is missing', async () => {
  const { database, rungs } = await workplace({
    '1_a.up.sql': 'create table a ();',
    '2_b.up.sql': 'select 1;',
  });
  await rungs('up --num-steps 1');
  const role = await createRole();
  const env = { DATABASE_URL: role.urlOf(database) };
  const cures: string[] = [];
  for (const command of ['status', 'up']) {
    for (let round = 0; round < 3; round++) {
      const result = await rungs(`${command} --json`, { env });
      if (result.code === 0) break;
      const cure = /`([^`]+)`/.exec(errorOf(result).hint)?.[1] ?? '';
      cures.push(cure.replace(role.name, 'ROLE'));
      await database.query(cure);
    }
  }
  expect(cures).toEqual([
    'grant select on table "public"."schema_migrations" to "ROLE"',
    'grant select on table "public"."schema_migrations_history" to "ROLE"',
    'grant select, insert, update, delete on table "public"."schema_migrations" to "ROLE"',
    'grant select, insert, update, delete on table "public"."schema_migrations_history" to "ROLE"',
  ]);
  expect((await rungs('version', { env })).stdout).toBe('2\n');
});
