/** What another tool's table says. Pure nouns; the tools are in tools.ts. */

import type { Row } from '../recorded.ts';
/** What a file is found by. */
export interface Key {
  /** A whole number that a file's version may be. */
  readonly version: bigint | null;
  /** A name, as it was recorded and without its number. A file's title is compared with either. */
  readonly titles: readonly string[];
  /** Of the text that was run. */
  readonly sha256: string | null;
  /** A word of the file's title (Alembic's revision ids). */
  readonly word: string | null;
}

/** One row of another tool's table, as far as it tells of a migration. */
export interface Mark {
  /** What it is called there; the rows of one migration have the same. */
  readonly label: string;
  readonly key: Key;
  /** `undone`: it takes back what an earlier row of the same label says. `failed`: its work may be half there. */
  readonly state: 'applied' | 'undone' | 'failed';
  /** All below it is applied too: one row speaks for all, or the tool took over a database as it was. */
  readonly covers: boolean;
  /** False: only a number up to which all is taken as it was found (Flyway's baseline); there may be no such file. */
  readonly hasFile: boolean;
  readonly appliedBy: string | null;
}

/** What is applied by a tool's word. */
export interface ForeignRecord extends Mark {
  /** ISO 8601, UTC. */
  readonly appliedAt: string | null;
  readonly executionTimeMs: number | null;
}

/** Another tool, as its table shows it. */
export interface Tool {
  /** The word for `--from`, and what the journal calls it. */
  readonly name: string;
  readonly title: string;
  /** What it calls its table unless told otherwise. */
  readonly tables: readonly string[];
  /** Columns that its table has, each with a pattern of the type. */
  readonly columns: Readonly<Record<string, RegExp>>;
  /** Its table has no others. */
  readonly isExact: boolean;
  /** No other program has such a table, whatever it is called. */
  readonly isDistinct: boolean;
  /** SQL over the row: when it was applied, and the milliseconds that took. */
  readonly appliedAt?: string;
  readonly took?: string;
  /** SQL; the newest row of a migration comes last. */
  readonly order: string;
  /** Null: a row that tells of no migration. */
  readonly mark: (row: Row) => Mark | null;
}

export const NO_KEY: Key = { version: null, titles: [], sha256: null, word: null };

const EXTENSION = /(\.up)?\.(sql|[cm]?[jt]s)$/i;

/** `20240102030405-add-users.js`: its number and its name. */
export function keyOfName(recorded: string): Key {
  const bare = (recorded.split('/').at(-1) ?? '').replace(EXTENSION, '');
  const [, digits, rest] = /^(\d+)[_.-]+(.+)$/.exec(bare) ?? [];
  if (digits === undefined || rest === undefined) return { ...NO_KEY, titles: [bare] };
  return { ...NO_KEY, version: BigInt(digits), titles: [rest, bare] };
}

/** What is recorded as a number, or text that is one. */
export function keyOfVersion(recorded: string): Key {
  return /^\d+$/.test(recorded)
    ? { ...NO_KEY, version: BigInt(recorded) }
    : { ...NO_KEY, titles: [recorded] };
}

export const applied = (label: string, key: Key, more: Partial<Mark> = {}): Mark => ({
  label,
  key,
  state: 'applied',
  covers: false,
  hasFile: true,
  appliedBy: null,
  ...more,
});

/** The rows in order, to what they leave applied (or failed). */
export function recordsOf(tool: Tool, rows: readonly Row[]): readonly ForeignRecord[] {
  const left = new Map<string, ForeignRecord>();
  for (const row of rows) {
    const mark = tool.mark(row);
    if (mark === null) continue;
    left.delete(mark.label);
    if (mark.state === 'undone') continue;
    const took = row.rungs_took == null ? Number.NaN : Math.round(Number(row.rungs_took));
    left.set(mark.label, {
      ...mark,
      appliedAt: row.rungs_applied_at ?? null,
      executionTimeMs: took >= 0 ? took : null,
    });
  }
  return [...left.values()];
}
