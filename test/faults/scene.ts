/** What is run while something fails: a folder of test/fixtures/faults, up or down. */

import { type Direction, down, type Options, type Report, type RunOptions, up } from '../../src/index.ts';

export const MODES = ['atomic', 'resumable', 'plain'] as const;
export const DIRECTIONS = ['up', 'down'] as const;

export interface Scene {
  /** Of the migration in the middle, and the folder's name. */
  readonly mode: (typeof MODES)[number];
  readonly direction: Direction;
  /** Where it is not the mode's own. */
  readonly folder?: string;
}

export const SCENES: readonly Scene[] = MODES.flatMap((mode) =>
  DIRECTIONS.map((direction) => ({ mode, direction })),
);

export const nameOf = ({ mode, direction }: Scene): string => `${mode} ${direction}`;

/** Three migrations, each of which writes into `audit.ran` that it was run. */
export const migrationsOf = ({ mode, folder = mode }: Scene): string => `test/fixtures/faults/${folder}`;

/** To the end of the way. A connection that fails is tried again without much of a pause. */
export function run(scene: Scene, database: string, more: Partial<RunOptions> = {}): Promise<Report> {
  const options: Options = {
    database,
    migrations: migrationsOf(scene),
    retry: { attempts: 3, delayMs: 5 },
    ...more,
  };
  return scene.direction === 'up' ? up(options) : down({ ...options, steps: 'all' });
}

/** What the one statement of ours that may run twice writes: it cannot be in a transaction with its record. */
export const isAtLeastOnce = (what: string): boolean => what.endsWith(', alone');
