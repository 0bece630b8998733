/** This package as users get it: packed by npm, and installed by npm into projects of theirs. */

import { execFile, execFileSync } from 'node:child_process';
import { readFileSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { compile } from './cli.ts';
import { folderOf } from './folder.ts';

const run = promisify(execFile);
export const repository = resolve(import.meta.dirname, '../..');

let archive: string | undefined;

/** The .tgz; what it holds is newer than its sources. */
export function packed(): string {
  if (archive !== undefined) return archive;
  compile();
  const folder = folderOf({});
  const flags = ['--ignore-scripts', '--silent', '--pack-destination', folder];
  const name = execFileSync('npm', ['pack', ...flags], {
    cwd: repository,
    encoding: 'utf8',
    env: plainEnv(),
  });
  archive = join(folder, name.trim());
  return archive;
}

/** Names of what is in it, as in `dist/index.mjs`. */
export function namesIn(tgz: string): readonly string[] {
  return execFileSync('tar', ['-tzf', tgz], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line !== '' && !line.endsWith('/'))
    .map((line) => line.replace(/^package\//, ''))
    .sort();
}

/**
 * `npm install` of the package beside what the project's own package.json asks for. False where npm has not all of it in
 * its cache and no registry answers: to be skipped, aloud; in CI that is a failure.
 */
export async function install(project: string): Promise<boolean> {
  const npm = (...args: readonly string[]) => run('npm', [...args], { cwd: project, env: plainEnv() });
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', packed()];
  try {
    await npm('install', '--offline', ...flags);
    return true;
  } catch {}
  try {
    // With all of npm's own patience it takes minutes to learn that there is nobody.
    if (process.env.CI !== 'true') await npm('view', 'pg', 'version', '--fetch-retries=0', '--prefer-online');
  } catch {
    console.error(`SKIPPED, for npm has no registry to install from: ${expect.getState().testPath}`);
    return false;
  }
  await npm('install', ...flags);
  return true;
}

/** TypeScript's command, the one of this repository. */
export const tsc = join(repository, 'node_modules/typescript/bin/tsc');

/** `node FILE …` in a project; what it said on stdout. Rejects where it fails, with what it said. */
export async function node(project: string, ...args: readonly string[]): Promise<string> {
  const options = { cwd: project, env: plainEnv() };
  return run(process.execPath, [...args], options).then(
    ({ stdout }) => stdout,
    (e: Error & { stdout: string }) => {
      throw new Error(`${e.message}\n${e.stdout}`);
    },
  );
}

/** `npm test` tells its children of this package: for an npm in another folder that is wrong. */
export function plainEnv(): NodeJS.ProcessEnv {
  const isOurs = (name: string) =>
    /^npm_(package|lifecycle|command|config_local_prefix|config_prefix)/.test(name);
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !isOurs(name)));
}

/** A project of a user's, in a path with a space as some have; its real name, as programs report it. */
export const projectOf = (files: Readonly<Record<string, string>>): string => {
  const folder = folderOf(
    Object.fromEntries(Object.entries(files).map(([name, text]) => [`my app/${name}`, text])),
  );
  return join(realpathSync(folder), 'my app');
};

export const readJson = (path: string) => JSON.parse(readFileSync(path, 'utf8'));
