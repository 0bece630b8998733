/** A database with schemas for tenants in it, and what each of them has afterwards. */

import { identifier } from '../../src/sql/quote.ts';
import { createDatabase, type Database } from './database.ts';

export interface Tenants {
  readonly database: Database;
  readonly schemas: readonly string[];
}

/** `tenant_01` and so on, or those named. */
export async function createTenants(wanted: number | readonly string[]): Promise<Tenants> {
  const schemas =
    typeof wanted === 'number'
      ? Array.from({ length: wanted }, (_, i) => `tenant_${String(i + 1).padStart(2, '0')}`)
      : wanted;
  const database = await createDatabase();
  await database.query(schemas.map((s) => `create schema ${identifier(s)}`).join('; '));
  return { database, schemas };
}

/** The version table's row of each, as `3`, `3 dirty` or `none`. */
export async function versionsIn({ database, schemas }: Tenants): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const schema of schemas) {
    const rows = await database
      .query(`select version, dirty from ${identifier(schema)}.schema_migrations`)
      .catch(() => []);
    const [row] = rows;
    found[schema] = row === undefined ? 'none' : `${row.version}${row.dirty === true ? ' dirty' : ''}`;
  }
  return found;
}

/** How many rows `marks` has in each: one for each time that a migration was run. */
export async function marksIn({ database, schemas }: Tenants): Promise<Record<string, readonly string[]>> {
  const found: Record<string, readonly string[]> = {};
  for (const schema of schemas) {
    const rows = await database
      .query(`select mark from ${identifier(schema)}.marks order by mark`)
      .catch(() => []);
    found[schema] = rows.map((row) => String(row.mark));
  }
  return found;
}

/** Three migrations, each of which leaves a mark. */
export const MARKS = {
  '1_marks.up.sql': 'create table marks (mark text);\ninsert into marks values (1);\n',
  '1_marks.down.sql': 'drop table marks;\n',
  '2_second.up.sql': 'insert into marks values (2);\n',
  '2_second.down.sql': "delete from marks where mark = '2';\n",
  '3_third.up.sql': 'insert into marks values (3);\n',
  '3_third.down.sql': "delete from marks where mark = '3';\n",
};
