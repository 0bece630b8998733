import { MigrateError } from './errors.ts';
import type { MigrationFile, Problem } from './migration.ts';
import { checksum } from './sql/checksum.ts';
import { spotIn, wholeText } from './sql/cuts.ts';
import type { Spot } from './sql/position.ts';

/** Everything wrong with the files as one error: the first with its place, the others below it. */
export function problemsError(
  problems: readonly Problem[],
  files: ReadonlyMap<string, MigrationFile>,
  operation = 'read the migration files',
): MigrateError {
  const [first, ...others] = problems;
  if (first === undefined) throw new Error('problemsError needs a problem');
  const place = placeOf(first, files);
  return new MigrateError('MIGRATION_SOURCE_FAILED', first.reason, {
    operation,
    message: first.message,
    location: { file: first.file, line: place?.line ?? null, column: place?.column ?? null },
    excerpt: place?.excerpt ?? null,
    ...(first.next === undefined ? {} : { hint: first.next }),
    details: others.map((p) => {
      const where = placeOf(p, files);
      return `also: ${p.file}${where === null ? '' : `:${where.line}:${where.column}`}: ${p.message}`;
    }),
  });
}

function placeOf(p: Problem, files: ReadonlyMap<string, MigrationFile>): Spot | null {
  const file = files.get(p.file);
  return p.offset === null || file === undefined ? null : spotIn(file, p.offset);
}

/** What a build found out about a text holds for that text only. */
export function editedSince(file: MigrationFile): readonly Problem[] {
  const { path, checksum: built } = file;
  const now = checksum(wholeText(file));
  const message = `the text in the bundle is not the one that was built in: its digest is ${now}, and was ${built}`;
  return now === built ? [] : [{ reason: 'edited_bundle', message, file: path, offset: null }];
}
