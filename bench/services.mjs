/** Services that migrate themselves: each has started, and waits for the word. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { peakOf } from './measure.mjs';

/** From the word, which all are given at once, to the last one that is done; how long they took to start is not in it. */
export async function atTheWord(commands) {
  const services = commands.map(start);
  try {
    await Promise.all(services.map((service) => service.says('ready')));
    const begun = performance.now();
    for (const { child } of services) child.stdin.write('go\n');
    await Promise.all(services.map((service) => service.says('done')));
    const ms = performance.now() - begun;
    return { ms, peak: Math.max(...services.map(({ child }) => peakOf(child.pid))) };
  } finally {
    await Promise.all(services.map((service) => service.end()));
  }
}

function start({ program, args, env = {} }) {
  const { PATH, HOME } = process.env;
  const child = spawn(program, args, { env: { PATH, HOME, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
  const closed = once(child, 'close');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let complaint = '';
  child.stderr.on('data', (bytes) => {
    complaint = `${complaint}${bytes}`.slice(-4000);
  });
  // One that has ended is written to in vain; that it said nothing is what is told.
  child.stdin.on('error', () => {});
  return {
    child,
    says: async (word) => {
      const { value } = await lines.next();
      if (value !== word) throw new Error(`${program} ${args.join(' ')}: not ${word}\n${complaint}`);
    },
    end: () => {
      child.kill();
      return closed;
    },
  };
}
