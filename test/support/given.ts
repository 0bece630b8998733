import type { Event } from '../../src/index.ts';
import { createDatabase } from './database.ts';
import { folderOf } from './folder.ts';

/** Three pairs; the second raises a notice, the third cannot run in a transaction. */
export const FILES = {
  '1_a.up.sql': 'create table a (id int);',
  '1_a.down.sql': 'drop table a;',
  '2_b.up.sql': "do $$ begin raise notice 'hello'; end $$; create table b (id int);",
  '2_b.down.sql': 'drop table b;',
  '3_c.up.sql': 'create index concurrently b_id on b (id);',
  '3_c.down.sql': 'drop index b_id;',
};

/** A database, a folder, and events as one word each. */
export async function given(files: Readonly<Record<string, string>> = FILES) {
  const database = await createDatabase();
  const migrations = folderOf(files);
  const heard: string[] = [];
  const onEvent = (e: Event) => void heard.push(wordOf(e));
  return { database, migrations, heard, onEvent, options: { database: database.url, migrations, onEvent } };
}

function wordOf(e: Event): string {
  if (e.kind === 'notice') return `notice ${e.id} ${e.message}`;
  if (e.kind === 'warning') return `warning ${e.warning.reason}`;
  if (e.kind === 'statement') return `statement ${e.statement}/${e.statements} of ${e.id}`;
  if ('mode' in e) return `${e.kind} ${e.id} ${e.direction} ${e.mode}`;
  return 'id' in e ? `${e.kind} ${e.id} ${e.direction}` : e.kind;
}
