/** Many schemas in one run: each has all the promises of one, and they share connections, files and their parsing. */

import { describe, expect, it } from 'vitest';
import { type FleetOptions, type FleetReport, fleet, up } from '../../src/index.ts';
import { createDatabase } from '../support/database.ts';
import { folderOf } from '../support/folder.ts';
import { withParameters } from '../support/golang-migrate.ts';
import { queries, startProxy } from '../support/proxy.ts';
import { createTenants, MARKS, marksIn, type Tenants, versionsIn } from '../support/tenants.ts';

const statesOf = ({ targets }: FleetReport) => targets.map((t) => t.state);
const stateOf = ({ targets }: FleetReport, name: string) => targets.find((t) => t.name === name)?.state;
const all = <T>({ schemas }: Tenants, value: T) => Object.fromEntries(schemas.map((s) => [s, value]));

function run(tenants: Tenants, options: Partial<FleetOptions> = {}): Promise<FleetReport> {
  return fleet({
    database: tenants.database.url,
    targets: tenants.schemas.map((schema) => ({ schema })),
    migrations: folderOf(MARKS),
    ...options,
  });
}

describe('a fleet of schemas', () => {
  it('migrates each of them once, on no more connections than it may have at once', async () => {
    const tenants = await createTenants(30);
    const proxy = await startProxy(tenants.database.url);
    const report = await run(tenants, { database: proxy.url, concurrency: 4 });
    expect(report.error).toBe(null);
    expect(statesOf(report)).toEqual(tenants.schemas.map(() => 'migrated'));
    expect(report.targets.map((t) => t.report?.applied.length)).toEqual(tenants.schemas.map(() => 3));
    expect(await marksIn(tenants)).toEqual(all(tenants, ['1', '2', '3']));
    expect(await versionsIn(tenants)).toEqual(all(tenants, '3'));
    expect(proxy.connections).toBeGreaterThan(1);
    expect(proxy.connections).toBeLessThanOrEqual(4);
    expect(await tenants.database.query("select from pg_tables where schemaname = 'public'")).toEqual([]);
  });

  it('costs an up-to-date schema two round trips and no connection of its own', async () => {
    const tenants = await createTenants(20);
    await run(tenants);
    const proxy = await startProxy(tenants.database.url);
    const report = await run(tenants, { database: proxy.url, concurrency: 2 });
    expect(statesOf(report)).toEqual(tenants.schemas.map(() => 'up-to-date'));
    // One for each connection, to see that there is no pooler.
    expect(queries(proxy)).toHaveLength(20 * 2 + proxy.connections);
    expect(queries(proxy).filter((text) => text.includes('advisory_lock'))).toEqual([]);
  });

  it('costs a schema with one pending migration six round trips', async () => {
    const tenants = await createTenants(10);
    const first = { '1_marks.up.sql': MARKS['1_marks.up.sql'], '1_marks.down.sql': '' };
    await run(tenants, { migrations: folderOf(first) });
    const proxy = await startProxy(tenants.database.url);
    const second = { ...first, '2_second.up.sql': MARKS['2_second.up.sql'], '2_second.down.sql': '' };
    const report = await run(tenants, {
      database: proxy.url,
      concurrency: 2,
      migrations: folderOf(second),
    });
    expect(report.error).toBe(null);
    // Identify and read, take the lock, read again, the migration itself, let the lock go.
    expect(queries(proxy)).toHaveLength(10 * 6 + proxy.connections);
    expect(await marksIn(tenants)).toEqual(all(tenants, ['1', '2']));
  });

  it('takes names as they are, quotes, blanks and all', async () => {
    const tenants = await createTenants(['Ten ant', 'üñ', 'a"b', "it's", 'Select', 'x\\y', '$$', 'a, b']);
    const report = await run(tenants, { concurrency: 2 });
    expect(report.targets.map((t) => [t.name, t.state, t.error?.message])).toEqual(
      tenants.schemas.map((s) => [s, 'migrated', undefined]),
    );
    expect(await marksIn(tenants)).toEqual(all(tenants, ['1', '2', '3']));
    // One alone has the connection that `up` has, and its schema from the start.
    const again = await run({ ...tenants, schemas: ['Ten ant'] });
    expect(statesOf(again)).toEqual(['up-to-date']);
  });

  it('leaves nothing of one schema’s session to the next', async () => {
    const tenants = await createTenants(6);
    const migrations = folderOf({
      '1_leaks.up.sql': `create temp table left_over (n int); prepare left_over as select 1; set work_mem = '77MB';
        select pg_advisory_lock(4711); create table seen as select current_setting('work_mem') as work_mem,
        (select count(*) from pg_prepared_statements) as prepared, to_regclass('pg_temp.left_over') is not null as temporary,
        (select count(*) from pg_locks where locktype = 'advisory' and objid = 4711 and pid <> pg_backend_pid()) as others;`,
      '1_leaks.down.sql': '',
      '2_after.up.sql': 'create table after_it as select current_schema() as schema;',
      '2_after.down.sql': '',
    });
    const report = await run(tenants, { migrations, concurrency: 1, plain: true });
    expect(report.error).toBe(null);
    for (const schema of tenants.schemas) {
      const [row] = await tenants.database.query(`select * from ${schema}.seen`);
      expect(row).toMatchObject({ work_mem: '77MB', prepared: '1', temporary: true, others: '0' });
      expect(await tenants.database.query(`select schema from ${schema}.after_it`)).toEqual([{ schema }]);
    }
  });

  it('finds its own schema again where a file sets or resets the search_path', async () => {
    const tenants = await createTenants(5);
    const migrations = folderOf({
      '1_away.up.sql': 'set search_path = pg_catalog; select 1;',
      '1_away.down.sql': '',
      '2_here.up.sql': 'create table here (n int);',
      '2_here.down.sql': '',
      '3_reset.up.sql': 'reset search_path; create table after_reset (n int);',
      '3_reset.down.sql': '',
    });
    const report = await run(tenants, { migrations, concurrency: 2 });
    expect(report.targets.map((t) => t.error?.message)).toEqual(tenants.schemas.map(() => undefined));
    const rows = await tenants.database.query(
      "select schemaname as s, tablename as t from pg_tables where tablename in ('here', 'after_reset') order by 1, 2",
    );
    expect(rows).toEqual(tenants.schemas.flatMap((s) => ['after_reset', 'here'].map((t) => ({ s, t }))));
  });

  it('lets a file that resets the search_path in words not foreseen fail, rather than reach another schema', async () => {
    const tenants = await createTenants(3);
    const migrations = folderOf({
      '1_odd.up.sql': "do $$ begin execute 'res' || 'et search_path'; end $$; create table stray (n int);",
      '1_odd.down.sql': '',
    });
    const report = await run(tenants, { migrations, concurrency: 1, canary: 0, maxFailures: 3 });
    expect(report.targets.map((t) => t.error?.sqlstate)).toEqual(['3F000', '3F000', '3F000']);
    expect(await tenants.database.query("select from pg_tables where tablename = 'stray'")).toEqual([]);
  });

  it('continues a half-done file in its own schema, and indexes concurrently', async () => {
    const tenants = await createTenants(4);
    const migrations = folderOf({
      ...MARKS,
      '4_index.up.sql': 'create index concurrently marks_mark on marks (mark);\nselect 1;\n',
      '4_index.down.sql': 'drop index marks_mark;',
    });
    const report = await run(tenants, { migrations, concurrency: 2 });
    expect(report.targets.map((t) => t.error?.message)).toEqual(tenants.schemas.map(() => undefined));
    const rows = await tenants.database.query(
      "select n.nspname as s from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace where c.relname = 'marks_mark' and i.indisvalid order by 1",
    );
    expect(rows.map((r) => r.s)).toEqual(tenants.schemas);
  });

  it('says of a schema that is not there how to make it, and makes none', async () => {
    const tenants = await createTenants(2);
    const targets = [...tenants.schemas, 'not "there"'].map((schema) => ({ schema }));
    const report = await run(tenants, { targets, canary: 0, maxFailures: 5 });
    expect(statesOf(report)).toEqual(['migrated', 'migrated', 'failed']);
    expect(report.error?.reason).toBe('no_schema');
    expect(report.error?.hint).toContain('`create schema "not ""there"""`');
    expect(await tenants.database.query("select from pg_namespace where nspname like 'not%'")).toEqual([]);
  });

  it('has a new connection where the server has ended one between two schemas', async () => {
    const tenants = await createTenants(3);
    const report = await run(tenants, {
      concurrency: 1,
      hooks: ({ name }) => ({
        afterAll: async () => {
          if (name !== 'tenant_01') return;
          await tenants.database.query(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'rungs fleet'",
          );
        },
      }),
    });
    expect(statesOf(report)).toEqual(['migrated', 'migrated', 'migrated']);
    expect(report.targets[0]?.report?.warnings.map((w) => w.reason)).toEqual(['close_failed']);
    expect(report.targets[1]?.report?.warnings).toEqual([]);
  });
});

