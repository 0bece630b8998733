import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { viteValidatorPlugin } from './build/validator.mjs';

const plugins = [viteValidatorPlugin];

/** `unit` needs nothing. The others share one server for the whole run (test/support/global-setup.ts). */
const onServer = (name: string) => ({
  plugins,
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    globalSetup: 'test/support/global-setup.ts',
    // Hundreds of processes and servers on two shared cores: one more try in CI, and both are in the log.
    retry: process.env.CI === undefined ? 0 : 1,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});

/** Made-up inputs, counted; on the server too. Not a second time: another try has the same inputs. */
const shared = onServer('fuzz');
const fuzz = {
  ...shared,
  test: { ...shared.test, retry: 0, globalSetup: [shared.test.globalSetup, 'test/support/fuzz-setup.ts'] },
};

export default defineConfig({
  test: {
    // Most tests wait for a server: two at once also where vitest would run one (two cores).
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [
      { plugins, test: { name: 'unit', include: ['test/unit/**/*.test.ts'] } },
      onServer('db'),
      onServer('task'),
      onServer('interop'),
      onServer('build'),
      onServer('package'),
      onServer('examples'),
      fuzz,
    ],
  },
});
