import { expect } from 'vitest';
import { MigrateError } from '../../src/index.ts';

/** The MigrateError that the work ends in; anything else fails the test. */
export async function failureOf(work: Promise<unknown>): Promise<MigrateError> {
  const end = await work.then(
    () => 'it did not fail',
    (e: unknown) => e,
  );
  expect(end).toBeInstanceOf(MigrateError);
  return end as MigrateError;
}
