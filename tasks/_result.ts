import type { MigrateError } from '../src/errors.ts';
import type { Failure } from '../src/report/fleet.ts';

/** A command's result, both ways it can be printed. */
export interface Result {
  readonly text: string;
  readonly document: unknown;
  /** What the exit code tells, where the result itself is bad news. */
  readonly error?: MigrateError | null;
  /** What is to be told behind the result. */
  readonly failures?: readonly Failure[];
}
