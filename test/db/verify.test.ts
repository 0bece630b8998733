/** `verify`: whether `up` would succeed, one line for each thing it depends on; nothing is written. */

import { expect, it } from 'vitest';
import { lockId } from '../../src/config/lock-id.ts';
import { type RunOptions, up, verify } from '../../src/index.ts';
import { contents } from '../support/contents.ts';
import { createDatabase } from '../support/database.ts';
import { type Document, documentOf } from '../support/documents.ts';
import { failureOf } from '../support/failure.ts';
import { folderOf } from '../support/folder.ts';
import { startPgBouncer, throughPgBouncer } from '../support/pgbouncer.ts';
import { createRole } from '../support/role.ts';
import { connectTo } from '../support/session.ts';
import { lines, workplace } from '../support/workplace.ts';

const FILES = {
  '1_a.up.sql': 'create table a (id int);',
  '1_a.down.sql': 'drop table a;',
  '2_b.up.sql': 'create extension pg_trgm;',
};

interface Verified extends Document {
  readonly checks: readonly {
    readonly name: string;
    readonly state: string;
    readonly message: string;
    readonly hint: string | null;
  }[];
}

async function verified(place: Awaited<ReturnType<typeof workplace>>, env: Record<string, string> = {}) {
  const result = await place.rungs('verify --json', { env });
  const document = documentOf(result) as Verified;
  const states = Object.fromEntries(document.checks.map((c) => [c.name, c.state]));
  const check = (name: string) => document.checks.filter((c) => c.name === name);
  return { code: result.code, error: document.error, states, check };
}

it('says of an empty database what up will find and do, and writes nothing', async () => {
  const place = await workplace(FILES);
  const before = await contents(place.database);
  const { code, stdout } = await place.rungs('verify');
  const told = stdout
    .replace(/connected in \d+ ms/, 'connected in N ms')
    .replace(/PostgreSQL .*/, 'PostgreSQL');
  expect(told).toBe(
    lines(
      'ok       files          2 migrations in migrations',
      'ok       connection     connected in N ms',
      'ok       server         PostgreSQL',
      'ok       rights         role postgres may read and write the version table and the journal',
      `ok       version table  public.schema_migrations is not there yet; the first \`up\` makes it in database ${place.database.name}`,
      'ok       lock           nobody holds the migration lock',
      'ok       history        2 migrations pending',
      'ok       pending files  2 files read by PostgreSQL’s grammar',
      'ok       extensions     pg_trgm: available',
      '9 ok',
    ),
  );
  expect(code).toBe(0);
  expect(await contents(place.database)).toEqual(before);
  await place.rungs('up');
  expect((await verified(place)).check('history')[0]?.message).toBe('nothing pending');
});

it('names the files of which the grammar has not read the INSERTs, whose mistakes the server will find', async () => {
  const rows = 'insert into a values (1);\n'.repeat(180_000);
  const place = await workplace({
    '1_a.up.sql': 'create table a (n int);',
    '2_b.up.sql': `${rows}insert into a valuess (2);`,
  });
  const { check } = await verified(place);
  expect(check('pending files')[0]?.message).toBe(
    '2 files read by PostgreSQL’s grammar, but for the INSERTs of migrations/2_b.up.sql: over 4 MB',
  );
  place.write({ '2_b.up.sql': `${rows}create tble b ();` });
  expect((await verified(place)).check('pending files')).toMatchObject([
    { state: 'failed', message: 'syntax error at or near "tble"' },
  ]);
});

