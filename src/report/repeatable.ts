/** Repeatables among what a run has applied, which have no version to be listed by. */

import { isRepeatable } from '../migration.ts';
import type { Report, StepReport } from '../report.ts';
import { counted } from './amounts.ts';

/** What was applied: the versioned ones, and a line about the others. */
export function parted({ applied }: Report): {
  readonly versioned: readonly StepReport[];
  readonly repeated: readonly string[];
} {
  const versioned = applied.filter((s) => !isRepeatable(s.id));
  const many = applied.length - versioned.length;
  return {
    versioned,
    repeated: many === 0 ? [] : [`${counted(many, 'repeatable')} run`],
  };
}
