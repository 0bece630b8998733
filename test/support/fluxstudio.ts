/** A project as FluxStudio has it: `database/migrations/NNN_name.sql`, and its own tool's table in the database. */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CliOptions, type CliResult, rungs } from './cli.ts';
import { createDatabase, type Database } from './database.ts';
import { folderLike, writeInto } from './folder.ts';

const FIXTURE = join(import.meta.dirname, '../fixtures/fluxstudio');
export const MIGRATIONS = 'database/migrations';

/** Four files, two of them numbered 001. */
export const FILES = [
  '000_create_base_messaging_schema.sql',
  '001_add_message_threading_and_search.sql',
  '001_create_initial_schema.sql',
  '105_create_project_members.sql',
] as const;

export interface FluxStudio {
  readonly folder: string;
  readonly database: Database;
  /** Into the migrations folder. */
  readonly write: (files: Readonly<Record<string, string>>) => void;
  readonly rungs: (words: string, options?: CliOptions) => Promise<CliResult>;
  /** Its table, without what differs from run to run. */
  readonly rows: () => Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** What its own tool does with a file: one transaction, and a row with its checksum. */
  readonly itsTool: (file: string) => Promise<void>;
}

export const itsChecksum = (text: string): string =>
  createHash('sha256').update(text).digest('hex').slice(0, 16);

export async function fluxStudio(): Promise<FluxStudio> {
  const folder = folderLike(FIXTURE);
  const database = await createDatabase();
  const pathOf = (file: string) => join(folder, MIGRATIONS, file);
  return {
    folder,
    database,
    write: (files) =>
      writeInto(
        folder,
        Object.fromEntries(Object.entries(files).map(([name, text]) => [`${MIGRATIONS}/${name}`, text])),
      ),
    rungs: (words, { env, ...rest } = {}) =>
      rungs(words.includes('--path') ? words.split(' ') : [...words.split(' '), '--path', MIGRATIONS], {
        cwd: folder,
        env: { DATABASE_URL: database.url, ...env },
        ...rest,
      }),
    rows: async () =>
      database.query(
        `select migration_name as name, checksum, applied_by, applied_at is not null as dated,
          execution_time_ms >= 0 as timed from schema_migrations order by id`,
      ),
    itsTool: async (file) => {
      const text = readFileSync(pathOf(file), 'utf8');
      await database.query(`create table if not exists schema_migrations (
        id serial primary key, migration_name varchar(255) unique not null,
        applied_at timestamp with time zone default now(), execution_time_ms integer, checksum varchar(64),
        applied_by varchar(255) default current_user)`);
      await database.query(`begin; ${text}
        ; insert into schema_migrations (migration_name, execution_time_ms, checksum)
        values ('${file}', 12, '${itsChecksum(text)}'); commit`);
    },
  };
}
