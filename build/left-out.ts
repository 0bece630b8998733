/** What of rungs and pg a bundled program cannot take along, and does not need. */

import { readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join } from 'node:path';
import type { PluginBuild } from 'esbuild';

/**
 * The parser's chunk of our dist/ (or its source): everything below it is libpg-query, whose 1.7 MB of WebAssembly are a
 * file beside it that a bundle would not find. What a build has read needs no parser.
 */
const PARSER = /\/(analysis(-[0-9A-Z]{8}\.mjs|\.cjs)|sql\/analysis\.ts)$/;
const NO_PARSER = `
export const analyseFile = async ({ path }) => ({
  analysis: { mode: 'atomic', parsed: false, statements: [], wrapper: [], extensions: [] },
  problems: [{
    reason: 'no_parser',
    message: 'this program was bundled without the SQL parser, and this file was not in the build',
    file: path,
    offset: null,
  }],
});
export const standingAfter = async () => null;
`;

/** The part of `rungs build` itself, and what else works on a checkout with the parser. */
const BUILDER = /\/(bundle|_from-script)-[0-9A-Z]{8}\.mjs$/;

export function leaveOut(build: PluginBuild): void {
  const { onResolve, onLoad } = build;
  const named = (path: string) => ({ path, namespace: 'rungs-left-out' });
  onResolve({ filter: PARSER }, ({ importer }) => (isOurs(importer) ? named('parser') : undefined));
  onResolve({ filter: BUILDER }, ({ importer }) => (isOurs(importer) ? named('builder') : undefined));
  onLoad({ filter: /^parser$/, namespace: 'rungs-left-out' }, () => ({ contents: NO_PARSER }));
  onLoad({ filter: /^builder$/, namespace: 'rungs-left-out' }, () => ({ contents: 'export {};' }));
  // pg asks for it only where `pg.native` is touched; compiled code cannot be in a bundle anyhow.
  onResolve({ filter: /^pg-native$/ }, () => ({ path: 'pg-native', external: true }));
}

const PG = /[\\/]node_modules[\\/](pg|pg-[a-z-]+|pgpass|postgres-[a-z]+|split2|xtend)[\\/]/;

/**
 * pg is CommonJS. In an ES module esbuild leaves its `require('net')` to a `require` that is not there (esbuild #1921:
 * "Dynamic require is not supported"); asked for by an import, a built-in module is the same object.
 */
export function importBuiltins({ onResolve, onLoad, initialOptions }: PluginBuild): void {
  const { format, platform } = initialOptions;
  if (format !== 'esm' || platform !== 'node') return;
  onResolve({ filter: /^(node:)?[a-z_]+(\/[a-z_]+)?$/ }, ({ kind, path, importer }) =>
    kind === 'require-call' && isBuiltin(path) && PG.test(importer)
      ? { path: path.replace('node:', ''), namespace: 'rungs-builtin' }
      : undefined,
  );
  onLoad({ filter: /./, namespace: 'rungs-builtin' }, ({ path }) => ({
    contents: `import builtin from 'node:${path}'; module.exports = builtin;`,
  }));
}

const names = new Map<string, string | null>();

/** Whether a file is this package's: by its package.json, as there may be more than one copy of us. */
function isOurs(file: string): boolean {
  return packageOf(dirname(file)) === 'rungs';
}

function packageOf(dir: string): string | null {
  const known = names.get(dir);
  if (known !== undefined) return known;
  const name = nameIn(dir) ?? (dirname(dir) === dir ? null : packageOf(dirname(dir)));
  names.set(dir, name);
  return name;
}

function nameIn(dir: string): string | null {
  try {
    const { name }: { name?: unknown } = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8'));
    return typeof name === 'string' ? name : null;
  } catch {
    return null;
  }
}
