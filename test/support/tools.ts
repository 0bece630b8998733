import { execFileSync } from 'node:child_process';

/** Whether a program that only some machines have is here. Under CI=true it has to be: no proof is skipped there. */
export function has(program: string, ...args: string[]): boolean {
  try {
    execFileSync(program, args, { stdio: 'ignore' });
    return true;
  } catch {
    if (process.env.CI === 'true') throw new Error(`${program} is not here, and CI=true`);
    console.error(`tests: skipped what needs ${program}, which is not here`);
    return false;
  }
}
