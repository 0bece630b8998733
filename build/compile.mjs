/**
 * Compiles tasks/ and src/ into dist/, so that no call pays for a TypeScript loader. Plain JavaScript, because it
 * runs before anything is compiled (npm's `prepare`, and the targets when a source is newer).
 */

import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { driverPlugin } from './driver.mjs';
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
/** For CommonJS, which esbuild does not split: the parser stays a file of its own. */
const apartPlugin = {
  name: 'apart',
  setup: ({ onResolve }) =>
    onResolve({ filter: /\/sql\/analysis\.ts$/ }, ({ kind }) =>
      kind === 'dynamic-import' ? { path: './analysis.cjs', external: true } : undefined,
    ),
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
/** What CommonJS loads on demand, `require` finds in half the time: `import` would first look through it for its exports. */
const requiring = { ...common, supported: { 'dynamic-import': false } };
/** For `require`, which Node 20 has no ES modules for. */
const commonJs = await build({
  ...requiring,
  entryPoints: { index: 'src/index.ts', esbuild: 'build/plugin.ts', analysis: 'src/sql/analysis.ts' },
  outExtension: { '.js': '.cjs' },
  format: 'cjs',
  plugins: [apartPlugin],
});
/** All that `rungs` is, with pg: looking up the forty files that pg and we would be takes Node longer than reading this one. */
const program = await build({
  ...requiring,
  entryPoints: { program: 'tasks/_run.ts' },
  outExtension: { '.js': '.cjs' },
  format: 'cjs',
  external: common.external.filter((name) => name !== 'pg'),
  define: { ...common.define, 'import.meta.url': 'RUNGS_URL' },
  banner: { js: "const RUNGS_URL = require('node:url').pathToFileURL(__filename).href;" },
  plugins: [apartPlugin, driverPlugin, validatorPlugin],
  // Names stay, for who reads a stack trace; what is not there, Node does not read either.
  minifyWhitespace: true,
  lineLimit: 500,
  metafile: true,
});
const [programFile] = program.outputFiles;
const notices = noticesIn(Object.keys(program.metafile.inputs));
const whole = { ...programFile, contents: Buffer.concat([programFile.contents, Buffer.from(notices)]) };

// Each file at once and the chunks first: a command that starts meanwhile finds what was there before, or all of it.
const isEntry = ({ path }) => Number(!basename(path).startsWith('chunk-'));
const made = [whole, ...commonJs.outputFiles, ...modules.outputFiles].sort((a, b) => isEntry(a) - isEntry(b));
mkdirSync(dist, { recursive: true });
for (const { path, contents } of made) {
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, contents, { mode: basename(path) === 'rungs.mjs' ? 0o755 : 0o644 });
  renameSync(draft, path);
}
const kept = new Set(made.map(({ path }) => basename(path)));
for (const name of readdirSync(dist))
  if (/\.[cm]js(\.map)?$/.test(name) && !kept.has(name)) rmSync(join(dist, name), { force: true });

/** The licenses of the packages that are inside, which all ask for that. */
function noticesIn(inputs) {
  const folders = inputs.flatMap((path) => /^node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []);
  const texts = [...new Set(folders)].sort().map((folder) => {
    const name = readdirSync(join(root, folder)).find((n) => /^licen[cs]e/i.test(n));
    const { license, author } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
    const text =
      name === undefined
        ? `${license} license, ${author?.name ?? author}`
        : readFileSync(join(root, folder, name), 'utf8').trim();
    return `${basename(folder)}: ${text}`;
  });
  return `/*!\n${texts.join('\n\n').replaceAll('*/', '* /')}\n*/\n`;
}

writeTypes({
  root,
  outdir: join(dist, 'types'),
  doors: ['src/index.ts', 'build/plugin.ts'],
  ambient: ['build/migrations.d.ts'],
});
