/** The role that sessions act as, and the name that they give themselves. */

import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { down, migrateOnStart, status, up } from '../../../src/index.ts';
import { createDatabase, type Database } from '../../support/database.ts';
import { failureOf } from '../../support/failure.ts';
import { folderOf } from '../../support/folder.ts';
import { until } from '../../support/session.ts';

const tag = randomBytes(4).toString('hex');
const [login, owner] = [`deploy_${tag}`, `Owner of ${tag}`];
const withMore = (text: string, more: string) => `${text}${text.includes('?') ? '&' : '?'}${more}`;
let database: Database;
let url: string;

beforeAll(async () => {
  database = await createDatabase();
  await database.query(`create role "${owner}"; create role ${login} login password 'p'; grant "${owner}" to ${login};
    create schema app authorization "${owner}"; alter database ${database.name} set search_path = app`);
  const as = new URL(database.url);
  as.username = login;
  as.password = 'p';
  url = as.href;
});

afterAll(async () => {
  await database.query(
    `drop owned by "${owner}", ${login} cascade; drop role ${login}; drop role "${owner}"`,
  );
});

it('owns all that is made, whatever a file does with roles', async () => {
  const migrations = folderOf({
    '1_a.up.sql': 'create table a (id int); reset role; set role none;',
    '2_b.up.sql': 'create table b (id int)',
    '3_c.up.sql': 'create index concurrently on b (id)',
  });
  await up({ database: url, migrations, role: owner });
  const owners = await database.query(
    "select distinct pg_get_userbyid(relowner) as name from pg_class where relnamespace = 'app'::regnamespace",
  );
  expect(owners).toEqual([{ name: owner }]);
  const rows = await database.query(
    "select count(*)::int as n from pg_class where relnamespace = 'app'::regnamespace and relkind = 'r'",
  );
  expect(rows).toEqual([{ n: 4 }]);
  expect(await status({ database: url, migrations, role: owner })).toMatchObject({ version: 3n });
});

it('wins over the connection string’s own', async () => {
  const migrations = folderOf({ '1_a.up.sql': 'create table mine as select current_user::text as name' });
  const more = withMore(url, 'role=none_such&x-migrations-table=other');
  expect(await failureOf(up({ database: more, migrations }))).toMatchObject({
    reason: 'connection',
    sqlstate: '22023',
  });
  await up({ database: more, migrations, role: owner });
  expect(await database.query('select name from app.mine')).toEqual([{ name: owner }]);
});

it('does not keep a running statement from being cancelled', async () => {
  const controller = new AbortController();
  const migrations = folderOf({ '1_a.up.sql': 'select pg_sleep(60)' });
  const target = withMore(url, 'x-migrations-table=slow');
  const running = up({ database: target, migrations, role: owner, signal: controller.signal });
  await until('it sleeps', async () => {
    const rows = await database.query(
      `select from pg_stat_activity where query like '%pg_sleep(60)%' and usename = $1 and state = 'active'`,
      [login],
    );
    return rows.length === 1;
  });
  const begun = performance.now();
  controller.abort();
  expect(await failureOf(running)).toMatchObject({ reason: 'cancelled' });
  expect(performance.now() - begun).toBeLessThan(20_000);
});

describe('a client on loan', () => {
  const who = "select current_user as name, current_setting('role') as role";

  it.each(['none', owner])('acts as it, and comes back as %s', async (own) => {
    const client = new pg.Client(url);
    await client.connect();
    await client.query(`set role "${own}"; set search_path = app`);
    const before = (await client.query(who)).rows;
    const table = { name: own === 'none' ? 'lent' : 'lent_too' };
    const acting = { database: client, role: owner, table };
    const made = `made_by_${table.name}`;
    const migrations = folderOf({
      '1_a.up.sql': `create table ${made} as select current_user::text as name; reset role;`,
      '1_a.down.sql': 'select current_user',
      '2_b.up.sql': `insert into ${made} select current_user`,
      '2_b.down.sql': 'this is no SQL',
    });
    await up({ ...acting, migrations });
    expect(await database.query(`select name from app.${made}`)).toEqual([{ name: owner }, { name: owner }]);
    expect((await client.query(who)).rows).toEqual(before);
    await failureOf(down({ ...acting, migrations }));
    expect((await client.query(who)).rows).toEqual(before);
    await status({ ...acting, migrations });
    await migrateOnStart({ client, role: owner, table, migrations });
    expect((await client.query(who)).rows).toEqual(before);
    await client.end();
  });

  it('that may not act as it is refused, and left as it was', async () => {
    const client = new pg.Client(url);
    await client.connect();
    const before = (await client.query(who)).rows;
    const error = await failureOf(up({ database: client, role: 'none_such', migrations: folderOf({}) }));
    expect(error).toMatchObject({
      code: 'MIGRATION_INIT_FAILED',
      operation: 'act as the role none_such',
      sqlstate: '22023',
    });
    expect((await client.query(who)).rows).toEqual(before);
    await client.end();
  });
});

it('is not needed for the name, which says the command unless something else is wanted', async () => {
  const { url: other, query } = await createDatabase();
  const name = "(select current_setting('application_name'))";
  const migrations = folderOf({
    '1_a.up.sql': `create table names as select ${name} as name`,
    '1_a.down.sql': `insert into names select ${name}`,
  });
  const names = async () => (await query('select name from names')).map((row) => row.name);
  await up({ database: other, migrations });
  await down({ database: other, migrations });
  expect(await names()).toEqual(['rungs up', 'rungs down']);
  const more = withMore(other, 'application_name=mine');
  await query('drop table names');
  await up({ database: more, migrations, applicationName: 'yours' });
  expect(await names()).toEqual(['mine']);
});
