/** The document of `fleet`. */

import { TARGET_STATES } from '../src/fleet-report.ts';
import { MOVED } from './schema-moved.ts';
import {
  count,
  countFrom1,
  countOrNull,
  ERROR,
  flag,
  list,
  object,
  one,
  orNull,
  ref,
  type Schema,
  said,
  text,
  textOrNull,
} from './shapes.ts';

export const FLEET: Readonly<Record<string, Schema>> = {
  target: object({
    name: text,
    id: said(
      'The same with whatever login it is reached: of its server, database, schema and version table.',
      {
        type: 'string',
        pattern: '^[0-9a-f]{16}$',
      },
    ),
    canary: flag,
    state: said(
      '`pending`: in a dry run, something would be applied. `done-before`: by the run that this one resumes. `not-begun`: too much had failed.',
      one(...TARGET_STATES),
    ),
    executionTimeMs: said('Null where it was not begun.', countOrNull),
    ...MOVED,
    warnings: list(ref('warning')),
    error: orNull(ref('error')),
  }),
  fleet: object({
    command: { const: 'fleet' },
    dryRun: flag,
    digest: said('Of all migrations; `--resume` believes a report of the same ones only.', text),
    shard: said('Null: all of the targets.', orNull(object({ number: countFrom1, of: countFrom1 }))),
    of: said('How many targets there are in all shards together.', count),
    targets: said('Those of this shard, in the order in which they were given.', list(ref('target'))),
    counts: object(Object.fromEntries(TARGET_STATES.map((state) => [state, count]))),
    warnings: list(ref('warning')),
    error: said(
      'That of the first target that failed, in the order of the list.',
      orNull(
        object({
          target: said('Its name; null where it is of none: they were ended.', textOrNull),
          ...ERROR,
        }),
      ),
    ),
  }),
};
