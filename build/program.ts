/** A bundle's programs, which know nothing of its migrations: the front, and the commands with pg and without the parser. */

import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { driverPlugin } from './driver.mjs';
import { leaveOut } from './left-out.ts';
import { cannotBuild, loadEsbuild } from './tool.ts';

/** This package, as it is installed. */
const home = dirname(dirname(fileURLToPath(import.meta.url)));

export const makeFront = (): Promise<string> => make('front');
export const makeCommands = (): Promise<string> => make('commands');

/** As CommonJS, which asks for built-in modules where they are used, and an ES module for all before it begins. */
async function make(entry: 'front' | 'commands'): Promise<string> {
  const { build } = await loadEsbuild();
  const { outputFiles } = await build({
    absWorkingDir: home,
    entryPoints: [join(home, 'dist', `${entry}.mjs`)],
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    minify: true,
    // Node shows the line in which an error was.
    lineLimit: 500,
    plugins: [{ name: 'rungs', setup: leaveOut }, driverPlugin],
    logLevel: 'silent',
    write: false,
  }).catch((e: unknown) => {
    throw cannotBuild(`esbuild: ${(e as Error).message}`, 'install rungs and esbuild anew', e);
  });
  return outputFiles[0]?.text ?? '';
}
