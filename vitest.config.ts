import { defineConfig } from 'vitest/config';

/** `unit` needs nothing. The others share one server for the whole run (test/support/global-setup.ts). */
const onServer = (name: string) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    globalSetup: 'test/support/global-setup.ts',
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'] } },
      onServer('db'),
      onServer('task'),
      onServer('interop'),
    ],
  },
});
