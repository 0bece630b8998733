/** A command on a terminal of its own, where a question can be asked and keys can be typed. */

import { spawn, spawnSync } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';

/** Whether there is one to be had: util-linux's `script` makes them. */
export const hasTerminal = (spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout ?? '').includes(
  'util-linux',
);

export interface TerminalOptions {
  readonly cwd: string;
  /** Besides PATH and HOME, all there is. */
  readonly env: Readonly<Record<string, string>>;
}

export function onTerminal(words: readonly string[], { cwd, env }: TerminalOptions) {
  const line = words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn('script', ['-qec', line, '/dev/null'], {
    cwd,
    env: { PATH, HOME, NO_COLOR: '1', SHELL: '/bin/sh', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let screen = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    screen += part;
  });
  child.stdin.on('error', () => {});
  const ended = new Promise<{ code: number | null; screen: string }>((done, fail) => {
    child.once('error', fail);
    child.once('close', (code) => done({ code, screen: screen.replaceAll('\r', '') }));
  });
  return {
    ended,
    shows: async (text: string) => {
      const start = Date.now();
      while (!screen.includes(text)) {
        if (Date.now() - start > 30_000 || child.exitCode !== null)
          throw new Error(`the terminal does not show ${JSON.stringify(text)}:\n${screen}`);
        await pause(20);
      }
    },
    type: (keys: string) => void child.stdin.write(keys),
  };
}
