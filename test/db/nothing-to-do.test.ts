/** What a command costs where there is nothing to do: counted, as time is no test's to judge (`npm run bench:start` measures it). */

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { rungs } from '../support/cli.ts';
import { createDatabase } from '../support/database.ts';
import { folderOf } from '../support/folder.ts';
import { repository } from '../support/package.ts';
import { queries, startProxy } from '../support/proxy.ts';

const pairs = (count: number): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Array.from({ length: count }, (_, i) => i + 1).flatMap((n) => [
      [`${n}_m.up.sql`, `create table t${n} ();\n`],
      [`${n}_m.down.sql`, `drop table t${n};\n`],
    ]),
  );

const COMMANDS = ['up', 'up --dry-run', 'status'];
const outcome = ({ code, stderr }: { code: number | null; stderr: string }) => ({ code, stderr });

async function upToDate(count: number) {
  const folder = folderOf(pairs(count));
  const { url } = await createDatabase();
  const { code, stderr } = await rungs(['up', '--path', folder], { env: { DATABASE_URL: url } });
  expect(code, stderr).toBe(0);
  return { folder, url };
}

describe('on an up-to-date database', () => {
  it.each(COMMANDS)(
    '%s is one connection and two queries, however many migrations there are',
    async (command) => {
      for (const count of [1, 200]) {
        const { folder, url } = await upToDate(count);
        const proxy = await startProxy(url);
        const result = await rungs([...command.split(' '), '--path', folder], {
          env: { DATABASE_URL: proxy.url },
        });
        expect(outcome(result)).toEqual({ code: 0, stderr: '' });
        expect({ count, connections: proxy.connections }).toEqual({ count, connections: 1 });
        expect(queries(proxy)).toHaveLength(2);
        expect(queries(proxy).join()).not.toMatch(/lock\(|create |insert /);
      }
    },
  );
});

/** Built-in modules that take long to load, and stand for all that is behind them. */
const HEAVY = [
  'child_process',
  'dns/promises',
  'http',
  'http2',
  'internal/deps/undici/undici',
  'readline',
  'tls',
  'worker_threads',
  'zlib',
];

describe('what is loaded', () => {
  const spy = join(folderOf({}), 'spy.cjs');
  beforeAll(() =>
    writeFileSync(
      spy,
      `process.on('exit', () => require('fs').writeSync(2, JSON.stringify({
        builtin: process.moduleLoadList.flatMap((m) => /^NativeModule (.*)$/.exec(m)?.[1] ?? []),
        files: Object.keys(require.cache).filter((f) => f !== __filename).map((f) => require('path').basename(f)),
      })));`,
    ),
  );

  async function loaded(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const { code, stderr } = await rungs(args, { env: { ...env, NODE_OPTIONS: `--require=${spy}` } });
    expect(code, stderr).toBe(0);
    const { builtin, files }: Record<'builtin' | 'files', readonly string[]> = JSON.parse(stderr);
    return { heavy: HEAVY.filter((name) => builtin.includes(name)), files, builtin };
  }

  it.each(COMMANDS)(
    'by %s: one file of ours, and no TLS, HTTP, child processes or questions',
    async (command) => {
      const { folder, url } = await upToDate(1);
      const plain = new URL(url);
      plain.searchParams.set('sslmode', 'disable');
      const found = await loaded([...command.split(' '), '--path', folder], { DATABASE_URL: plain.href });
      expect(found.files).toEqual(['program.cjs']);
      expect(found.heavy).toEqual([]);
      expect(found.builtin).toContain('dns');
    },
  );

  // What answers into a pipe has sockets of its own; `dns` is what pg asks for.
  it('by what needs no database: no pg either', async () => {
    for (const args of [['--version'], ['--help'], ['config']]) {
      const { files, heavy, builtin } = await loaded(args);
      expect({ args, files, heavy }).toEqual({ args, files: ['program.cjs'], heavy: [] });
      expect(builtin).not.toContain('dns');
    }
  });

  it('by a command with a rungs.yaml: YAML, which this would see, and ajv by none', async () => {
    const config = join(folderOf({ 'rungs.yaml': 'plain: true\n' }), 'rungs.yaml');
    const { files } = await loaded(['config', '--config', config]);
    expect(files).toContain('composer.js');
    const dist = join(repository, 'dist');
    const names = readdirSync(dist).filter((name) => /\.[cm]js$/.test(name));
    expect(names).toContain('program.cjs');
    const needs = (name: string, what: string) =>
      new RegExp(`(from|require\\(|import\\() ?["']${what}["'/]`).test(
        readFileSync(join(dist, name), 'utf8'),
      );
    expect(names.filter((name) => needs(name, 'yaml'))).not.toEqual([]);
    expect(names.filter((name) => needs(name, 'ajv'))).toEqual([]);
  });

  it('by a run with something to do: the parser, which this would see', async () => {
    const folder = folderOf(pairs(1));
    const { url } = await createDatabase();
    const { files } = await loaded(['up', '--dry-run', '--path', folder], { DATABASE_URL: url });
    expect(files).toContain('analysis.cjs');
  });
});
