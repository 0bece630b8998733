/**
 * Compiles tasks/ and src/ into dist/, so that no call pays for a TypeScript loader. Plain JavaScript, because it
 * runs before anything is compiled (npm's `prepare`, and the targets when a source is newer).
 */

import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { version, dependencies, peerDependencies } = JSON.parse(
  readFileSync(join(root, 'package.json'), 'utf8'),
);

rmSync(join(root, 'dist'), { recursive: true, force: true });
await build({
  absWorkingDir: root,
  entryPoints: {
    index: 'src/index.ts',
    rungs: 'tasks/rungs.ts',
    db: 'tasks/db.ts',
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
});

const require = createRequire(import.meta.url);
const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc');
execFileSync(process.execPath, [tsc, '-p', join(root, 'build', 'tsconfig.types.json')], { stdio: 'inherit' });
