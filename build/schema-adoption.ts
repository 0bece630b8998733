/** The documents of `adopt` and `baseline`. */

import {
  count,
  countOrNull,
  flag,
  list,
  NO_FAILURE,
  object,
  orNull,
  ref,
  type Schema,
  said,
  text,
  textOrNull,
  VERSION_OR_NONE,
} from './shapes.ts';

export const ADOPTION: Readonly<Record<string, Schema>> = {
  adopt: object({
    command: { const: 'adopt' },
    tool: said('As `--from` names it.', text),
    from: said('Its table, which stays as it is.', text),
    table: said('The version table.', text),
    version: VERSION_OR_NONE,
    written: flag,
    migrations: list(
      object({
        recorded: said(
          'As the other tool calls it; null where another of its rows speaks for it.',
          textOrNull,
        ),
        id: said('This and the next three are null where no file matches.', textOrNull),
        version: VERSION_OR_NONE,
        name: textOrNull,
        file: textOrNull,
        appliedAt: said('ISO 8601, UTC.', textOrNull),
        executionTimeMs: countOrNull,
        problem: said('Why it cannot be taken over. Nothing is written where there is one.', textOrNull),
      }),
    ),
    setting: said(
      'What rungs.yaml has to say from now on; null where it is right already.',
      orNull(
        object({
          key: { const: 'table' },
          value: text,
          file: said('Where it was written; null where it was not.', textOrNull),
        }),
      ),
    ),
    warnings: list(ref('warning')),
    error: orNull(ref('error')),
  }),
  baseline: object({
    command: { const: 'baseline' },
    version: VERSION_OR_NONE,
    table: said('The version table.', text),
    objects: said('How many were looked for, and are there.', count),
    written: flag,
    migrations: said('Those that count as applied.', list(ref('migration'))),
    ...NO_FAILURE,
  }),
};