it('names all rights that a role lacks; with the GRANTs it names, and no more, up works', async () => {
  const place = await workplace({ '1_a.up.sql': 'select 1;', '2_b.up.sql': 'select 2;' });
  const role = await createRole();
  const env = { DATABASE_URL: role.urlOf(place.database) };
  await place.database.query('revoke create on schema public from public');
  const fresh = await verified(place, env);
  expect([fresh.code, fresh.error?.reason]).toEqual([11, 'permission']);
  expect(fresh.check('rights')).toMatchObject([
    {
      state: 'failed',
      message: `role ${role.name} lacks CREATE on schema public`,
      hint: `\`grant create on schema "public" to "${role.name}"\``,
    },
  ]);
  await place.rungs('up --num-steps 1');
  const later = await verified(place, env);
  expect(later.check('rights').map((c) => c.message.replace(role.name, 'ROLE'))).toEqual([
    'role ROLE lacks SELECT, INSERT, DELETE on table schema_migrations',
    'role ROLE lacks SELECT, INSERT, UPDATE on table schema_migrations_history',
  ]);
  expect(later.states).toMatchObject({ 'version table': 'failed', lock: 'ok', history: 'skipped' });
  for (const { hint } of later.check('rights')) await place.database.query(hint?.replaceAll('`', '') ?? '');
  const granted = await verified(place, env);
  expect([granted.code, granted.states.rights]).toEqual([0, 'warning']);
  expect((await place.rungs('up', { env })).code).toBe(0);
});

it('judges each layout by its own table: of names, the sequence behind its id too; of a script, the journal alone', async () => {
  const place = await workplace({ '001_a.sql': 'select 1;' });
  const role = await createRole();
  const env = { DATABASE_URL: role.urlOf(place.database) };
  await place.database.query('grant create on schema public to public');
  await place.rungs('up');
  await place.database.query(`grant select, insert, update, delete on all tables in schema public to public`);
  const lacking = await verified(place, env);
  expect(lacking.check('rights').map((c) => c.message.replace(role.name, 'ROLE'))).toEqual([
    'role ROLE lacks USAGE on sequence public.schema_migrations_id_seq',
  ]);
  await place.database.query(lacking.check('rights')[0]?.hint?.replaceAll('`', '') ?? '');
  expect((await verified(place, env)).states.rights).toBe('ok');
  place.write({ '002_b.sql': 'select 2;' });
  expect((await place.rungs('up', { env })).code).toBe(0);

  const script = await workplace({ 'init-db.sql': 'create table users (id int);' });
  const other = await createRole();
  await script.rungs('up');
  const seen = await verified(script, { DATABASE_URL: other.urlOf(script.database) });
  expect(seen.check('rights').map((c) => c.message.replace(other.name, 'ROLE'))).toEqual([
    'role ROLE lacks SELECT, INSERT, UPDATE on table schema_migrations_history',
  ]);
});

it('goes on after a failure where it can, and its exit code is that of the first', async () => {
  const place = await workplace({
    // Of which every version's grammar thinks the same.
    '1_a.up.sql': "select 'a;",
    '2_b.up.sql': 'create extension postgis;',
  });
  const nobody = await verified(place, { DATABASE_URL: 'postgres://postgres@127.0.0.1:1/x' });
  expect([nobody.code, nobody.error?.reason]).toEqual([11, 'connection']);
  expect(nobody.states).toMatchObject({
    files: 'ok',
    connection: 'failed',
    server: 'skipped',
    extensions: 'skipped',
  });
  const broken = await verified(place);
  expect(broken.states).toMatchObject({ 'pending files': 'failed', extensions: 'skipped' });
  expect([broken.code, broken.error]).toMatchObject([10, { file: 'migrations/1_a.up.sql', line: 1 }]);
  place.write({ '1_a.up.sql': 'select 1;' });
  const lacking = await verified(place);
  expect([lacking.code, lacking.states.extensions, lacking.error?.reason]).toEqual([
    12,
    'failed',
    'extension',
  ]);
  expect((await place.rungs('verify --path nowhere')).stdout).toContain('FAILED   files          ');
});

it('has a line for each thing also where another tool owns the version table', async () => {
  const place = await workplace(FILES);
  await place.database.query('create table schema_migrations (id text)');
  const { code, states } = await verified(place);
  expect(code).toBe(15);
  expect(states).toEqual({
    files: 'ok',
    connection: 'ok',
    server: 'skipped',
    'version table': 'failed',
    rights: 'skipped',
    lock: 'skipped',
    history: 'skipped',
    'pending files': 'skipped',
    extensions: 'skipped',
  });
});

