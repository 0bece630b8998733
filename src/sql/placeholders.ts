/**
 * `${name}` in a file, and the value that goes to the server in its place: as text, in all that is SQL, strings and
 * function bodies too. Left as they are: comments, the rows of a COPY, and `$tag${`, which begins a dollar quote.
 */

import { nearest } from '../config/nearest.ts';
import type { Cut, Filling, MigrationFile, Migrations, Problem, PsqlParts } from '../migration.ts';
import { inFilled } from './filled.ts';
import { Lexer } from './lexer.ts';

export interface Placeholder {
  readonly value: string;
  /** From the environment: it may be a password. */
  readonly isSecret: boolean;
}

/** By name. */
export type Placeholders = ReadonlyMap<string, Placeholder>;

/** What may stand between the braces. */
export const NAME = /^[A-Za-z_]\w*$/;

/** What stands for `${` itself. `$${` cannot, as that is a dollar quote. */
const LITERAL = '${:';

/** As a caller gives them. */
export type GivenPlaceholders = Readonly<Record<string, string | { readonly secret: string }>>;

/** Null where none are given. */
export const placeholdersOf = (given: GivenPlaceholders | undefined): Placeholders | null =>
  given === undefined
    ? null
    : new Map(
        Object.entries(given).map(([name, said]) => [
          name,
          typeof said === 'string'
            ? { value: said, isSecret: false }
            : { value: said.secret, isSecret: true },
        ]),
      );

/** Every file of a set, as it is run. */
export function fillInAll(source: Migrations, placeholders: Placeholders | null): Migrations {
  const fill = (file: MigrationFile | null) => (file === null ? null : fillIn(file, placeholders));
  const migrations = source.migrations.map((m) => ({ ...m, up: fill(m.up), down: fill(m.down) }));
  const repeatable = source.repeatable.map((m) => ({ ...m, up: fill(m.up) }));
  return { ...source, migrations, repeatable };
}

/**
 * The file as it is run. `placeholders` null: nobody has asked for any, and `${` means nothing. What cannot be filled in
 * is in `filled.problems`, for who is about to run the file to tell.
 */
export function fillIn(file: MigrationFile, placeholders: Placeholders | null): MigrationFile {
  // What a build has read as it is written stays so.
  const asks = file.analysis === null ? placeholders !== null : file.hasPlaceholders === true;
  // Of what is refused for psql's sake nothing more can be said.
  if (!asks || !file.text.includes('${') || (file.psql?.refused.length ?? 0) > 0) return file;
  const values = placeholders ?? new Map<string, Placeholder>();
  const problems: Problem[] = [];
  const fillings: Filling[] = [];
  const pieces: string[] = [];
  let [from, length] = [0, 0];
  for (const mark of marksIn(file.text)) {
    const found = valueFor(mark, values);
    if (typeof found === 'string') {
      problems.push({ reason: 'placeholder', message: found, file: file.path, offset: mark.from });
      continue;
    }
    const before = file.text.slice(from, mark.from);
    const start = length + before.length;
    const { value, isSecret } = found;
    fillings.push({
      name: mark.name,
      from: mark.from,
      to: mark.to,
      start,
      end: start + value.length,
      isSecret,
    });
    pieces.push(before, value);
    [from, length] = [mark.to, start + value.length];
  }
  if (problems.length > 0) return { ...file, filled: { written: file, fillings: [], tall: [], problems } };
  if (fillings.length === 0) return file;
  const text = pieces.join('') + file.text.slice(from);
  const psql = file.psql === null ? null : moved(file.psql, fillings);
  const tall = fillings.filter(({ start, end }) => text.slice(start, end).includes('\n'));
  return { ...file, text, psql, filled: { written: file, fillings, tall, problems } };
}

function moved({ cuts, refused }: PsqlParts, fillings: readonly Filling[]): PsqlParts {
  const move = (offset: number): number => inFilled(fillings, offset);
  const all = cuts.map(
    (cut): Cut => ({ ...cut, at: move(cut.at), copy: cut.copy === null ? null : move(cut.copy) }),
  );
  return { cuts: all, refused };
}

interface Mark {
  /** Null: it is no placeholder. */
  readonly name: string | null;
  readonly from: number;
  readonly to: number;
  readonly fault: string | null;
}

const MARK = /\$\{(:|[^}\r\n]*\}?)/g;

function* marksIn(text: string): Generator<Mark> {
  const passed = passedOver(text);
  let i = 0;
  for (const { 0: all, 1: inner = '', index: from } of text.matchAll(MARK)) {
    while ((passed[i]?.to ?? Number.POSITIVE_INFINITY) <= from) i++;
    if ((passed[i]?.from ?? Number.POSITIVE_INFINITY) <= from) continue;
    const name = inner.slice(0, -1);
    if (all === LITERAL) yield { name: null, from, to: from + all.length, fault: null };
    else if (inner.endsWith('}') && NAME.test(name)) yield { name, from, to: from + all.length, fault: null };
    else yield { name: null, from, to: from + all.length, fault: misspelt(inner) };
  }
}

/** In their order. */
function passedOver(text: string): readonly { readonly from: number; readonly to: number }[] {
  const passed: { from: number; to: number }[] = [];
  new Lexer({ passed: (from, to) => passed.push({ from, to }) }).read(text, 0);
  return passed;
}

function misspelt(inner: string): string {
  const what = !inner.endsWith('}')
    ? 'a placeholder has no end: `}` is missing'
    : inner === '}'
      ? 'a placeholder has no name'
      : 'a placeholder’s name has letters, digits and _, and begins with no digit';
  return `${what}; for \`\${\` itself write \`${LITERAL}\``;
}

/** Or why there is none. */
function valueFor({ name, fault }: Mark, values: Placeholders): Placeholder | string {
  if (fault !== null) return fault;
  if (name === null) return { value: '${', isSecret: false };
  const found = values.get(name);
  if (found === undefined) {
    const meant = nearest(name, values.keys());
    return `the placeholder \${${name}} has no value${meant === null ? '' : `; did you mean \${${meant}}?`}`;
  }
  // A message to the server ends there.
  return found.value.includes('\0') ? `the value of \${${name}} has a NUL character` : found;
}