describe('the order of a fleet', () => {
  const failing = { '1_marks.up.sql': 'create table taken (n int);\n', '1_marks.down.sql': '' };
  /** Where the migration is going to fail. */
  const spoil = async (tenants: Tenants, ...schemas: readonly string[]) => {
    for (const schema of schemas) await tenants.database.query(`create table ${schema}.taken ()`);
  };

  it('is the list’s, with the canaries before all others and one by one', async () => {
    const tenants = await createTenants(8);
    const under = new Set<string>();
    const begun: string[] = [];
    let most = 0;
    const report = await run(tenants, {
      canary: ['tenant_05', 'tenant_03'],
      onEvent: ({ kind, target }) => {
        if (kind === 'begun') begun.push(target.name);
        if (kind === 'begun') under.add(target.name);
        if (kind === 'ended') under.delete(target.name);
        if (begun.length <= 2) most = Math.max(most, under.size);
      },
    });
    expect(begun.slice(0, 2)).toEqual(['tenant_03', 'tenant_05']);
    expect(most).toBe(1);
    expect(report.targets.map((t) => t.name)).toEqual(tenants.schemas);
    expect(report.targets.filter((t) => t.isCanary).map((t) => t.name)).toEqual(['tenant_03', 'tenant_05']);
  });

  it('ends with a canary that fails, however many failures are allowed', async () => {
    const tenants = await createTenants(5);
    await spoil(tenants, 'tenant_01');
    const report = await run(tenants, { migrations: folderOf(failing), maxFailures: 99 });
    expect(statesOf(report)).toEqual(['failed', 'not-begun', 'not-begun', 'not-begun', 'not-begun']);
    expect(report.error).toMatchObject({ code: 'MIGRATION_UP_FAILED', sqlstate: '42P07' });
    expect(report.targets[0]?.error).toBe(report.error);
  });

  it('begins no more after the first failure, and lets those under way end', async () => {
    const tenants = await createTenants(12);
    await spoil(tenants, 'tenant_03');
    const report = await run(tenants, { migrations: folderOf(failing), concurrency: 3 });
    expect(stateOf(report, 'tenant_03')).toBe('failed');
    const states = statesOf(report);
    expect(states.filter((s) => s === 'failed')).toHaveLength(1);
    expect(states).toContain('not-begun');
    for (const { name, state } of report.targets) {
      const there = await tenants.database.query(`select to_regclass('${name}.schema_migrations') as t`);
      if (state === 'not-begun') expect(there).toEqual([{ t: null }]);
      if (state === 'migrated') expect(there).toEqual([{ t: `${name}.schema_migrations` }]);
    }
  });

  it('goes on until as many have failed as may', async () => {
    const tenants = await createTenants(10);
    await spoil(tenants, 'tenant_02', 'tenant_04', 'tenant_06');
    const options = { migrations: folderOf(failing), concurrency: 1, canary: 0 };
    const some = await run(tenants, { ...options, maxFailures: 2 });
    expect(statesOf(some).slice(0, 5)).toEqual(['migrated', 'failed', 'migrated', 'failed', 'not-begun']);
    const every = await run(tenants, { ...options, maxFailures: Number.POSITIVE_INFINITY });
    expect(statesOf(every).filter((s) => s === 'failed')).toHaveLength(3);
    expect(statesOf(every)).not.toContain('not-begun');
    // A failure of one leaves no dirty version in it, and none in its neighbours.
    expect(Object.values(await versionsIn(tenants))).not.toContain('1 dirty');
  });

  it('resumes: what a report of the same files has as up to date is not looked at', async () => {
    const tenants = await createTenants(6);
    await spoil(tenants, 'tenant_04');
    const migrations = folderOf(failing);
    const first = await run(tenants, { migrations, concurrency: 1 });
    expect(statesOf(first)).toEqual(['migrated', 'migrated', 'migrated', 'failed', 'not-begun', 'not-begun']);
    await tenants.database.query('drop table tenant_04.taken');
    const begun: string[] = [];
    const second = await run(tenants, {
      migrations,
      resume: first,
      onEvent: ({ kind, target }) => void (kind === 'begun' && begun.push(target.name)),
    });
    expect(statesOf(second)).toEqual([
      ...['done-before', 'done-before', 'done-before'],
      ...['migrated', 'migrated', 'migrated'],
    ]);
    expect(begun.sort()).toEqual(['tenant_04', 'tenant_05', 'tenant_06']);
    const third = await run(tenants, { migrations, resume: second });
    expect(new Set(statesOf(third))).toEqual(new Set(['done-before']));
  });

  it('resumes nothing from a report of other files, and says so', async () => {
    const tenants = await createTenants(2);
    const first = await run(tenants, { migrations: folderOf(failing) });
    const more = folderOf({ ...failing, '2_more.up.sql': 'select 1', '2_more.down.sql': '' });
    const second = await run(tenants, { migrations: more, resume: first });
    expect(statesOf(second)).toEqual(['migrated', 'migrated']);
    expect(second.warnings.map((w) => w.reason)).toEqual(['other_report']);
  });

  it('writes nothing in a dry run, and says of each what would be', async () => {
    const tenants = await createTenants(3);
    await up({
      database: withParameters(tenants.database.url, { search_path: 'tenant_02' }),
      migrations: folderOf(MARKS),
    });
    const report = await run(tenants, { dryRun: true });
    expect(statesOf(report)).toEqual(['pending', 'up-to-date', 'pending']);
    expect(report.targets.map((t) => t.report?.applied.length)).toEqual([3, 0, 3]);
    expect(await versionsIn(tenants)).toEqual({ tenant_01: 'none', tenant_02: '3', tenant_03: 'none' });
  });

  it('ends with the caller’s signal: what is under way is rolled back, and no more is begun', async () => {
    const tenants = await createTenants(6);
    const controller = new AbortController();
    const migrations = folderOf({
      '1_slow.up.sql': 'create table slow (n int);\nselect pg_sleep(600);\n',
      '1_slow.down.sql': '',
    });
    const report = await run(tenants, {
      migrations,
      canary: 0,
      concurrency: 2,
      signal: controller.signal,
      maxFailures: Number.POSITIVE_INFINITY,
      onEvent: ({ kind, target }) => {
        if (kind !== 'begun' || target.name !== 'tenant_02') return;
        void sleeping(tenants, 2).then(() => controller.abort());
      },
    });
    expect(statesOf(report)).toEqual(['failed', 'failed', ...Array(4).fill('not-begun')]);
    expect(report.targets.slice(0, 2).map((t) => t.error?.reason)).toEqual(['cancelled', 'cancelled']);
    expect(await tenants.database.query("select from pg_tables where tablename = 'slow'")).toEqual([]);
  });
});

