/** What a run did to a database: a part of the documents of `up` and its like, and of each of a fleet's targets. */

import {
  DIRECTION,
  flag,
  list,
  object,
  orNull,
  ref,
  type Schema,
  said,
  text,
  VERSION_OR_NONE,
} from './shapes.ts';

const named = { id: text, version: VERSION_OR_NONE, name: text };

export const MOVED: Readonly<Record<string, Schema>> = {
  from: VERSION_OR_NONE,
  to: VERSION_OR_NONE,
  dirty: flag,
  applied: said('Committed, in order; in a dry run, what would be run.', list(ref('step'))),
  pending: said('Unapplied afterwards; what is `unknown` is not among them.', list(ref('migration'))),
  hooks: said('Those that were run, in order; in a dry run, those that would be.', list(ref('hook'))),
  failed: orNull(object({ ...named, direction: DIRECTION, rolledBack: flag })),
  notReached: said('Planned, and not begun because an earlier one failed.', list(ref('migration'))),
  unknown: said('Sent, and whether it was committed could not be looked up.', list(ref('migration'))),
};
