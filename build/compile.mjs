/**
 * Compiles tasks/ and src/ into dist/, so that no call pays for a TypeScript loader. Plain JavaScript, because it
 * runs before anything is compiled (npm's `prepare`, and the targets when a source is newer).
 */

import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { version, dependencies, peerDependencies } = JSON.parse(
  readFileSync(join(root, 'package.json'), 'utf8'),
);

const dist = join(root, 'dist');
const { outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: {
    index: 'src/index.ts',
    rungs: 'tasks/rungs.ts',
    db: 'tasks/db.ts',
    demo: 'tasks/demo.ts',
    docs: 'build/docs.ts',
  },
  outdir: 'dist',
  outExtension: { '.js': '.mjs' },
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  external: [...Object.keys(dependencies), ...Object.keys(peerDependencies)],
  define: { RUNGS_VERSION: JSON.stringify(version) },
  sourcemap: true,
  logLevel: 'warning',
  write: false,
});

// Each file at once and the chunks first: a command that starts meanwhile finds what was there before, or all of it.
const isEntry = ({ path }) => Number(!basename(path).startsWith('chunk-'));
const made = outputFiles.sort((a, b) => isEntry(a) - isEntry(b));
mkdirSync(dist, { recursive: true });
for (const { path, contents } of made) {
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, contents, { mode: basename(path) === 'rungs.mjs' ? 0o755 : 0o644 });
  renameSync(draft, path);
}
const kept = new Set(made.map(({ path }) => basename(path)));
for (const name of readdirSync(dist))
  if (/\.mjs(\.map)?$/.test(name) && !kept.has(name)) rmSync(join(dist, name), { force: true });

const require = createRequire(import.meta.url);
const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc');
execFileSync(process.execPath, [tsc, '-p', join(root, 'build', 'tsconfig.types.json')], { stdio: 'inherit' });
