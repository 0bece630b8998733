/** The second run: what a user does who types what the tool says. */

import { type Event, force, MigrateError, type Report, type RunOptions } from '../../src/index.ts';
import type { Lane, Sight } from './lane.ts';
import { migrationsOf, run, type Scene } from './scene.ts';
import { type Said, unfinished, untrue } from './truth.ts';

/** One run, and what it has said. */
export async function hear(
  scene: Scene,
  database: string,
  more: Partial<RunOptions> = {},
): Promise<Said & { readonly error: MigrateError | null }> {
  const events: Event[] = [];
  const onEvent = (event: Event) => void events.push(event);
  const ended = (report: Report | null, error: MigrateError | null) => ({ events, report, error });
  return run(scene, database, { onEvent, ...more }).then(
    (report) => ended(report, null),
    (e: unknown) => {
      if (e instanceof MigrateError) return ended(e.report ?? null, e);
      throw e;
    },
  );
}

/** What is wrong after a run with a fault: in what it has said, and in what there is when a second run has ended. */
export async function judged(scene: Scene, lane: Lane, said: Said, clean: Sight): Promise<readonly string[]> {
  const wrong = untrue(said, await lane.sight(), scene);
  await finish(scene, lane);
  await lane.untilUnlocked();
  return [...wrong, ...unfinished(await lane.sight(), clean, scene)];
}

/** A server that recovers takes its time: the second run waits for it, as a user's would. */
const PATIENT = { retry: { attempts: 300, delayMs: 20 } } as const;

/** Runs to the end. Where a plain file was left half done, its hint is followed, and then it is run once more. */
async function finish(scene: Scene, lane: Lane): Promise<void> {
  let { error } = await hear(scene, lane.url, PATIENT);
  // A server takes its time to see that one of its processes was killed, and then ends this run's too.
  if (error?.reason === 'connection_lost') error = (await hear(scene, lane.url, PATIENT)).error;
  if (error === null) return;
  if (scene.mode !== 'plain' || error.reason !== 'dirty') throw error;
  await followHint(scene, lane, error);
  const last = await hear(scene, lane.url, PATIENT);
  if (last.error !== null) throw last.error;
}

const HINT =
  /where nothing of migration (\d+) .*?`task migrate:force -- (\d+)`; where all of it .*?`task migrate:force -- (\d+)`/;

/** “Look at the schema: where nothing of it is there, …; where all of it is there, …”; what is half there is undone. */
async function followHint({ mode, direction }: Scene, lane: Lane, { hint }: MigrateError): Promise<void> {
  const [, id, none, all] = HINT.exec(hint ?? '') ?? [];
  if (id === undefined || none === undefined || all === undefined)
    throw new Error(`a hint that cannot be followed: ${hint}`);
  const { ran } = await lane.sight();
  const isAll = ran[`${id} ${direction}, last`] !== undefined;
  if (!isAll && ran[`${id} ${direction}, first`] !== undefined) {
    // By hand: its first transaction.
    await lane.query(`delete from audit.ran where what = '${id} ${direction}, first';
      ${direction === 'up' ? 'drop table p' : 'create table q (id int)'}`);
  }
  await force({
    database: lane.url,
    migrations: migrationsOf({ mode, direction }),
    version: BigInt(isAll ? all : none),
  });
}
