/** `import migrations from 'migrations:./db/migrations'` in programs of users. */

import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type BuildFailure, type BuildResult, context, type Message } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { readMigrations } from '../../src/index.ts';
import type { Migrations } from '../../src/migration.ts';
import { analyseFile } from '../../src/sql/analysis.ts';
import { alone, bundled, outfileOf, plugin, projectOf, run } from '../support/built.ts';
import { createDatabase } from '../support/database.ts';

const IMPORT = "import migrations from 'migrations:./db/migrations';\n";
const SHOW = `${IMPORT}
const text = JSON.stringify(migrations, (_, v) => (typeof v === 'bigint' ? 'bigint ' + v : v));
process.stdout.write(text);
`;

const inFolder = (files: Readonly<Record<string, string | Uint8Array>>) =>
  Object.fromEntries(Object.entries(files).map(([name, text]) => [`db/migrations/${name}`, text]));

const HOLE = '$'.concat('{process.exit(1)}');
/** What JavaScript, esbuild, editors or checkouts could take for something else. */
const NASTY = {
  '000001_nasty.up.sql': [
    `select '\\n \\\\ \\u0041', E'\\x41' as "\`${HOLE}\`";`,
    "select '</script><!-- -->', '\u2028\u2029', '\u{1f418}é', '\ufeff', '\u007f\u0085';\r",
    `select '$&$1$$', $$ ${HOLE} \`y\` $$;\r\n\r`,
    '-- no line break at the end',
  ].join('\n'),
  '000001_nasty.down.sql': '\ufeffselect 1; -- after a byte order mark\n',
  '000002_empty.up.sql': '',
  '9007199254740993_above_what_a_number_holds.up.sql': '-- rungs: no-transaction\nvacuum;\n',
  '7_almost.sql': 'select 7;',
  'README.md': 'not a migration',
};

/** The value of the folder, as the program above shows it. */
async function shownFolder(project: string): Promise<unknown> {
  const before = process.cwd();
  process.chdir(project);
  try {
    const read = await readMigrations('db/migrations');
    return JSON.parse(
      JSON.stringify(await withAnalysis(read), (_, v) => (typeof v === 'bigint' ? `bigint ${v}` : v)),
    );
  } finally {
    process.chdir(before);
  }
}

async function withAnalysis(read: Migrations): Promise<Migrations> {
  const analysed = async (file: Migrations['migrations'][number]['up']) =>
    file === null ? null : { ...file, analysis: (await analyseFile(file)).analysis };
  const migrations = [];
  for (const m of read.migrations)
    migrations.push({ ...m, up: await analysed(m.up), down: await analysed(m.down) });
  return { ...read, migrations };
}

/** What a build that should fail says. */
async function failures(work: Promise<BuildResult>): Promise<readonly Message[]> {
  try {
    await work;
  } catch (e) {
    return (e as BuildFailure).errors;
  }
  throw new Error('it was built');
}

