import { availableParallelism } from 'node:os';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import { viteValidatorPlugin } from './build/validator.mjs';

const plugins = [viteValidatorPlugin];

/** `unit` needs nothing. The others share one server for the whole run (test/support/global-setup.ts). */
export const onServer = (name: string, more: TestProjectInlineConfiguration['test'] = {}) => ({
  plugins,
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    globalSetup: 'test/support/global-setup.ts',
    // Hundreds of processes and servers on two shared cores: one more try in CI, and both are in the log.
    retry: process.env.CI === undefined ? 0 : 1,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    ...more,
  },
});

/**
 * A test works in one process at a time, its own, its command's or the server's, and some wait for a lock or a time-out:
 * three at once also where vitest would run one (two cores).
 */
export const maxWorkers = Math.max(3, availableParallelism() - 1);

/** Suites that say at their end what they have done, and how often. */
const COUNTED = ['test/support/global-setup.ts', 'test/support/counts-setup.ts'];

export default defineConfig({
  test: {
    maxWorkers,
    projects: [
      { plugins, test: { name: 'unit', include: ['test/unit/**/*.test.ts'] } },
      onServer('db'),
      onServer('faults', { globalSetup: COUNTED, testTimeout: 1_200_000, hookTimeout: 300_000 }),
      onServer('task'),
      onServer('interop'),
      onServer('build'),
      onServer('package'),
      onServer('examples'),
      // Not a second time: another try has the same inputs.
      onServer('fuzz', { globalSetup: COUNTED, retry: 0 }),
    ],
  },
});
