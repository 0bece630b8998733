// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is what migration files have for placeholders
/** A build reads files with values like those that its runs give: one release for many databases. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BuildFailure } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { alone, bundled, outfileOf, plugin, projectOf, run } from '../support/built.ts';
import { rungs } from '../support/cli.ts';
import { createDatabase } from '../support/database.ts';
import { errorOf } from '../support/documents.ts';

type Values = Readonly<Record<string, string>>;

const FILES = {
  '1_a.up.sql': `begin;
create schema \${schema}; -- \${not_this}
create table \${schema}.t (note varchar(\${n}));
copy \${schema}.t from stdin;
\${schema}
\\.
insert into \${schema}.t values ('\${note}');
commit;
`,
  '1_a.down.sql': 'drop schema ${schema} cascade;',
  '2_b.up.sql': "select '${note}';\nvacuum ${schema}.t;\ninsert into ${schema}.t values (\n'${:x}'\n);\n",
};
const VALUES = { schema: 'sample_schema', n: '20', note: 'a sample' };

const environment = (values: Values) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [`RUNGS_PLACEHOLDER_${name}`, value]));

function build(files: Values, values: Values | null) {
  const project = projectOf({
    ...Object.fromEntries(Object.entries(files).map(([name, text]) => [`migrations/${name}`, text])),
    ...(values === null ? {} : { 'rungs.yaml': `placeholders: ${JSON.stringify(values)}\n` }),
  });
  return { project, built: rungs(['build', '--json'], { cwd: project }) };
}

async function bundleOf(files: Values, values: Values | null): Promise<string> {
  const { project, built } = build(files, values);
  expect(await built).toMatchObject({ code: 0, stderr: '' });
  return alone(join(project, 'dist/migrate.mjs'));
}

async function up(file: string, values: Values, words: readonly string[] = ['up', '--json']) {
  const database = await createDatabase();
  const env = { DATABASE_URL: database.url, ...environment(values) };
  return { database, env, result: await run(file, words, { env }) };
}

describe('one file', () => {
  it('runs with each database’s own values, and has none of the build’s in it', async () => {
    const file = await bundleOf(FILES, VALUES);
    const text = readFileSync(file, 'utf8');
    for (const value of [VALUES.schema, VALUES.note]) expect(text).not.toContain(value);
    for (const schema of ['a', 'much_longer_than_the_sample_schema']) {
      const { database, env, result } = await up(file, { schema, n: '1000', note: "it''s;\n-- here" });
      expect(result).toMatchObject({ code: 0 });
      expect(JSON.parse(result.stdout).applied).toMatchObject([{ mode: 'atomic' }, { mode: 'resumable' }]);
      expect(await database.query(`select note from ${schema}.t`)).toEqual(
        ['${schema}', "it's;\n-- here", '${x}'].map((note) => ({ note })),
      );
      expect((await run(file, ['down', '2', '--yes', '--allow-missing-down'], { env })).code).toBe(0);
      expect(await database.query(`select to_regclass('${schema}.t') as t`)).toEqual([{ t: null }]);
    }
  });

  it('needs them where it runs: nothing is taken from the build', async () => {
    const file = await bundleOf(FILES, VALUES);
    const { result } = await up(file, { schema: 'a', n: '5' });
    expect(errorOf(result)).toMatchObject({
      reason: 'placeholder',
      message: 'the placeholder ${note} has no value',
      file: 'migrations/1_a.up.sql',
      line: 7,
      column: 34,
      details: ['also: migrations/2_b.up.sql:1:9: the placeholder ${note} has no value'],
    });
  });

  it('tells the server’s error at its place in the file as written', async () => {
    const file = await bundleOf(FILES, VALUES);
    const { result } = await up(file, { schema: 'a', n: '5000000000', note: 'x\ny' });
    expect(errorOf(result)).toMatchObject({ sqlstate: '42601', line: 3, column: 40 });
  });

  it.each([
    { schema: 'a; drop table x' },
    { note: "'; drop table x; --" },
    { note: "it's" },
    { schema: 'a /*' },
    { schema: 'a $$' },
    { n: '5)); select ((1' },
  ])(
    'refuses values that move where its statements end, before anything is run: %j',
    async (values: Values) => {
      const file = await bundleOf(FILES, VALUES);
      const { result, database } = await up(file, { schema: 'a', n: '8', note: 'n', ...values });
      const [name] = Object.keys(values);
      expect(errorOf(result)).toMatchObject({
        reason: 'placeholder',
        message: expect.stringContaining(`the value of \${${name}} has a quote, a comment or a ; that ends`),
        hint: expect.stringMatching(
          /breaks the SQL here .*; correct the value, and run the same command again$/,
        ),
      });
      expect(await database.query("select to_regclass('schema_migrations') as t")).toEqual([{ t: null }]);
    },
  );

  it('built by who has not asked for placeholders has none', async () => {
    const file = await bundleOf({ '1_a.up.sql': "create table t as select '${a}'::text as a" }, null);
    const { result, database } = await up(file, { a: 'filled in' });
    expect(result.code).toBe(0);
    expect(await database.query('select a from t')).toEqual([{ a: '${a}' }]);
  });
});

describe('a build', () => {
  it('without values like the real ones says which are missing', async () => {
    const { built } = build(FILES, { schema: 'a', n: '8' });
    expect(errorOf(await built)).toMatchObject({ reason: 'placeholder', line: 7, column: 34 });
  });

  it('refuses what only the values would decide', async () => {
    const { built } = build(
      {
        '1_a.up.sql': 'select 1;\n/* here */ ${what} table t ();',
        '2_b.up.sql': 'create index concurrently i on ${schema}.t (id);',
        '3_c.up.sql': 'create extension ${schema};',
      },
      { what: 'create', schema: 'a' },
    );
    const error = errorOf(await built);
    expect(error).toMatchObject({ file: 'migrations/1_a.up.sql', line: 2, column: 12 });
    expect(error.message).toContain('no statement can begin with a placeholder');
    expect(error.details).toEqual([
      expect.stringMatching(/^also: migrations\/2_b\.up\.sql:1:32: .* CONCURRENTLY/),
      expect.stringMatching(/^also: migrations\/3_c\.up\.sql:1:18: .* CREATE EXTENSION/),
    ]);
  });

  it('tells a syntax error at its place in the file as written', async () => {
    const { built } = build(
      { '1_a.up.sql': "select '${schema}',\n '${schema}' from from;" },
      { schema: 'a\nb' },
    );
    expect(errorOf(await built)).toMatchObject({ reason: 'syntax', line: 2, column: 19 });
  });
});

