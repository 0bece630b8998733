/** What the caller gives to be called: where it throws, or answers what is no answer, that is its fault and no fault of ours. */

import { MigrateError } from './errors.ts';
import type { GivenHooks } from './hook.ts';
import { shown } from './kind.ts';

/** `onEvent`. */
export const heardBy =
  <E>(onEvent: (event: E) => void): ((event: E) => void) =>
  (event) => {
    try {
      onEvent(event);
    } catch (e) {
      throw thrown('onEvent', e);
    }
  };

/** `confirm`. What is neither of the answers is not to be taken for a yes. */
export const answeredBy =
  <A extends unknown[], R>(confirm: (...about: A) => Promise<R>, answers: readonly R[]) =>
  async (...about: A): Promise<R> => {
    let answer: R;
    try {
      answer = await confirm(...about);
    } catch (e) {
      throw thrown('confirm', e);
    }
    if (answers.includes(answer)) return answer;
    const said = answers.map((a) => JSON.stringify(a)).join(' or ');
    throw failed('confirm', `answered ${shown(answer)}, and not ${said}`);
  };

/** `hooks` of a fleet. What they are is looked at where they are read. */
export const hooksBy =
  <T>(hooks: (target: T) => GivenHooks | Promise<GivenHooks>) =>
  async (target: T): Promise<GivenHooks> => {
    try {
      return await hooks(target);
    } catch (e) {
      throw thrown('hooks', e);
    }
  };

/** What knows what it says stays as it is. */
const thrown = (name: string, e: unknown): MigrateError =>
  e instanceof MigrateError ? e : failed(name, `threw: ${e instanceof Error ? e.message : String(e)}`, e);

const failed = (name: string, what: string, cause?: unknown): MigrateError =>
  new MigrateError('MIGRATION_INIT_FAILED', 'callback', {
    operation: `call ${name}`,
    message: `the caller’s ${name} ${what}`,
    ...(cause === undefined ? {} : { cause }),
  });
