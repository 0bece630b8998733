/** Programs and bundles as a release build makes them, and what they do where there is nothing else. */

import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, symlinkSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { type BuildOptions, type BuildResult, build } from 'esbuild';
import type rungsPlugin from '../../build/plugin.ts';
import { type CliResult, compile } from './cli.ts';
import { folderOf } from './folder.ts';

export const root = resolve(import.meta.dirname, '../..');

type Files = Readonly<Record<string, string | Uint8Array>>;

/** A project with the package installed, as a link. */
export function projectOf(files: Files): string {
  compile();
  const project = folderOf(files);
  mkdirSync(join(project, 'node_modules'));
  symlinkSync(root, join(project, 'node_modules/rungs'));
  return project;
}

/** The plugin as it is published. */
export async function plugin(options?: Parameters<typeof rungsPlugin>[0]) {
  compile();
  const path = join(root, 'dist/esbuild.mjs');
  const { default: rungs }: { default: typeof rungsPlugin } = await import(path);
  return rungs(options);
}

/** Bundles `main.mjs` of the project as services are, into `out/`. */
export async function bundled(project: string, options: BuildOptions = {}): Promise<BuildResult> {
  const { format = 'esm' } = options;
  return build({
    absWorkingDir: project,
    entryPoints: ['main.mjs'],
    outfile: outfileOf(project, format),
    bundle: true,
    platform: 'node',
    target: 'node20',
    metafile: true,
    logLevel: 'silent',
    ...options,
    format,
    plugins: options.plugins ?? [await plugin()],
  });
}

export const outfileOf = (project: string, format = 'esm'): string =>
  join(project, `out/program.${format === 'esm' ? 'mjs' : 'cjs'}`);

/** The file in a folder of its own, where there is nothing else: no node_modules, no migrations, no .env. */
export function alone(file: string): string {
  const copy = join(folderOf({}), basename(file));
  copyFileSync(file, copy);
  return copy;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
}

/** Runs a program, with Node where it is a script, and with no variables but those given. */
export function run(
  file: string,
  args: readonly string[] = [],
  options: RunOptions = {},
): Promise<CliResult> {
  const { env = {}, cwd = resolve(file, '..'), uid, gid } = options;
  const isScript = /\.[cm]js$/.test(file);
  const [program = '', ...words] = isScript ? [process.execPath, file, ...args] : [file, ...args];
  const user = uid === undefined || gid === undefined ? {} : { uid, gid };
  const child = spawn(program, words, { cwd, env: { ...env }, stdio: ['ignore', 'pipe', 'pipe'], ...user });
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (part: string) => {
      text[name] += part;
    });
  }
  return new Promise((done, fail) => {
    child.on('error', fail);
    child.on('close', (code) => done({ code, ...text }));
  });
}
