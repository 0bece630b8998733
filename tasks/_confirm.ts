/** Whether to go on: asked on a terminal, with what would be done. */

import type { Config } from '../src/config/config.ts';
import { MigrateError } from '../src/errors.ts';
import type { Confirmed, Step } from '../src/index.ts';

export interface Asking {
  readonly when: Config['confirm']['value'];
  /** `--yes` */
  readonly isYes: boolean;
  readonly isTerminal: boolean;
  /** `user@host:port/database`: two databases of one name are often a test's and the real one. */
  readonly target: string | null;
  /** A line on stderr. */
  readonly say: (text: string) => void;
  /** End of input is an empty answer. */
  readonly ask: (question: string) => Promise<string>;
}

const noTerminal = (operation: string, message: string): MigrateError =>
  new MigrateError('CONFIG_INVALID', 'confirmation', { operation, message });

/** With `confirm: always` it does not depend on what is pending whether a run without a terminal ends well. */
export function refuseUnasked({ when, isYes, isTerminal }: Asking): void {
  if (when !== 'always' || isYes || isTerminal) return;
  throw noTerminal('ask before migrating', '`confirm: always` is set, and there is no terminal to ask on');
}

export async function confirm(asking: Asking, steps: readonly Step[], database: string): Promise<Confirmed> {
  const { when, isYes, isTerminal, target } = asking;
  const downs = steps.filter((s) => s.direction === 'down');
  if (isYes || when === 'never' || (when === 'down' && downs.length === 0)) return 'unasked';
  if (when === 'always') return (await inToolHivesWords(asking, steps, database)) ? 'yes' : 'no';
  if (!isTerminal) {
    if (downs.length === 1) return 'unasked';
    const message = `${downs.length} migrations would be reverted, and there is no terminal to ask on`;
    throw noTerminal('ask before reverting', message);
  }
  list(asking, `This reverts ${howMany(downs, 'one migration')} on ${target ?? database}:`, downs);
  return isYesOrY((await asking.ask('Continue? (yes/no): ')).trim().toLowerCase()) ? 'yes' : 'no';
}

/** Its users' fingers know them, and some scripts of theirs. */
async function inToolHivesWords(asking: Asking, steps: readonly Step[], database: string): Promise<boolean> {
  const isUp = steps.every((s) => s.direction === 'up');
  if (isUp) {
    list(asking, `About to apply ${howMany(steps, '1 migration')} to database ${database}:`, steps);
    return isYesOrY(await asking.ask('Continue? (yes/no): '));
  }
  const downs = steps.filter((s) => s.direction === 'down');
  list(
    asking,
    `WARNING: This will revert ${howMany(downs, '1 migration')} from database ${database}:`,
    downs,
  );
  asking.say('WARNING: This operation may result in DATA LOSS');
  const answer = await asking.ask("Are you sure you want to continue? Type 'yes' to proceed: ");
  return answer === 'yes';
}

const isYesOrY = (answer: string): boolean => answer === 'yes' || answer === 'y';

const howMany = (steps: readonly Step[], one: string): string =>
  steps.length === 1 ? one : `${steps.length} migrations`;

function list({ say }: Asking, heading: string, steps: readonly Step[]): void {
  say(heading);
  for (const { migration } of steps) say(`  ${migration.id} ${migration.name}`);
}
