/** One command, from its start to its end: how long, how much memory, and what it said if it failed. */

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** The most that a process has held so far, in bytes; 0 where the system does not say (it is Linux that does). */
export function peakOf(pid) {
  try {
    const found = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return Number(found?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

/** The command of a script of Node's, which finds its database in the environment. */
export const nodeOn = (url, ...args) => ({ program: process.execPath, args, env: { DATABASE_URL: url } });

/** Milliseconds and bytes. Throws where it ends with anything but 0. */
export function run({ program, args, cwd, env = {}, input }) {
  return new Promise((resolve, reject) => {
    const { PATH, HOME } = process.env;
    const begun = performance.now();
    const child = spawn(program, args, {
      cwd,
      env: { PATH, HOME, ...env },
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    let peak = 0;
    const watch = setInterval(() => {
      peak = Math.max(peak, peakOf(child.pid));
    }, 20);
    let said = '';
    const keep = (bytes) => {
      said = `${said}${bytes}`.slice(-4000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.stdin?.end(input);
    child.on('error', reject);
    child.on('close', (code) => {
      const ms = performance.now() - begun;
      clearInterval(watch);
      if (code === 0) resolve({ ms, peak, said });
      else reject(new Error(`${program} ${args.join(' ')}: exit code ${code}\n${said}`));
    });
  });
}

export const median = (list) => {
  const sorted = [...list].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};
