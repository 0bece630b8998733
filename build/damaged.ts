import { MigrateError } from '../src/errors.ts';
import type { MigrationFile } from '../src/migration.ts';
import { editedSince, problemsError } from '../src/problems.ts';
import { type Damage, migrationIn } from './cargo.ts';

/** A bundle that is not as it was built. Names the migrations, where it is their text that was edited. */
export function damaged({ built, now, lines }: Damage, file: string): MigrateError {
  const problems = lines.flatMap(filesIn).flatMap(editedSince);
  if (problems.length > 0) return problemsError(problems, new Map());
  // Shifted by other line ends, its first line is not where it was.
  const how =
    built === null
      ? 'cut off, or has other line ends'
      : now.size < built.size
        ? 'cut off'
        : 'not as it was built';
  const bytes = built === null || now.size === built.size ? '' : `, with ${now.size} of ${built.size} bytes`;
  const digests = `its digest is ${now.seal}, and was ${built?.seal ?? 'in what is gone'}`;
  return new MigrateError('MIGRATION_SOURCE_FAILED', 'edited_bundle', {
    operation: 'check the bundle',
    message: `the bundle is ${how}${bytes}: ${digests}`,
    location: { file, line: null, column: null },
  });
}

function filesIn(line: string): readonly MigrationFile[] {
  try {
    const { up, down } = migrationIn(line);
    return [up, down].filter((f) => f !== null);
  } catch {
    return [];
  }
}
