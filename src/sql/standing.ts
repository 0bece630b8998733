/** What a row of files leaves standing: all they create, without what they drop again, under its last name. */

import type { MigrationFile, Problem } from '../migration.ts';
import { type Effect, effectsOf, type ObjectName } from './effects.ts';
import { isFault, parse } from './grammar.ts';
import { unreadable } from './unreadable.ts';

export interface Standing extends ObjectName {
  readonly kind: string;
  readonly file: MigrationFile;
  /** UTF-16 index of the statement that creates it. */
  readonly start: number;
  /** In which schema it is cannot be told: any will do. */
  readonly anywhere: boolean;
}

export interface Stand {
  readonly objects: readonly Standing[];
  readonly faults: readonly Problem[];
}

/** Where it is unclear whether something is still there, it is left out. */
export async function standingAfter(files: readonly MigrationFile[]): Promise<Stand> {
  const faults: Problem[] = [];
  let site: Site = { objects: [], temporary: new Set(), anywhere: false };
  for (const file of files) {
    const unread = unreadable(file);
    const parsed = unread.length > 0 ? [] : await parse(file.text);
    faults.push(...unread);
    if (isFault(parsed)) {
      faults.push({ ...parsed, reason: 'syntax', file: file.path });
      continue;
    }
    for (const statement of parsed) {
      for (const effect of effectsOf(statement, file.text)) site = after(site, effect, file, statement.start);
    }
  }
  return { objects: site.objects, faults };
}

interface Site {
  readonly objects: readonly Standing[];
  /** Names of temporary tables, whose indexes and triggers are as passing. */
  readonly temporary: ReadonlySet<string>;
  /** A search_path was set: golang-migrate lets it leak into the files behind. */
  readonly anywhere: boolean;
}

function after(site: Site, e: Effect, file: MigrationFile, start: number): Site {
  const { objects, temporary, anywhere } = site;
  if (e.does === 'search elsewhere') return { ...site, anywhere: true };
  if (e.does === 'anything') return { ...site, objects: objects.filter((o) => !mayUnmake(e.text, o)) };
  const { object } = e;
  if (e.does === 'create') {
    if (e.isTemporary) return { ...site, temporary: new Set([...temporary, object.name]) };
    if (temporary.has(object.on ?? '') || objects.some((o) => isNamed(o, object))) return site;
    const isFree = anywhere && object.schema === null && !['schema', 'extension'].includes(object.family);
    return { ...site, objects: [...objects, { ...object, kind: e.kind, file, start, anywhere: isFree }] };
  }
  if (e.does === 'rename') return { ...site, objects: objects.map((o) => renamed(o, object, e.to)) };
  if (e.does === 'move') {
    const moved = (o: Standing) => (isNamed(o, object) || isOn(o, object) ? { ...o, schema: e.to } : o);
    return { ...site, objects: objects.map(moved) };
  }
  const isGone = (o: Standing) =>
    isNamed(o, object) || isOn(o, object) || isInside(o, object) || (e.cascades && mayDepend(o, object));
  return { ...site, objects: objects.filter((o) => !isGone(o)) };
}

const isSameSchema = (a: ObjectName, b: ObjectName): boolean =>
  a.schema === null || b.schema === null || a.schema === b.schema;

/** Said with a schema or without. DROP INDEX names no table. */
const isNamed = (o: ObjectName, by: ObjectName): boolean =>
  o.family === by.family &&
  o.name === by.name &&
  isSameSchema(o, by) &&
  (o.on === by.on || o.on === null || by.on === null);

const isOn = (o: ObjectName, table: ObjectName): boolean =>
  table.family === 'relation' && o.on === table.name && isSameSchema(o, table);

const isInside = (o: ObjectName, schema: ObjectName): boolean =>
  schema.family === 'schema' && o.schema === schema.name;

function renamed(o: Standing, by: ObjectName, to: string): Standing {
  if (isNamed(o, by)) return { ...o, name: to };
  if (isOn(o, by)) return { ...o, on: to };
  return isInside(o, by) ? { ...o, schema: to } : o;
}

/** CASCADE takes what hangs on it, which is nowhere in the text. Tables do not hang on anything but their schema. */
function mayDepend({ kind, family }: Standing, dropped: ObjectName): boolean {
  if (dropped.family === 'relation' || dropped.family === 'column') {
    return (
      ['view', 'materialized view', 'function'].includes(kind) ||
      (dropped.family === 'column' && kind === 'index')
    );
  }
  return !['table', 'sequence', 'schema', 'extension'].includes(kind) || family === 'column';
}

/** DO: what it drops or renames it names, unless it makes the name up. */
function mayUnmake(text: string, { name }: Standing): boolean {
  if (text === 'drop *') return true;
  if (!/\b(drop|rename|schema|execute)\b/i.test(text)) return false;
  return text.toLowerCase().includes(name.toLowerCase());
}
