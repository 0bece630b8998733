/**
 * dist/types: what a user's compiler reads. The declarations of the public doors and of what they lead to, and no others:
 * for `import` as .d.ts, for `require` as .d.cts. TypeScript takes a declaration for what its nearest package.json or
 * its ending says, so one set for both would be "masquerading" for one of them.
 */

import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, posix, sep } from 'node:path';

const require = createRequire(import.meta.url);
const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc');

/** Declarations name each other as the sources do, with `.ts`. */
const SPECIFIER = /(from |import\()(['"])(\.[^'"]*)\.ts\2/g;

/** `doors`: sources, as in `src/index.ts`. `ambient`: declarations of modules, which every door brings along. */
export function writeTypes({ root, outdir, doors, ambient }) {
  const emitted = mkdtempSync(join(tmpdir(), 'rungs-types-'));
  try {
    const project = join(root, 'build', 'tsconfig.types.json');
    execFileSync(process.execPath, [tsc, '-p', project, '--outDir', emitted], { stdio: 'inherit' });
    const wanted = new Map();
    for (const door of doors) follow(door.replace(/\.ts$/, ''), emitted, wanted);
    const files = new Map();
    for (const [name, text] of wanted) {
      const isDoor = doors.includes(`${name}.ts`);
      const head = isDoor ? ambient.map((path) => reference(name, path)).join('') : '';
      files.set(`${name}.d.ts`, head + text.replaceAll(SPECIFIER, '$1$2$3.js$2'));
      files.set(`${name}.d.cts`, head + text.replaceAll(SPECIFIER, '$1$2$3.cjs$2'));
    }
    for (const path of ambient) files.set(path, readFileSync(join(root, path), 'utf8'));
    replace(outdir, files);
  } finally {
    rmSync(emitted, { recursive: true, force: true });
  }
}

function follow(name, emitted, found) {
  if (found.has(name)) return;
  const text = readFileSync(join(emitted, `${name}.d.ts`), 'utf8');
  found.set(name, text);
  for (const [, , , path] of text.matchAll(SPECIFIER))
    follow(posix.join(posix.dirname(name), path), emitted, found);
}

const reference = (from, to) => `/// <reference path="${posix.relative(posix.dirname(from), to)}" />\n`;

/** Each file at once, and what is no longer wanted last: somebody may be compiling against them meanwhile. */
function replace(outdir, files) {
  for (const [name, text] of files) {
    const path = join(outdir, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(`${path}.${process.pid}`, text);
    renameSync(`${path}.${process.pid}`, path);
  }
  for (const name of readdirSync(outdir, { recursive: true, encoding: 'utf8' })) {
    const isTypes = /\.d\.c?ts$/.test(name);
    if (isTypes && !files.has(name.replaceAll(sep, '/'))) rmSync(join(outdir, name), { force: true });
  }
}
