/**
 * `NNNNNN_name.up.sql` / `NNNNNN_name.down.sql`: golang-migrate's files by golang-migrate's rules
 * (source/parse.go, v4.19.1), except that an editor's backup is reported instead of run.
 */

import type { Migration, MigrationFile, Problem } from '../migration.ts';

/** golang-migrate's pattern. JavaScript's `.` also excludes \r, \u2028 and \u2029, which Go's does not. */
const NAME = /^([0-9]+)_([^\n]*)\.(down|up)\.([^\n]*)$/;
/** PostgreSQL's bigint; the version column can hold no more. */
export const MAX_VERSION = 9223372036854775807n;
const BACKUP = /(~|\.(bak|backup|old|orig|rej|save|swo|swp|tmp))$/i;
export const isBackup = (name: string): boolean => BACKUP.test(name);
/** Names that were surely meant as migrations: a number, a separator, and `.sql`. */
const ALMOST = /^[0-9]+[_.-].*\.sql$/is;

export interface PairName {
  readonly version: bigint;
  readonly title: string;
  readonly direction: 'up' | 'down';
}

/** Null where golang-migrate would not see a migration in the name. */
export function parseName(name: string): PairName | null {
  const m = NAME.exec(name);
  if (m === null) return null;
  return { version: BigInt(m[1] ?? ''), title: m[2] ?? '', direction: m[3] === 'up' ? 'up' : 'down' };
}

export const isPair = (name: string): boolean => NAME.test(name);

/** Whether a name is one to read at all, and if not, whether the user should hear of it. */
export function classify(name: string): 'run' | 'ignore' | { readonly why: string } {
  if (!isPair(name)) {
    if (!ALMOST.test(name)) return 'ignore';
    return { why: 'its name is not NNNNNN_name.up.sql or NNNNNN_name.down.sql' };
  }
  if (isBackup(name)) return { why: 'it looks like an editor’s backup (golang-migrate would run it)' };
  return 'run';
}

export interface NamedFile {
  readonly name: string;
  readonly file: MigrationFile;
}

/** Pairs the files up. Files come in any order; migrations leave in ascending order of version. */
export function pair(files: readonly NamedFile[]): {
  readonly migrations: readonly Migration[];
  readonly problems: readonly Problem[];
} {
  const problems: Problem[] = [];
  const byVersion = new Map<bigint, { name: string; up: MigrationFile | null; down: MigrationFile | null }>();
  for (const { name, file } of [...files].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const parsed = parseName(name);
    if (parsed === null) continue;
    if (parsed.version > MAX_VERSION) {
      problems.push({
        reason: 'name',
        message: `version ${parsed.version} is above ${MAX_VERSION}, the largest the version column can hold`,
        file: file.path,
        offset: null,
      });
      continue;
    }
    const entry = byVersion.get(parsed.version) ?? { name: parsed.title, up: null, down: null };
    const twin = entry[parsed.direction];
    if (twin !== null) {
      problems.push({
        reason: 'duplicate',
        message: `version ${parsed.version} has two ${parsed.direction} files: ${twin.path} and ${file.path}`,
        file: file.path,
        offset: null,
      });
      continue;
    }
    entry[parsed.direction] = file;
    // Titles of up and down need not agree; the up file's is the migration's.
    if (parsed.direction === 'up') entry.name = parsed.title;
    byVersion.set(parsed.version, entry);
  }
  const migrations = [...byVersion]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([version, entry]) => ({ id: String(version), version, ...entry, ledgerChecksums: [] }));
  return { migrations, problems };
}

/** The next pair's file names: the highest number plus one, as wide as the widest there. */
export function nextNames(
  names: readonly string[],
  title: string,
): { readonly up: string; readonly down: string } | null {
  let highest = 0n;
  let width = 0;
  for (const name of names) {
    const parsed = parseName(name);
    if (parsed === null) continue;
    if (parsed.version > highest) highest = parsed.version;
    width = Math.max(width, name.indexOf('_'));
  }
  if (highest >= MAX_VERSION) return null;
  const number = String(highest + 1n).padStart(width === 0 ? 6 : width, '0');
  return { up: `${number}_${title}.up.sql`, down: `${number}_${title}.down.sql` };
}
