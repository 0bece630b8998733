import type { Direction, Head, Step } from '../../src/migration.ts';
import { checksum } from '../../src/sql/checksum.ts';

/** A step as the planner would make it, from the little that matters to a test. */
export function step(s: {
  readonly version: bigint;
  readonly direction: Direction;
  readonly from: Head;
  readonly to: bigint | null;
  readonly text: string;
}): Step {
  const { version, direction, from, to, text } = s;
  const file = { path: `${version}_test.${direction}.sql`, text, checksum: checksum(text), analysis: null };
  const migration = { id: String(version), version, name: 'test', up: file, down: file, ledgerChecksums: [] };
  return { migration, direction, file, from, to, resume: null };
}
