/** The values for `${name}` in migration files: the section's, over which RUNGS_PLACEHOLDER_NAME wins. */

import type { GivenPlaceholders } from '../sql/placeholders.ts';
import { type Checked, valuesIn } from './check.ts';
import type { Layer, Sourced } from './layer.ts';

export interface SourcedPlaceholder extends Sourced<string> {
  readonly name: string;
  /** A variable’s value is in it. */
  readonly isSecret: boolean;
}

/** Null where nobody asks for any. A variable alone does: where a bundle runs there may be no file. */
export function placeholdersOf(
  checked: readonly Checked[],
  file: Layer | null,
): readonly SourcedPlaceholder[] | null {
  const values = valuesIn('placeholders', checked);
  if (values.size === 0 && file?.origins.has('placeholders') !== true) return null;
  return [...values].map(([name, { value, origin }]) => {
    const isSecret = origin.kind !== 'file' || file?.hidden.has(`placeholders/${name}`) === true;
    return { name, value: String(value), origin, isSecret };
  });
}

/** As a run is told them. */
export const given = (placeholders: readonly SourcedPlaceholder[]): GivenPlaceholders =>
  Object.fromEntries(
    placeholders.map(({ name, value, isSecret }) => [name, isSecret ? { secret: value } : value]),
  );
