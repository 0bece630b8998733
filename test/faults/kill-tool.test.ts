/** SIGKILL of the command itself. */

import type { ChildProcess } from 'node:child_process';
import { afterAll, beforeAll, it } from 'vitest';
import type { Event } from '../../src/index.ts';
import { startRungs } from '../support/cli.ts';
import { createDatabase } from '../support/database.ts';
import { createRole } from '../support/role.ts';
import { killAnywhere } from './kill.ts';
import { type Lane, openLane } from './lane.ts';
import { migrationsOf, type Scene } from './scene.ts';
import type { Said } from './truth.ts';

const LANES = 3;
const lanes: Lane[] = [];
const running = new Map<Lane, ChildProcess>();

beforeAll(async () => {
  const role = await createRole('secret', 'superuser', 'cheap');
  for (let i = 0; i < LANES; i++) lanes.push(await openLane(role.urlOf(await createDatabase())));
});

afterAll(async () => {
  for (const lane of lanes) await lane.close();
});

it('a command that is killed leaves a database that the next run brings to its end', async () => {
  await killAnywhere({
    kind: 'tool',
    what: 'SIGKILL of the command',
    lanes,
    run: async (scene, lane, url) => {
      const { child, ended } = startRungs(argumentsFor(scene), {
        env: { DATABASE_URL: url, LOG_FORMAT: 'json' },
      });
      running.set(lane, child);
      const { stdout, stderr } = await ended;
      return heard(stdout, stderr);
    },
    kill: async (lane) => void running.get(lane)?.kill('SIGKILL'),
  });
});

function argumentsFor(scene: Scene): readonly string[] {
  const common = ['--path', migrationsOf(scene), '--yes', '--json'];
  return scene.direction === 'up' ? ['up', ...common] : ['down', '--all', ...common];
}

/** All whole lines that it came to print. */
function heard(stdout: string, stderr: string): Said {
  const events = stderr
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Event);
  const applied = stdout.endsWith('\n') ? (JSON.parse(stdout) as { applied: object[] }).applied : [];
  const said = applied.map((step) => ({ kind: 'finished', ...step }) as Event);
  return { events: [...events, ...said], report: null };
}
