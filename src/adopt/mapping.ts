/** What another tool has recorded, to the files: one to one, and without a gap, or not at all. */

import type { Migration } from '../migration.ts';
import { digest } from '../sql/checksum.ts';
import { wholeText } from '../sql/cuts.ts';
import type { ForeignRecord, Key } from './record.ts';

export interface Entry {
  /** As the other tool calls it; null where another row speaks for it, or none. */
  readonly recorded: string | null;
  readonly migration: Migration | null;
  readonly appliedAt: string | null;
  readonly executionTimeMs: number | null;
  readonly appliedBy: string | null;
  /** Why it cannot be taken over. */
  readonly problem: string | null;
  /** The other tool has it as failed or half done, which is for that tool to repair. */
  readonly isFailed: boolean;
}

const UNKNOWN = { appliedAt: null, executionTimeMs: null, appliedBy: null, isFailed: false };

/** In the order of the files; what has none comes last. `title`: the tool's, for messages. */
export function map(
  records: readonly ForeignRecord[],
  migrations: readonly Migration[],
  title: string,
): readonly Entry[] {
  const texts = records.some((r) => r.key.sha256 !== null) ? migrations.map(digested) : [];
  const found = records.map((record) => ({
    record,
    ...(record.hasFile ? find(record.key, migrations, texts) : floor(record.key, migrations)),
  }));
  const newest = max(found.map((f) => f.migration));
  const covered = max(found.map((f) => (f.record.covers ? f.migration : null)));
  const entries = found.map(({ record, migration, problem }): Entry => {
    const { label, appliedAt, executionTimeMs, appliedBy, state } = record;
    const twins = found.filter((f) => migration !== null && f.migration === migration && f.record !== record);
    const isFailed = state === 'failed';
    return {
      ...{ recorded: label, migration, appliedAt, executionTimeMs, appliedBy, isFailed },
      problem: isFailed
        ? `${title} has it as failed or half done`
        : (problem ?? (twins[0] === undefined ? null : `${twins[0].record.label} is this file too`)),
    };
  });
  const known = new Set(found.map((f) => f.migration));
  const below = migrations
    .filter((m) => newest !== null && m.version < newest && !known.has(m))
    .map((migration): Entry => {
      const isCovered = covered !== null && migration.version < covered;
      const problem = isCovered ? null : `${title} has not applied it, and has applied version ${newest}`;
      return { recorded: null, migration, ...UNKNOWN, problem };
    });
  return [...entries, ...below, ...heads(records, title)].sort(byVersion);
}

/** Several rows that each speak for all below them: branches, of which we have none. */
function heads(records: readonly ForeignRecord[], title: string): readonly Entry[] {
  const covering = records.filter((r) => r.covers && r.key.word !== null);
  if (covering.length < 2) return [];
  const problem = `${title} is at ${covering.length} revisions at once; merge its branches first`;
  return [{ recorded: covering.map((r) => r.label).join(', '), migration: null, ...UNKNOWN, problem }];
}

/** The newest applied version. */
export const headOf = (entries: readonly Entry[]): bigint | null => max(entries.map((e) => e.migration));

const max = (list: readonly (Migration | null)[]): bigint | null =>
  list.reduce<bigint | null>(
    (top, m) => (m !== null && (top === null || m.version > top) ? m.version : top),
    null,
  );

function byVersion({ migration: a }: Entry, { migration: b }: Entry): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  return a.version < b.version ? -1 : Number(a.version > b.version);
}

type Match = { readonly migration: Migration | null; readonly problem: string | null };

const matched = (migration: Migration): Match => ({ migration, problem: null });
const none = (problem: string): Match => ({ migration: null, problem });

interface Digested {
  readonly migration: Migration;
  readonly sha256: string | null;
}

const digested = (migration: Migration): Digested => ({
  migration,
  sha256: migration.up === null ? null : digest(wholeText(migration.up)),
});

/** The newest file that a baseline takes in, if there is one. */
const floor = ({ version }: Key, migrations: readonly Migration[]): Match => ({
  migration: migrations.findLast((m) => m.version <= (version ?? -1n)) ?? null,
  problem: null,
});

function find(key: Key, migrations: readonly Migration[], texts: readonly Digested[]): Match {
  if (key.sha256 !== null) return byText(key, migrations, texts);
  if (key.word !== null) return byWord(key.word, migrations);
  if (key.titles.length > 0) return byName(key, migrations);
  return byVersionOf(key, migrations);
}

function byVersionOf({ version }: Key, migrations: readonly Migration[]): Match {
  const file = migrations.find((m) => m.version === version);
  return file === undefined ? none(`no file has version ${version}`) : matched(file);
}

/** The number and the name, or the name alone where the files were numbered anew; never the number alone. */
function byName({ version, titles }: Key, migrations: readonly Migration[]): Match {
  const names = titles.map(plain);
  const same = migrations.filter((m) => names.includes(plain(m.name)));
  const exact = same.find((m) => m.version === version);
  const [only, second] = same;
  if (exact !== undefined) return matched(exact);
  if (second !== undefined) return none(`${same.length} files have this name, and none its number`);
  if (only !== undefined) return matched(only);
  const numbered = migrations.find((m) => m.version === version);
  return none(
    numbered === undefined
      ? 'no file has this name'
      : `no file has this name; ${idOf(numbered)} has its number`,
  );
}

function byText(
  { sha256, version }: Key,
  migrations: readonly Migration[],
  texts: readonly Digested[],
): Match {
  const same = texts.filter((t) => t.sha256 === sha256).map((t) => t.migration);
  const [only, second] = same;
  if (second !== undefined) return none(`${same.map(idOf).join(', ')} have the same text`);
  if (only !== undefined) return matched(only);
  const numbered = migrations.find((m) => m.version === version);
  return numbered === undefined
    ? none(`no up file has the text that was run (its SHA-256), and none has version ${version}`)
    : matched(numbered);
}

function byWord(word: string, migrations: readonly Migration[]): Match {
  const same = migrations.filter((m) => m.name.split(/[_-]/).includes(word));
  const [only, second] = same;
  if (second !== undefined) return none(`${same.map(idOf).join(', ')} all have ${word} in their names`);
  if (only !== undefined) return matched(only);
  return /^\d+$/.test(word)
    ? byVersionOf({ version: BigInt(word), titles: [], sha256: null, word }, migrations)
    : none(`no file has ${word} in its name`);
}

const idOf = (m: Migration): string => (m.up ?? m.down)?.path ?? m.id;

/** `AddUsers`, `add-users` and `add_users` are one name. */
const plain = (title: string): string =>
  title
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, '_')
    .replaceAll(/^_|_$/g, '');
