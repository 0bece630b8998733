/** One program with Node inside: the running Node, with the bundle put into it (Node's "single executable"). */

import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { executableMain } from './form.ts';
import { cannotBuild, findPostject } from './tool.ts';

/** Node looks for it in itself, and for what is behind it: 0 as it comes, 1 with a program inside. */
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

const CONFIG = {
  // Relative, as their folder would else be in the result.
  main: 'migrate.cjs',
  assets: { body: 'body.txt' },
  output: 'migrate.blob',
  disableExperimentalSEAWarning: true,
  useSnapshot: false,
  useCodeCache: false,
};

export function makeExecutable(front: string, body: string, outfile: string): void {
  const postject = findPostject();
  const node = process.execPath;
  if (!readFileSync(node).includes(`${FUSE}:0`)) {
    throw cannotBuild(
      `${node} cannot be made into an executable: no program can be put into it`,
      'use Node as nodejs.org or its Docker image has it; some distributions split theirs',
    );
  }
  const work = mkdtempSync(join(tmpdir(), 'rungs-build-'));
  try {
    writeFileSync(join(work, CONFIG.main), executableMain(front));
    writeFileSync(join(work, CONFIG.assets.body), body);
    writeFileSync(join(work, 'config.json'), JSON.stringify(CONFIG));
    run(node, ['--experimental-sea-config', 'config.json'], work);
    copyFileSync(node, outfile);
    // Its signature is Node's, and does not outlive a change. macOS runs nothing on ARM without one, so the result gets
    // one that is nobody's. Windows runs it as it is; who wants it signed signs the result (`signtool sign`).
    if (process.platform === 'darwin') run('codesign', ['--remove-signature', outfile]);
    // By its command, whose complaints (of ELF sections that LIEF does not know) are of use only where it fails.
    const macho = process.platform === 'darwin' ? ['--macho-segment-name', 'NODE_SEA'] : [];
    const blob = join(work, CONFIG.output);
    run(node, [postject, outfile, 'NODE_SEA_BLOB', blob, '--sentinel-fuse', FUSE, ...macho]);
    if (process.platform === 'darwin') run('codesign', ['--sign', '-', outfile]);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function run(program: string, args: readonly string[], cwd = process.cwd()): void {
  try {
    // Whatever it asks of Node for this process is not meant for that one.
    const { NODE_OPTIONS: _, ...env } = process.env;
    execFileSync(program, args, { cwd, env, stdio: ['ignore', 'ignore', 'pipe'] });
  } catch (e) {
    const { stderr, message } = e as Error & { readonly stderr?: Buffer };
    throw cannotBuild(`${program}: ${stderr?.toString().trim() || message}`, undefined, e);
  }
}
