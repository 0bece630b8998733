import { defineConfig } from 'vitest/config';
import { maxWorkers, onServer } from './vitest.config.ts';

/** Of Docker Hub; a comma between two. RUNGS_TEST_IMAGES names others. */
const OFFICIAL = [14, 15, 16, 17, 18].map((major) => `postgres:${major}`).join();
const images = (process.env.RUNGS_TEST_IMAGES || OFFICIAL).split(',').map((image) => image.trim());

/** What makes servers of its own, from the embedded package, is the same whatever the image. */
const ON_OTHER_SERVERS = ['test/db/cluster/**', 'test/db/connection/**'];

/** The tests of the database, once for each image: a server in a container, and nothing in its stead. */
export default defineConfig({
  test: {
    maxWorkers,
    projects: images.map((image) => {
      const { plugins, test } = onServer('db');
      const env = { RUNGS_TEST_CONTAINERS: '1', RUNGS_TEST_IMAGE: image };
      return { plugins, test: { ...test, name: `db on ${image}`, exclude: ON_OTHER_SERVERS, env } };
    }),
  },
});
