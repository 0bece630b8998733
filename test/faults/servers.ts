/** Servers that may be killed: each with one lane. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeServer, type OwnServer } from '../support/tls-servers.ts';
import { type Lane, openLane } from './lane.ts';

export interface Victim {
  readonly server: OwnServer;
  readonly lane: Lane;
  /** Null where it does not run. */
  readonly postmaster: () => Promise<number | null>;
  /** Starts it where it has ended, as a service manager does. */
  readonly revive: () => Promise<void>;
}

const HBA = ['local all all trust', 'host all all 127.0.0.1/32 trust'];

/** What is committed must outlive a crash, as on a server that people keep their data on. */
const SETTINGS = { synchronous_commit: 'on', max_connections: '20', shared_buffers: '2MB' };

export async function makeVictim(
  name: string,
  settings: Readonly<Record<string, string>> = {},
  initdb: readonly string[] = [],
): Promise<Victim> {
  const server = await makeServer(name, HBA, { ...SETTINGS, ...settings }, initdb);
  await server.start();
  await server.query('create database lane');
  const lane = await openLane(`postgres://postgres@127.0.0.1:${server.port}/lane?sslmode=disable`);

  const postmaster = async () => {
    const text = await readFile(join(server.data, 'postmaster.pid'), 'utf8').catch(() => '');
    const pid = Number.parseInt(text, 10);
    return Number.isNaN(pid) || !isAlive(pid) ? null : pid;
  };
  const revive = async () => {
    if ((await postmaster()) !== null) return;
    for (let attempt = 1; ; attempt++) {
      try {
        return await server.start();
      } catch (e) {
        // Its children may take a moment to notice, and keep its memory until then.
        if (attempt === 20) throw e;
      }
    }
  };
  return { server, lane, postmaster, revive };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