async function sleeping({ database }: Tenants, count: number): Promise<void> {
  for (;;) {
    const rows = await database.query(
      "select from pg_stat_activity where datname = current_database() and query like '%pg_sleep(600)%' and wait_event = 'PgSleep'",
    );
    if (rows.length === count) return;
  }
}

describe('the targets of a fleet', () => {
  it('are databases, each by its URL, and a wrong one among them is its own failure', async () => {
    const [one, two] = [await createDatabase(), await createDatabase()];
    const nowhere = new URL(one.url);
    nowhere.pathname = '/not_there_at_all';
    nowhere.password = 'hunter2-secret';
    const report = await fleet({
      targets: [one.url, { url: nowhere.href, name: 'third' }, two.url],
      migrations: folderOf(MARKS),
      maxFailures: 9,
    });
    expect(statesOf(report)).toEqual(['migrated', 'failed', 'migrated']);
    expect(report.targets[0]?.name).toContain(one.name);
    expect(report.targets[1]).toMatchObject({ name: 'third', error: { reason: 'connection' } });
    expect(JSON.stringify(report, (_, v) => (typeof v === 'bigint' ? String(v) : v))).not.toContain(
      'hunter2',
    );
  });

  it('are what a query of the configured database says, which may write nothing', async () => {
    const tenants = await createTenants(3);
    await tenants.database.query(
      "create table tenant (slug text, schema_name text); insert into tenant values ('b', 'tenant_02'), ('a', 'tenant_01')",
    );
    const query = 'select schema_name as schema, slug as name from tenant order by slug; -- all of them';
    const report = await run(tenants, { targets: { query } });
    expect(report.targets.map((t) => [t.name, t.state])).toEqual([
      ['a', 'migrated'],
      ['b', 'migrated'],
    ]);
    expect(await versionsIn(tenants)).toMatchObject({ tenant_01: '3', tenant_02: '3', tenant_03: 'none' });
    const writing = run(tenants, {
      targets: { query: 'delete from tenant returning schema_name as schema' },
    });
    await expect(writing).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      reason: 'targets',
      sqlstate: '25006',
      hint: expect.stringContaining('only reads'),
    });
    const nameless = run(tenants, { targets: { query: 'select slug as tenant_name from tenant' } });
    await expect(nameless).rejects.toMatchObject({
      reason: 'targets',
      message: 'the query has no column called schema or url; it has tenant_name',
    });
  });

  it('may be URLs of a query, with schemas beside them', async () => {
    const [one, two] = [await createTenants(2), await createTenants(2)];
    const url = two.database.url.replaceAll("'", "''");
    const query = `select '${url}' as url, s as schema from unnest(array['tenant_01', 'tenant_02']) s`;
    const report = await run(one, { targets: { query } });
    expect(statesOf(report)).toEqual(['migrated', 'migrated']);
    expect(await versionsIn(two)).toEqual(all(two, '3'));
    expect(await versionsIn(one)).toEqual(all(one, 'none'));
  });

  it('are refused where there are none, unless that may be', async () => {
    const tenants = await createTenants(1);
    await expect(run(tenants, { targets: [] })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      reason: 'no_targets',
    });
    const query = "select nspname as schema from pg_namespace where nspname = 'none'";
    await expect(run(tenants, { targets: { query } })).rejects.toMatchObject({ reason: 'no_targets' });
    const report = await run(tenants, { targets: { query }, allowEmpty: true });
    expect(report).toMatchObject({ targets: [], error: null });
  });

  it('cannot have a canary that is not among them', async () => {
    const tenants = await createTenants(2);
    await expect(run(tenants, { canary: ['tenant_01', 'tenant_9'] })).rejects.toMatchObject({
      reason: 'targets',
      message: 'no target is called "tenant_9", to be a canary',
    });
    expect(await versionsIn(tenants)).toEqual(all(tenants, 'none'));
  });

  it('have hooks around them, which learn which target it is', async () => {
    const tenants = await createTenants(3);
    const heard: string[] = [];
    const hooks: FleetOptions['hooks'] = ({ name, schema }) => ({
      beforeEach: folderFile,
      afterAll: () => void heard.push(`${name} ${schema}`),
    });
    const folderFile = `${folderOf({ 'before.sql': "select set_config('app.hooked', 'yes', true);" })}/before.sql`;
    const migrations = folderOf({
      '1_a.up.sql': "create table a as select current_setting('app.hooked') as hooked",
      '1_a.down.sql': '',
    });
    const report = await run(tenants, { hooks, migrations });
    expect(report.error).toBe(null);
    expect(heard.sort()).toEqual(tenants.schemas.map((s) => `${s} ${s}`));
    expect(await tenants.database.query('select hooked from tenant_03.a')).toEqual([{ hooked: 'yes' }]);
  });

  it('whose hooks cannot be told have failed, and no others', async () => {
    const tenants = await createTenants(2);
    const hooks: FleetOptions['hooks'] = async ({ name }) => {
      if (name === 'tenant_01') throw new Error('no hooks today');
      return {};
    };
    const report = await run(tenants, { hooks, canary: 0, maxFailures: Infinity });
    expect(report.targets.map(({ error }) => [error?.reason, error?.message])).toEqual([
      ['callback', 'the caller’s hooks threw: no hooks today'],
      [undefined, undefined],
    ]);
  });
});
