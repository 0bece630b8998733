import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FLOORS, importsOf, type Tree, violations } from '../support/floors.ts';

const root = resolve(import.meta.dirname, '../..');

const tree: Tree = new Map(
  ['src', 'tasks', 'build'].flatMap((dir) =>
    readdirSync(join(root, dir), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(ts|mjs|js)$/.test(name))
      .map((name): [string, string] => [
        `${dir}/${name.replaceAll(sep, '/')}`,
        readFileSync(join(root, dir, name), 'utf8'),
      ]),
  ),
);

/** The real tree with some files put in, or in other words. */
const withFiles = (files: Readonly<Record<string, string>>): readonly string[] =>
  violations(new Map([...tree, ...Object.entries(files)]));

it('every file keeps to its floor', () => {
  expect(violations(tree)).toEqual([]);
});

it('every name in the table is that of a file or folder', () => {
  const paths = [...tree.keys()];
  const names = FLOORS.flatMap((f) => f.files);
  expect(names.filter((name) => !paths.some((path) => path.startsWith(name)))).toEqual([]);
});

it('CONTRIBUTING.md has the same table', () => {
  const page = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8');
  const bare = (name: string) => name.replace(/^src\//, '');
  const rows = [...page.matchAll(/^\| (\d) +\| ([^|]+) \|/gm)].map(([, floor, files = '']) => [
    floor,
    [...files.matchAll(/`([^`]+)`/g)].map((m) => bare(m[1] ?? '')).sort(),
  ]);
  const table = FLOORS.map(({ what, files }) => [what.slice(0, 1), files.map(bare).sort()]);
  expect(rows.reverse()).toEqual(table);
});

describe('the checker', () => {
  it('reads every kind of import', () => {
    const text = [
      "import a from './a.ts';",
      "import type { B } from './b.ts';",
      'import {',
      '  c,',
      '  type D,',
      "} from './c.ts';",
      "import * as d from './d.ts';",
      "import './e.ts';",
      "export { f } from './f.ts';",
      "export type { G } from './g.ts';",
      "  const h = await import('./h.ts');",
      '  const i = await import(name);',
      "// import './j.ts'",
      "/** import('./k.ts') */",
      'const l = 1;',
    ].join('\n');
    expect(importsOf(text)).toEqual([
      { from: './a.ts', typeOnly: false },
      { from: './b.ts', typeOnly: true },
      { from: './c.ts', typeOnly: false },
      { from: './d.ts', typeOnly: false },
      { from: './e.ts', typeOnly: false },
      { from: './f.ts', typeOnly: false },
      { from: './g.ts', typeOnly: true },
      { from: './h.ts', typeOnly: false },
      { from: '?', typeOnly: false },
    ]);
  });

  it.each([
    [
      'an upward arrow',
      { 'src/sql/new.ts': "import { look } from '../look.ts';" },
      'src/sql/new.ts (floor 1) imports src/look.ts (floor 2)',
    ],
    [
      'an upward arrow of a type',
      { 'src/plan/new.ts': "import type { Job } from '../job.ts';" },
      'src/plan/new.ts (floor 1) imports src/job.ts (floor 3)',
    ],
    [
      'siblings that should not know each other',
      { 'src/layout/new.ts': "import { tableName } from '../ledger/version-row.ts';" },
      'src/layout/new.ts (floor 1) imports src/ledger/version-row.ts (floor 1)',
    ],
    [
      'a task that goes past the public API',
      { 'tasks/new.ts': "import { migrate } from '../src/engine.ts';" },
      'tasks/new.ts (floor 5) imports src/engine.ts (floor 3)',
    ],
    [
      'a cycle',
      { 'src/sql/a.ts': "import { b } from './b.ts';", 'src/sql/b.ts': "import type { A } from './a.ts';" },
      'cycle: src/sql/a.ts → src/sql/b.ts → src/sql/a.ts',
    ],
    [
      'a second door to a dependency',
      { 'src/look.ts': "import pg from 'pg';" },
      'src/look.ts imports pg, whose door is src/pg/',
    ],
    [
      'a value where only a type may pass',
      { 'src/pg/files.ts': "import { statSync } from 'node:fs';" },
      'src/pg/files.ts imports node:fs, whose door is src/source.ts, type:src/pg/files.ts',
    ],
    [
      'a part of a dependency at another door',
      { 'src/log.ts': "const x = await import('libpg-query/wasm');" },
      'src/log.ts imports libpg-query/wasm, whose door is src/sql/grammar.ts',
    ],
    [
      'a dependency that nobody has let in',
      { 'tasks/new.ts': "import chalk from 'chalk';" },
      'tasks/new.ts imports chalk, whose door is nowhere',
    ],
    [
      'a test library in the product',
      { 'src/sql/new.ts': "import { it } from 'vitest';" },
      'src/sql/new.ts imports vitest, whose door is nowhere',
    ],
    [
      'the file system where there is none',
      { 'src/status.ts': "import { readFile } from 'node:fs/promises';" },
      'src/status.ts imports node:fs/promises, whose door is src/source.ts, src/large.ts, src/rows.ts, src/pg/files.ts',
    ],
    [
      'a child process',
      { 'src/engine.ts': "import { spawn } from 'node:child_process';" },
      'src/engine.ts imports node:child_process, whose door is nowhere',
    ],
    ['console', { 'src/engine.ts': "console.log('x');" }, 'src/engine.ts uses console'],
    ['process', { 'src/engine.ts': 'process.exitCode = 1;' }, 'src/engine.ts uses process'],
    ['process in pieces', { 'src/engine.ts': 'const { argv } = process;' }, 'src/engine.ts uses process'],
    ['process in the API', { 'src/api.ts': 'process.exit(1);' }, 'src/api.ts uses process'],
    ['the environment', { 'src/job.ts': 'const e = process.env;' }, 'src/job.ts uses process.env'],
    ['a timer', { 'src/send.ts': 'setTimeout(wake, 1);' }, 'src/send.ts uses a timer'],
    ['a clock', { 'src/apply.ts': 'const now = Date.now();' }, 'src/apply.ts uses a clock'],
    ['chance', { 'src/messages.ts': 'const nonce = Math.random();' }, 'src/messages.ts uses chance'],
    ['waiting on a pure floor', { 'src/plan/up.ts': 'await x;' }, 'src/plan/up.ts uses await'],
    [
      'an import of what is not there',
      { 'src/job.ts': "import './gone.ts';" },
      'src/job.ts imports src/gone.ts, which is not there',
    ],
    ['a file on no floor', { 'src/util.ts': '' }, 'src/util.ts is on no floor'],
    [
      'an import that cannot be read',
      { 'src/look.ts': 'await import(name);' },
      'src/look.ts imports what only running it can tell',
    ],
    ['a long file', { 'src/look.ts': '\n'.repeat(251) }, 'src/look.ts has 251 lines; 250 is the most'],
  ])('finds %s', (_what, files, line) => {
    expect(withFiles(files as unknown as Record<string, string>)).toContain(line);
  });

  it('lets the same words stand in comments', () => {
    const text =
      '/** The process, its console. */\n// setTimeout, Date.now()\nexport const a = 1; // await\n';
    expect(withFiles({ 'src/sql/new.ts': text })).toEqual(violations(tree));
  });
});
