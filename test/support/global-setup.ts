import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { startServer, type TestServer } from './server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    adminUrl: string;
    serverMajor: number;
    /** How a new database is copied, as `create database` is told it. */
    copying: string;
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
  const { major, copying } = await about(adminUrl);
  project.provide('serverMajor', major);
  project.provide('copying', copying);
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

async function about(url: string): Promise<{ readonly major: number; readonly copying: string }> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    const setting = async (name: string) => (await client.query(`show ${name}`)).rows[0][name];
    const major = Math.floor(Number(await setting('server_version_num')) / 10_000);
    // Where the disk is not waited for, a checkpoint costs nothing, and half of what the log would.
    const isCheap = major >= 15 && (await setting('fsync')) === 'off';
    return { major, copying: isCheap ? 'strategy file_copy' : '' };
  } finally {
    await client.end();
  }
}
