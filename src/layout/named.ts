/**
 * `NNN_name.sql`: FluxStudio's files. Numbers may repeat; the order is by number, then by code unit of the name, the
 * same on every machine. (Its own tool asks the locale: there `010_a_b.sql` comes before `010_a.sql`.)
 */

import type { Migration, MigrationFile, Problem } from '../migration.ts';
import { checksum, digest } from '../sql/checksum.ts';
import { type Part, split } from './markers.ts';
import { isBackup, MAX_VERSION, type NamedFile, parseName as parsePair } from './pairs.ts';

/** The ledger's column. */
const LONGEST = 255;

/** Of a file without a number, the highest there is: it comes last. */
export const numberOf = (name: string): bigint => {
  const digits = /^[0-9]+/.exec(name)?.[0];
  return digits === undefined ? MAX_VERSION : BigInt(digits);
};

/** Whether a name is one to read at all, and if not, whether the user should hear of it. */
export function classify(name: string): 'run' | 'ignore' | { readonly why: string } {
  if (/\.sql$/i.test(name)) return 'run';
  return isBackup(name) && /\.sql/i.test(name) ? { why: 'it looks like an editor’s backup' } : 'ignore';
}

/** Files come in any order; migrations leave in the order in which they are applied. */
export function order(files: readonly NamedFile[]): {
  readonly migrations: readonly Migration[];
  readonly problems: readonly Problem[];
} {
  const problems: Problem[] = [];
  const migrations: Migration[] = [];
  for (const { name, file } of files) {
    const fault = faultOf(name);
    if (fault !== null) {
      problems.push({ reason: 'name', message: fault, file: file.path, offset: null });
      continue;
    }
    const parts = split(file.text);
    problems.push(...parts.problems.map((p) => ({ ...p, file: file.path })));
    const part = ({ text, noTransaction }: Part): MigrationFile => ({
      ...file,
      text,
      checksum: checksum(text),
      ...(noTransaction ? { asked: 'resumable' } : {}),
    });
    migrations.push({
      id: name,
      version: numberOf(name),
      name: '',
      up: part(parts.up),
      down: parts.down === null ? null : part(parts.down),
      ledgerChecksums: checksumsOf(file.text),
    });
  }
  return { migrations: migrations.sort(inOrder), problems };
}

type Ordered = Pick<Migration, 'id' | 'version'>;

/** Pairs too: their versions do not repeat. */
export const inOrder = (a: Ordered, b: Ordered): number =>
  a.version === b.version ? (a.id < b.id ? -1 : 1) : a.version < b.version ? -1 : 1;

function faultOf(name: string): string | null {
  const pair = parsePair(name);
  if (pair !== null) {
    return `its name is that of a pair’s ${pair.direction} file, and \`layout: named\` would run it as a migration of its own`;
  }
  if (numberOf(name) > MAX_VERSION) return `its number is above ${MAX_VERSION}`;
  if ([...name].length > LONGEST)
    return `its name is longer than the ${LONGEST} characters that the table can hold`;
  return null;
}

/** FluxStudio's: 16 hex digits, of the text as it is; then with other line ends, and with a byte order mark. */
function checksumsOf(text: string): readonly string[] {
  const lf = text.replaceAll('\r\n', '\n');
  const texts = [text, lf, lf.replaceAll('\n', '\r\n')];
  const all = [...texts, ...texts.map((t) => `\ufeff${t}`)].map((t) => digest(t).slice(0, 16));
  return [...new Set(all)];
}

/** The next file's name: the highest number plus one, three digits wide or as wide as the widest there. */
export function nextName(names: readonly string[], title: string): string | null {
  const numbered = names.flatMap((name) => /^([0-9]+)[^/]*\.sql$/i.exec(name)?.[1] ?? []);
  const highest = numbered.reduce((n, digits) => (BigInt(digits) > n ? BigInt(digits) : n), 0n);
  if (highest >= MAX_VERSION) return null;
  const width = Math.max(3, ...numbered.map((digits) => digits.length));
  return `${String(highest + 1n).padStart(width, '0')}_${title}.sql`;
}
