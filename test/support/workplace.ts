import { type CliOptions, type CliResult, rungs } from './cli.ts';
import { createDatabase, type Database } from './database.ts';
import { folderOf, writeInto } from './folder.ts';

type Files = Readonly<Record<string, string | Uint8Array>>;

/** A project as a user has it: a folder with `migrations/` in it, a database, and the command typed there. */
export interface Workplace {
  readonly folder: string;
  readonly database: Database;
  /** Into `migrations/`. */
  readonly write: (files: Files) => void;
  /** `up --dry-run`, as it is typed. */
  readonly rungs: (words: string, options?: CliOptions) => Promise<CliResult>;
  /** The version table's rows as text; null where there is no such table. */
  readonly ledger: () => Promise<readonly string[] | null>;
  /** The user's tables, without the ledger and the journal. */
  readonly tables: () => Promise<readonly string[]>;
}

export async function workplace(files: Files): Promise<Workplace> {
  const database = await createDatabase();
  const folder = folderOf({ 'migrations/README': 'not a migration' });
  const write = (more: Files) => {
    const entries = Object.entries(more).map(([name, content]) => [`migrations/${name}`, content] as const);
    writeInto(folder, Object.fromEntries(entries));
  };
  write(files);
  const tables = async () => {
    const rows = await database.query(
      `select relname from pg_class c join pg_namespace n on n.oid = relnamespace
       where relkind in ('r', 'p') and nspname !~ '^pg_' and nspname <> 'information_schema' order by relname`,
    );
    return rows.map((r) => String(r.relname));
  };
  return {
    folder,
    database,
    write,
    rungs: (words, { env, ...rest } = {}) =>
      rungs(words.split(' '), { cwd: folder, env: { DATABASE_URL: database.url, ...env }, ...rest }),
    ledger: async () => {
      if (!(await tables()).includes('schema_migrations')) return null;
      const rows = await database.query('select version::text, dirty from schema_migrations order by 1');
      return rows.map((r) => `${r.version}${r.dirty === true ? ' dirty' : ''}`);
    },
    tables: async () => (await tables()).filter((name) => !name.startsWith('schema_migrations')),
  };
}

/** What was printed, with every duration as `N ms`. */
export const told = ({ stdout, stderr }: CliResult): string =>
  `${stderr}${stdout}`.replaceAll(/\b(\d+ ms|\d+\.\d\d s)\b/g, 'N ms');

export const lines = (...all: readonly string[]): string => `${all.join('\n')}\n`;