it('tells dirty, changed, ahead and out of order as up would', async () => {
  const place = await workplace(FILES);
  await place.rungs('up');
  place.write({ '1_a.up.sql': 'create table a (id bigint);' });
  expect((await verified(place)).error?.reason).toBe('changed');
  place.write({ '1_a.up.sql': 'create table a (id int);', '0_z.up.sql': 'select 0;' });
  expect((await verified(place)).error?.reason).toBe('out_of_order');
  await place.database.query('update schema_migrations set version = 9');
  expect((await verified(place)).error?.reason).toBe('ahead');
  await place.database.query('update schema_migrations set dirty = true, version = 2');
  expect((await verified(place)).error).toMatchObject({
    reason: 'dirty',
    hint: expect.stringContaining('force'),
  });
  await place.database.query('alter table schema_migrations drop column dirty');
  const strange = await verified(place);
  expect([strange.code, strange.states['version table'], strange.error?.reason]).toEqual([
    15,
    'failed',
    'ledger_shape',
  ]);
});

it('names who holds the lock, and does not judge what that run has not finished', async () => {
  const place = await workplace(FILES);
  await place.rungs('up --num-steps 1');
  const other = await connectTo(place.database, 'a deploy');
  const id = lockId('public', 'schema_migrations', place.database.name);
  await other.query('select pg_advisory_lock($1::bigint)', [String(id)]);
  await place.database.query('update schema_migrations set dirty = true');
  const { code, states, check } = await verified(place);
  expect([code, states.lock, states.history]).toEqual([0, 'warning', 'warning']);
  expect(check('lock')[0]?.message).toMatch(/^held by pid \d+, user postgres, application a deploy, from /);
});

it('fails on a database that refuses writes', async () => {
  const place = await workplace(FILES);
  await place.database.query(`alter database ${place.database.name} set default_transaction_read_only = on`);
  const { code, error, check } = await verified(place);
  expect([code, error?.reason]).toEqual([11, 'read_only']);
  expect(check('server')[0]?.message).toMatch(/set to read-only \(default_transaction_read_only\)$/);
});

/** What it says has failed, and what `up` then says. */
async function both(options: RunOptions) {
  const checks = await verify(options);
  const failed = checks.filter((c) => c.state === 'failed').map((c) => c.name);
  const { reason } = await failureOf(up(options));
  return { failed, reason };
}

it('refuses with lockStrategy transaction what up refuses with it', async () => {
  const { url: database } = await createDatabase();
  const lockStrategy = 'transaction';
  const long = folderOf({ '1_a.up.sql': 'create table a (id int); create index concurrently i on a (id)' });
  const short = folderOf({ '1_a.up.sql': 'create table a (id int)' });
  const expected = { failed: ['pending files'], reason: 'lock_strategy' };
  expect(await both({ database, lockStrategy, migrations: long })).toEqual(expected);
  expect(await both({ database, lockStrategy, migrations: short, plain: true })).toEqual(expected);
  for (const hook of ['beforeAll', 'afterAll'])
    expect(await both({ database, lockStrategy, migrations: short, hooks: { [hook]: () => {} } })).toEqual(
      expected,
    );
  const checks = await verify({ database, migrations: long });
  expect(checks.map((c) => c.state)).not.toContain('failed');
});

throughPgBouncer('verify through a pooler', () => {
  it.each([
    ['transaction', 'session', true],
    ['transaction', 'transaction', false],
    ['statement', 'session', true],
    ['statement', 'transaction', true],
    ['session', 'session', false],
  ] as const)('in %s mode, with lockStrategy %s: is refused %s', async (mode, lockStrategy, isRefused) => {
    const database = await createDatabase();
    const { url } = await startPgBouncer(database, mode);
    const migrations = folderOf({ '1_a.up.sql': 'create table a (id int)' });
    const options = { database: url, migrations, lockStrategy };
    if (isRefused) expect(await both(options)).toEqual({ failed: ['lock'], reason: 'pooler' });
    else {
      const checks = await verify(options);
      expect(checks.map((c) => c.state)).not.toContain('failed');
      expect((await up(options)).to).toBe(1n);
    }
  });
});
