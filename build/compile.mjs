/**
 * Compiles tasks/ and src/ into dist/, so that no call pays for a TypeScript loader. Plain JavaScript, because it
 * runs before anything is compiled (npm's `prepare`, and the targets when a source is newer).
 */

import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { writeTypes } from './types.mjs';
import { validatorPlugin } from './validator.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { version, dependencies, peerDependencies } = JSON.parse(
  readFileSync(join(root, 'package.json'), 'utf8'),
);

const dist = join(root, 'dist');
const common = {
  absWorkingDir: root,
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  target: 'node20',
  external: [...Object.keys(dependencies), ...Object.keys(peerDependencies)],
  define: { RUNGS_VERSION: JSON.stringify(version) },
  logLevel: 'warning',
  write: false,
};
const modules = await build({
  ...common,
  entryPoints: {
    index: 'src/index.ts',
    rungs: 'tasks/rungs.ts',
    db: 'tasks/db.ts',
    demo: 'tasks/demo.ts',
    docs: 'build/docs.ts',
    esbuild: 'build/plugin.ts',
    front: 'build/front.ts',
    commands: 'tasks/_run.ts',
  },
  outExtension: { '.js': '.mjs' },
  splitting: true,
  format: 'esm',
  plugins: [validatorPlugin],
});
/** For `require`, which Node 20 has no ES modules for. esbuild splits no CommonJS, so the parser is kept apart by hand. */
const commonJs = await build({
  ...common,
  entryPoints: { index: 'src/index.ts', esbuild: 'build/plugin.ts', analysis: 'src/sql/analysis.ts' },
  outExtension: { '.js': '.cjs' },
  format: 'cjs',
  plugins: [
    {
      name: 'apart',
      setup: ({ onResolve }) =>
        onResolve({ filter: /\/sql\/analysis\.ts$/ }, ({ kind }) =>
          kind === 'dynamic-import' ? { path: './analysis.cjs', external: true } : undefined,
        ),
    },
  ],
});

// Each file at once and the chunks first: a command that starts meanwhile finds what was there before, or all of it.
const isEntry = ({ path }) => Number(!basename(path).startsWith('chunk-'));
const made = [...modules.outputFiles, ...commonJs.outputFiles].sort((a, b) => isEntry(a) - isEntry(b));
mkdirSync(dist, { recursive: true });
for (const { path, contents } of made) {
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, contents, { mode: basename(path) === 'rungs.mjs' ? 0o755 : 0o644 });
  renameSync(draft, path);
}
const kept = new Set(made.map(({ path }) => basename(path)));
for (const name of readdirSync(dist))
  if (/\.[cm]js(\.map)?$/.test(name) && !kept.has(name)) rmSync(join(dist, name), { force: true });

writeTypes({
  root,
  outdir: join(dist, 'types'),
  doors: ['src/index.ts', 'build/plugin.ts'],
  ambient: ['build/migrations.d.ts'],
});
