import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { start, stop } from '../../tasks/cluster/cluster.ts';
import { scratch } from './scratch.ts';
import { watch } from './watchdog.ts';

/** The server that a test run works on, and the end of it. */
export interface TestServer {
  /** Of a superuser, to the database `postgres`. */
  readonly adminUrl: string;
  readonly what: string;
  readonly stop: () => Promise<void>;
}

/** The embedded server's settings for tests: data that no one will miss, and many clients. */
const SETTINGS = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off', max_connections: '300' };

/**
 * - TEST_DATABASE_URL: that server; the user must be a superuser.
 * - RUNGS_TEST_PG: the embedded PostgreSQL seen from that folder (.cache/pg15).
 * - else a container where Docker answers (RUNGS_TEST_CONTAINERS=0: never; =1: no other), of RUNGS_TEST_IMAGE;
 * - else the embedded PostgreSQL of our own devDependency.
 */
export async function startServer(env: NodeJS.ProcessEnv): Promise<TestServer> {
  const { TEST_DATABASE_URL, RUNGS_TEST_PG, RUNGS_TEST_CONTAINERS, RUNGS_TEST_IMAGE } = env;
  if (TEST_DATABASE_URL) {
    return { adminUrl: TEST_DATABASE_URL, what: 'TEST_DATABASE_URL', stop: async () => {} };
  }
  if (RUNGS_TEST_CONTAINERS === '1') return startContainer(RUNGS_TEST_IMAGE);
  if (!RUNGS_TEST_PG && RUNGS_TEST_CONTAINERS !== '0' && (await dockerAnswers(env.DOCKER_HOST))) {
    try {
      return await Promise.race([startContainer(RUNGS_TEST_IMAGE), tooLate()]);
    } catch (error) {
      const why = error instanceof Error ? error.message : error;
      console.error(`tests: no container (${why}); using the embedded server`);
    }
  }
  return startEmbedded(RUNGS_TEST_PG);
}

async function startEmbedded(from = '.'): Promise<TestServer> {
  const projectDir = await mkdtemp(join(scratch, 'rungs-test-server-'));
  // mkdtemp's 0700 would send root's server, which runs as another user, to the cache.
  await chmod(projectDir, 0o755);
  const watchdog = watch(projectDir);
  const options = {
    projectDir,
    from: [resolve(from)],
    database: 'postgres',
    settings: SETTINGS,
    durable: false,
  };
  let home = join(projectDir, '.rungs');
  const end = async () => {
    await stop(options);
    for (const dir of [home, projectDir]) await rm(dir, { recursive: true, force: true });
    watchdog.dismiss();
  };
  try {
    const { url, dataDir, major } = await start(options);
    home = dirname(dirname(dataDir));
    watchdog.alsoWatch(home);
    return { adminUrl: url, what: `embedded PostgreSQL ${major}`, stop: end };
  } catch (error) {
    await end();
    throw error;
  }
}

async function startContainer(image = 'postgres:18-alpine'): Promise<TestServer> {
  const { PostgreSqlContainer } = await import('@testcontainers/postgresql');
  const flags = Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const container = await new PostgreSqlContainer(image)
    .withDatabase('postgres')
    .withUsername('postgres')
    .withPassword('postgres')
    // In memory, as in scratch.ts; below it, for the folder itself is not the server's.
    .withTmpFs({ '/scratch': 'rw,mode=1777' })
    .withEnvironment({ PGDATA: '/scratch/data' })
    .withCommand(['postgres', ...flags])
    .start();
  const end = async () => void (await container.stop());
  return {
    adminUrl: `${container.getConnectionUri()}?sslmode=disable`,
    what: `container ${image}`,
    stop: end,
  };
}

/** An image that is not there yet may come slowly, or from a registry that does not answer. */
async function tooLate(): Promise<never> {
  await pause(90_000, undefined, { ref: false });
  throw new Error('none within 90 s');
}

/** Asks the daemon itself; `docker info` takes seconds where there is none. */
function dockerAnswers(host = 'unix:///var/run/docker.sock'): Promise<boolean> {
  const { protocol, hostname, port, pathname } = new URL(host);
  const target =
    protocol === 'unix:' ? { socketPath: pathname } : { host: hostname, port: Number(port || 2375) };
  return new Promise((done) => {
    const asked = request({ ...target, path: '/_ping', timeout: 2_000 }, (answer) => {
      answer.resume();
      done(answer.statusCode === 200);
    });
    asked.once('timeout', () => asked.destroy());
    asked.once('error', () => done(false));
    asked.once('close', () => done(false));
    asked.end();
  });
}
