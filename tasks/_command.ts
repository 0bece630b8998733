/** What a command is: what it takes, and the one call into the public API that it makes. */

import { quotable } from '../src/config/unquotable.ts';
import type { Event, Warning } from '../src/event.ts';
import type { RunOptions } from '../src/index.ts';
import type { Voice } from '../src/report/error-text.ts';
import type { Carried } from './_carried.ts';
import type { Loaded } from './_config.ts';
import { type Arguments, type FlagName, usageError } from './_flags.ts';
import type { Result } from './_result.ts';

export interface Context {
  readonly args: Arguments;
  readonly options: RunOptions;
  readonly loaded: Loaded;
  /** Null outside of bundles. */
  readonly carried: Carried | null;
  /** A line on stderr; `target`: of a fleet's that it is about. */
  readonly say: (text: string, target?: string) => void;
  readonly voice: Voice;
  /** What happens in a target of a fleet; null: in none. */
  readonly narrate: (event: Event, target: string | null) => void;
  /** What must not be seen either. */
  readonly hide: (secrets: readonly string[]) => void;
  /** Heard so far. */
  readonly warnings: readonly Warning[];
}

export interface Command {
  /** Behind the verb in the usage line. */
  readonly operand: string;
  readonly help: string;
  readonly flags: readonly FlagName[];
  /** Whether a database is needed; `create` only writes files. */
  readonly connects: boolean;
  /** Without `--yes` it only shows, and asks nothing. */
  readonly shows?: true;
  /** Works on a project's files, so a bundle has none of it. */
  readonly checkout?: true;
  readonly run: (context: Context) => Promise<Result>;
}

export const COMMON: readonly FlagName[] = [
  'config',
  'database',
  'role',
  'path',
  'lock-timeout',
  'json',
  'help',
];

/** At most so many words besides the flags. */
export function operands(args: Arguments, verb: string, most: number): string | null {
  if (args.positionals.length > most) {
    throw usageError(`too many arguments: ${args.positionals.slice(most).map(quotable).join(' ')}`, verb);
  }
  return args.positionals[0] ?? null;
}
