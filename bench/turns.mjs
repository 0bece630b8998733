/** Whoever is compared takes turns, so that a busy machine is busy for all. */

import { median, run } from './measure.mjs';
import { createDatabase, dropDatabase, heard, urlOf } from './server.mjs';

/** What takes long is waiting, and does not vary: the bench is to end. */
const isEnough = (times) => {
  const usual = times.length === 0 ? 0 : median(times);
  return times.length >= (usual > 30_000 ? 1 : usual > 10_000 ? 2 : Number.POSITIVE_INFINITY);
};

/** Each of `contestants` (name to a function from URL to command) on a database of its own, `rounds` times in turns. */
export async function takeTurns({ contestants, ms, rounds, like = {}, say }) {
  const found = Object.fromEntries(Object.keys(contestants).map((name) => [name, { times: [], peak: 0 }]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, commandFor] of Object.entries(contestants)) {
      if (found[name].error !== undefined || isEnough(found[name].times)) continue;
      const database = await createDatabase(like[name]);
      try {
        const command = await commandFor(await urlOf(database, ms));
        const { ms: took, peak } = await (typeof command === 'function' ? command() : run(command));
        found[name].times.push(took);
        found[name].peak = Math.max(found[name].peak, peak);
        say(`  ${name}: ${(took / 1000).toFixed(2)} s`);
      } catch (e) {
        // Said on the page; a tool that cannot do it is no reason not to measure the others.
        found[name].error = e.message;
        say(`  ${name}: ${e.message}`);
      } finally {
        await dropDatabase(database);
      }
    }
  }
  return found;
}

/**
 * Each of `contestants` (name to a function from URL to its memory, and its time where that is not all) on a copy
 * of `like`, and what goes over the wire.
 */
export async function listened({ contestants, like, ms, rounds, say }) {
  const found = Object.fromEntries(Object.keys(contestants).map((name) => [name, { times: [], peak: 0 }]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, work] of Object.entries(contestants)) {
      const database = await createDatabase(like);
      const url = await urlOf(database, ms);
      const before = await heard(ms);
      const begun = performance.now();
      const { peak, ms: took = performance.now() - begun } = await work(url);
      found[name].times.push(took);
      const after = await heard(ms);
      found[name].queries = after.queries - before.queries;
      found[name].locks = after.locks - before.locks;
      found[name].peak = Math.max(found[name].peak, peak);
      say(`  ${name}: ${(found[name].times.at(-1) / 1000).toFixed(2)} s`);
      await dropDatabase(database);
    }
  }
  await dropDatabase(like);
  return found;
}
