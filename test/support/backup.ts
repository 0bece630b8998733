/** A project for backups of its database. */

import { expect } from 'vitest';
import { type CliResult, rungs } from './cli.ts';
import { createDatabase, type Database } from './database.ts';
import { folderOf } from './folder.ts';

const FILES = {
  'migrations/1_customers.up.sql': 'create table customers (id int primary key, name text);\n',
  'migrations/1_customers.down.sql': 'drop table customers;\n',
  'migrations/2_parcels.up.sql': 'create table parcels (customer int references customers);\n',
  'migrations/2_parcels.down.sql': 'drop table parcels;\n',
};

export interface Project {
  readonly folder: string;
  readonly database: Database;
  readonly run: (words: readonly string[], into?: Database) => Promise<CliResult>;
}

/** At version 2, with a customer. */
export async function project(): Promise<Project> {
  const folder = folderOf(FILES);
  const database = await createDatabase();
  const run: Project['run'] = (words, into = database) =>
    rungs(words, { cwd: folder, env: { DATABASE_URL: into.url } });
  expect(await run(['up'])).toMatchObject({ code: 0 });
  await database.query("insert into customers values (1, 'Ada')");
  return { folder, database, run };
}

/** Its file's path, as stdout has it. */
export async function backedUp({ run }: Project, ...words: readonly string[]): Promise<string> {
  const made = await run(['backup', ...words]);
  expect(made).toMatchObject({ code: 0 });
  return made.stdout.split(' (')[0] ?? '';
}