describe('an import', () => {
  const MAIN = `
import migrations from 'migrations:./migrations';
import { migrateOnStart } from 'rungs';
await migrateOnStart({ url: process.env.DATABASE_URL, migrations, placeholders: { schema: process.env.SCHEMA } });
`;

  it('takes values for the build from the plugin’s options, and for the run from the service', async () => {
    const text = 'create schema ${schema};\ncreate table ${schema}.t ();';
    const project = projectOf({ 'main.mjs': MAIN, 'migrations/1_a.up.sql': text });
    await bundled(project, { plugins: [await plugin({ placeholders: { schema: 'sample_schema' } })] });
    const file = alone(outfileOf(project));
    expect(readFileSync(file, 'utf8')).not.toContain('sample_schema');
    const { url, query } = await createDatabase();
    expect(await run(file, [], { env: { DATABASE_URL: url, SCHEMA: 'live' } })).toMatchObject({ code: 0 });
    expect(await query("select to_regclass('live.t')::text as t")).toEqual([{ t: 'live.t' }]);
  });

  it('that lacks one is a build error at its place', async () => {
    const project = projectOf({ 'main.mjs': MAIN, 'migrations/1_a.up.sql': 'select 1;\n select ${schema};' });
    const failed = bundled(project, { plugins: [await plugin({ placeholders: {} })] });
    const { errors } = (await failed.catch((e: unknown) => e)) as BuildFailure;
    expect(errors).toMatchObject([
      { text: 'the placeholder ${schema} has no value', location: { line: 2, column: 8 } },
    ]);
  });
});
