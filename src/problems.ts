import { MigrateError } from './errors.ts';
import type { MigrationFile, Problem } from './migration.ts';
import { checksum } from './sql/checksum.ts';
import { at } from './sql/position.ts';

/** Everything wrong with the files as one error: the first with its place, the others below it. */
export function problemsError(
  problems: readonly Problem[],
  texts: ReadonlyMap<string, string>,
): MigrateError {
  const [first, ...others] = problems;
  if (first === undefined) throw new Error('problemsError needs a problem');
  const place = placeOf(first, texts);
  return new MigrateError('MIGRATION_SOURCE_FAILED', first.reason, {
    operation: 'read the migration files',
    message: first.message,
    location: { file: first.file, line: place?.line ?? null, column: place?.column ?? null },
    excerpt: place?.excerpt ?? null,
    details: others.map((p) => {
      const where = placeOf(p, texts);
      return `also: ${p.file}${where === null ? '' : `:${where.line}:${where.column}`}: ${p.message}`;
    }),
  });
}

function placeOf(p: Problem, texts: ReadonlyMap<string, string>): ReturnType<typeof at> | null {
  const text = texts.get(p.file);
  return p.offset === null || text === undefined ? null : at(text, p.offset);
}

/** What a build found out about a text holds for that text only. */
export function editedSince({ path, text, checksum: built }: MigrationFile): readonly Problem[] {
  const now = checksum(text);
  const message = `the text in the bundle is not the one that was built in: its digest is ${now}, and was ${built}`;
  return now === built ? [] : [{ reason: 'edited_bundle', message, file: path, offset: null }];
}
