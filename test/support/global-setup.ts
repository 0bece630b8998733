import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { startServer, type TestServer } from './server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    adminUrl: string;
    serverMajor: number;
  }
}

interface Shared {
  readonly server: Promise<TestServer>;
  users: number;
}

/**
 * Vitest runs this once for each project, each time as a module of its own; only the process is the same. Projects that
 * ask for the same image, or for none, share a server.
 */
const everywhere = globalThis as typeof globalThis & { rungsTestServers?: Map<string, Shared> };

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const env = { ...process.env, ...project.config.env };
  const image = env.RUNGS_TEST_IMAGE ?? '';
  everywhere.rungsTestServers ??= new Map();
  const servers = everywhere.rungsTestServers;
  const shared = servers.get(image) ?? { server: announced(env), users: 0 };
  servers.set(image, shared);
  shared.users++;
  const { adminUrl } = await shared.server;
  project.provide('adminUrl', adminUrl);
  project.provide('serverMajor', await majorOf(adminUrl));
  return async () => {
    if (--shared.users > 0) return;
    servers.delete(image);
    await (await shared.server).stop();
  };
}

async function announced(env: NodeJS.ProcessEnv): Promise<TestServer> {
  const server = await startServer(env);
  console.error(`tests: ${server.what}`);
  return server;
}

async function majorOf(url: string): Promise<number> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    const { rows } = await client.query('show server_version_num');
    return Math.floor(Number(rows[0].server_version_num) / 10_000);
  } finally {
    await client.end();
  }
}