describe('an import of a folder', () => {
  it.each([
    ['esm', false],
    ['esm', true],
    ['cjs', false],
    ['cjs', true],
  ] as const)('is what reading it gives, with every analysis (%s, minified: %s)', async (format, minify) => {
    const project = projectOf({ 'main.mjs': SHOW, ...inFolder(NASTY) });
    await bundled(project, { format, minify });
    const { code, stdout, stderr } = await run(alone(outfileOf(project, format)));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual(await shownFolder(project));
  });

  it('may name an absolute path, and be there twice, with two plugins', async () => {
    const project = projectOf(inFolder({ '1_a.up.sql': 'select 1' }));
    const main = `${IMPORT}import again from 'migrations:${join(project, 'db/migrations')}';
      import * as far from './far/away.mjs';
      console.log(migrations === again, far.migrations === again, again.migrations[0].up.path);`;
    writeFileSync(join(project, 'main.mjs'), main);
    mkdirSync(join(project, 'far'));
    writeFileSync(
      join(project, 'far/away.mjs'),
      "import migrations from 'migrations:../db/migrations/'; export { migrations };",
    );
    await bundled(project, { plugins: [await plugin(), await plugin({ serverVersion: 17 })] });
    const { stdout } = await run(alone(outfileOf(project)));
    expect(stdout).toBe('true true db/migrations/1_a.up.sql\n');
  });

  it('brings a file of 20 MB along', { timeout: 120_000 }, async () => {
    const line = `-- ${`abc\\\`${HOLE} é`.repeat(10)}\n`;
    const text = `select 1;\n${line.repeat(Math.ceil(20_000_000 / line.length))}select 2;\n`;
    const project = projectOf({
      'main.mjs': `${IMPORT}
        import { createHash } from 'node:crypto';
        const { text, checksum, analysis } = migrations.migrations[0].up;
        const digest = createHash('sha256').update(text).digest('hex');
        console.log(digest === checksum, text.length, analysis.statements.length);`,
      ...inFolder({ '1_big.up.sql': text }),
    });
    await bundled(project, { minify: true });
    const { stdout } = await run(alone(outfileOf(project)));
    expect(stdout).toBe(`true ${text.length} 2\n`);
  });

  it('makes the same bytes wherever the project is', async () => {
    const build = async () => {
      const project = projectOf({ 'main.mjs': SHOW, ...inFolder(NASTY) });
      await bundled(project);
      return { project, text: readFileSync(outfileOf(project), 'utf8') };
    };
    const [one, other] = [await build(), await build()];
    expect(one.project).not.toBe(other.project);
    expect(one.text).toBe(other.text);
    expect(one.text).not.toContain(one.project);
  });

  it('is nothing where it is not used', async () => {
    const project = projectOf({
      'main.mjs': `${IMPORT}console.log('hello');`,
      ...inFolder({ '1_a.up.sql': 'select 1' }),
    });
    await bundled(project, { minify: true });
    expect(readFileSync(outfileOf(project), 'utf8')).not.toContain('select 1');
  });
});

const UP = `${IMPORT}
import { up } from 'rungs';
const report = await up({ database: process.env.DATABASE_URL, migrations, onEvent: (e) => {
  if (e.kind === 'warning') console.log(e.warning.message);
} }).catch((e) => console.log(e.code, e.reason, e.message, e.location?.file));
if (report) console.log('at', report.to, report.applied.map((s) => s.mode).join());
`;
/** CommonJS has no `await` at its top. */
const inside = (main: string) => {
  const [, imports = '', rest = ''] = /^((?:\s*import .*\n)+)([\s\S]*)$/.exec(main) ?? [];
  return `${imports}void (async () => {${rest}})();`;
};
const required = (main: string) =>
  inside(main)
    .replace(/import (\w+) from ('.*')/, 'const { default: $1 } = require($2)')
    .replace(/import (\{.*\}) from ('.*')/, 'const $1 = require($2)');

describe('a bundled program', () => {
  it.each([
    ['esm', UP],
    ['cjs', inside(UP)],
    ['cjs', required(UP)],
  ] as const)('migrates with nothing beside it (%s)', async (format, main) => {
    const name = main.includes('require(') ? 'main.cjs' : 'main.mjs';
    const project = projectOf({
      [name]: main,
      ...inFolder({
        '1_a.up.sql': 'create table a (id int)',
        '2_b.up.sql': 'create index concurrently on a (id)',
        '3_c.up.sql': 'begin; create table c (id int); commit; select 1;',
      }),
    });
    const { metafile } = await bundled(project, { format, minify: true, entryPoints: [name] });
    const inputs = Object.keys(metafile?.inputs ?? {});
    expect(inputs.filter((path) => /libpg-query|left-out|analysis|bundle/.test(path))).toEqual([
      'rungs-left-out:parser',
    ]);
    const file = outfileOf(project, format);
    expect(readdirSync(dirname(file))).toEqual([basename(file)]);
    const env = { DATABASE_URL: (await createDatabase()).url };
    const first = await run(alone(file), [], { env });
    expect(first).toEqual({ code: 0, stdout: 'at 3n atomic,resumable,plain\n', stderr: '' });
    expect((await run(alone(file), [], { env })).stdout).toBe('at 3n \n');
  });

  it('may take pg along for itself, and ask for a pool', async () => {
    const project = projectOf({
      'main.mjs': `import pg from 'pg';
        const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL });
        console.log((await pool.query('select 1 + 1 as two')).rows[0].two);
        await pool.end();`,
    });
    symlinkSync(join(import.meta.dirname, '../../node_modules/pg'), join(project, 'node_modules/pg'));
    await bundled(project);
    const { url } = await createDatabase();
    const { stdout, stderr } = await run(alone(outfileOf(project)), [], { env: { DATABASE_URL: url } });
    expect({ stdout, stderr }).toEqual({ stdout: '2\n', stderr: '' });
  });

  it('does not run a file whose text was edited in the bundle', async () => {
    const project = projectOf({
      'main.mjs': UP,
      ...inFolder({ '1_a.up.sql': 'create table a (id int)', '2_b.up.sql': 'create table b (id int)' }),
    });
    await bundled(project);
    const file = alone(outfileOf(project));
    writeFileSync(file, readFileSync(file, 'utf8').replace('create table b', 'create table x'));
    const database = await createDatabase();
    const { stdout } = await run(file, [], { env: { DATABASE_URL: database.url } });
    expect(stdout).toMatch(
      /^MIGRATION_SOURCE_FAILED edited_bundle .* digest is [0-9a-f]{64}, and was [0-9a-f]{64} db\/migrations\/2_b/,
    );
    expect(await database.query("select to_regclass('a') as a")).toEqual([{ a: null }]);
  });

  it('says that it has no parser for a folder that it is given later', async () => {
    const project = projectOf({
      'main.mjs': UP.replace(IMPORT, "const migrations = 'db/migrations';\n"),
      ...inFolder({ '1_a.up.sql': 'create table a (id int)' }),
    });
    await bundled(project);
    const { url } = await createDatabase();
    const { stdout } = await run(outfileOf(project), [], { cwd: project, env: { DATABASE_URL: url } });
    expect(stdout).toMatch(
      /^MIGRATION_SOURCE_FAILED no_parser this program was bundled without the SQL parser/,
    );
  });
});

describe('what is wrong with the files', () => {
  it('is an error at file, line and column, the column in bytes from 0', async () => {
    const project = projectOf({
      'main.mjs': IMPORT,
      ...inFolder({
        '000001_a.up.sql': "select 1;\r\nselect '\u{1f418}é' frm nowhere at all;\r\n",
        '000001_a.down.sql': '-- rungs: no-trans\ndrop table a;',
        '000002_b.up.sql': 'create tabel b ();',
      }),
    });
    const errors = await failures(bundled(project));
    // esbuild puts them in order of the files' names.
    expect(errors.map(({ text, location, pluginName }) => ({ text, location, pluginName }))).toMatchObject([
      { location: { file: 'db/migrations/000001_a.down.sql', line: 1, column: 10 } },
      {
        pluginName: 'rungs',
        text: 'syntax error at or near "nowhere"',
        location: {
          file: 'db/migrations/000001_a.up.sql',
          line: 2,
          column: Buffer.byteLength("select '\u{1f418}é' frm "),
          lineText: "select '\u{1f418}é' frm nowhere at all;",
        },
      },
      {
        text: 'syntax error at or near "tabel"',
        location: {
          file: 'db/migrations/000002_b.up.sql',
          line: 1,
          column: 7,
          lineText: 'create tabel b ();',
        },
      },
    ]);
  });

  it('is an error at the first byte that is not UTF-8', async () => {
    const bytes = Buffer.concat([Buffer.from('select 1;\n-- é '), Buffer.from([0xe9]), Buffer.from(' x\n')]);
    const project = projectOf({ 'main.mjs': IMPORT, ...inFolder({ '1_latin1.up.sql': bytes }) });
    const [error] = await failures(bundled(project));
    expect(error?.text).toContain('not UTF-8: the byte 0xE9');
    expect(error?.location).toMatchObject({ file: 'db/migrations/1_latin1.up.sql', line: 2, column: 6 });
  });

  it('is every problem at once: a number twice, a number too large, a file that cannot be read', async () => {
    const project = projectOf({
      'main.mjs': IMPORT,
      ...inFolder({
        '01_a.up.sql': 'select 1',
        '1_b.up.sql': 'select 1',
        '9223372036854775808_c.up.sql': 'select 1',
        '3_d.up.sql': 'selec 1',
      }),
    });
    symlinkSync('nowhere', join(project, 'db/migrations/2_gone.up.sql'));
    const errors = await failures(bundled(project));
    expect(errors.map((e) => `${e.location?.file}: ${e.text}`)).toEqual([
      'db/migrations/1_b.up.sql: version 1 has two up files: db/migrations/01_a.up.sql and db/migrations/1_b.up.sql',
      'db/migrations/2_gone.up.sql: no such file or directory',
      'db/migrations/3_d.up.sql: syntax error at or near "selec"',
      expect.stringContaining('9223372036854775808_c.up.sql: version 9223372036854775808 is above'),
    ]);
  });

  it('is a warning where the file is left out, or has no up file', async () => {
    const project = projectOf({
      'main.mjs': IMPORT,
      ...inFolder({ '1_a.up.sql': 'select 1', '2_b.sql': '', '3_c.up.sql~': '', '4_d.down.sql': '' }),
    });
    const { warnings } = await bundled(project);
    expect(warnings.map((w) => `${w.location?.file}: ${w.text}`)).toEqual([
      expect.stringMatching(/2_b\.sql: not run: its name is not/),
      expect.stringMatching(/3_c\.up\.sql~: not run: it looks like an editor’s backup/),
      'db/migrations/4_d.down.sql: migration 4 has no up file: only the version moves',
    ]);
  });

  it('is a warning where only this grammar refuses it, and the servers have another', async () => {
    // A reserved word since 16.
    const files = inFolder({ '1_a.up.sql': 'select 1;\ncreate table t (system_user text);' });
    const project = projectOf({ 'main.mjs': IMPORT, ...files });
    const [error] = await failures(bundled(project));
    expect(error?.location).toMatchObject({ line: 2, column: 16 });
    const { warnings } = await bundled(project, { plugins: [await plugin({ serverVersion: 15 })] });
    expect(warnings[0]?.text).toMatch(
      /PostgreSQL 18’s grammar refuses this file .* the server is 15 and decides/,
    );
    expect(warnings[0]?.location).toMatchObject({ line: 2, column: 16 });
  });

  it('is a folder that is not there, at the import, or has nothing in it', async () => {
    const project = projectOf({ 'main.mjs': `\n${IMPORT}` });
    const [gone] = await failures(bundled(project));
    expect(gone?.text).toBe(`there is no folder ${join(project, 'db/migrations')}`);
    expect(gone?.location).toMatchObject({ file: 'main.mjs', line: 2 });
    mkdirSync(join(project, 'db/migrations'), { recursive: true });
    writeFileSync(join(project, 'db/migrations/1.a.sql'), '');
    const [empty] = await failures(bundled(project));
    expect(empty?.text).toMatch(
      /^no migration files in .*\nnot run: db\/migrations\/1\.a\.sql: its name is not/,
    );
    writeFileSync(join(project, 'main.mjs'), "import 'migrations:';");
    expect((await failures(bundled(project)))[0]?.text).toContain('names no folder');
  });

  it('is a server version that there is none of', async () => {
    await expect(plugin({ serverVersion: 150004 })).rejects.toThrow('a PostgreSQL major version from 14 on');
  });
});

it('a build that watches notices a new, a changed, a repaired and a removed file', async () => {
  const project = projectOf({
    'main.mjs': `${IMPORT}console.log(migrations);`,
    ...inFolder({ '1_a.up.sql': "select 'one'" }),
  });
  const at = (name: string) => join(project, 'db/migrations', name);
  let heard: (result: BuildResult) => void = () => {};
  const next = () => new Promise<BuildResult>((resolve) => (heard = resolve));
  const watching = await context({
    absWorkingDir: project,
    entryPoints: ['main.mjs'],
    outfile: 'out/program.mjs',
    bundle: true,
    platform: 'node',
    logLevel: 'silent',
    plugins: [await plugin(), { name: 'ends', setup: ({ onEnd }) => onEnd((result) => heard(result)) }],
  });
  const after = async (change: () => void): Promise<string> => {
    const built = next();
    change();
    const { errors } = await built;
    return errors[0]?.text ?? readFileSync(join(project, 'out/program.mjs'), 'utf8');
  };
  try {
    expect(await after(() => void watching.watch())).toContain("select 'one'");
    expect(await after(() => writeFileSync(at('2_b.up.sql'), "select 'two'"))).toContain("select 'two'");
    expect(await after(() => writeFileSync(at('1_a.up.sql'), "select 'changed'"))).toContain(
      "select 'changed'",
    );
    expect(await after(() => writeFileSync(at('1_a.up.sql'), 'selec'))).toContain('syntax error');
    expect(await after(() => writeFileSync(at('1_a.up.sql'), "select 'mended'"))).toContain(
      "select 'mended'",
    );
    expect(await after(() => rmSync(at('2_b.up.sql')))).not.toContain("select 'two'");
    expect(await after(() => rmSync(join(project, 'db'), { recursive: true }))).toContain(
      'there is no folder',
    );
    expect(existsSync(at(''))).toBe(false);
    const back = () => {
      mkdirSync(at(''), { recursive: true });
      writeFileSync(at('1_a.up.sql'), "select 'back'");
    };
    expect(await after(back)).toContain("select 'back'");
  } finally {
    await watching.dispose();
  }
});
