/** A project as ToolHive has it, with its config.yaml. */

import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type CliResult, rungs } from './cli.ts';
import { createDatabase, type Database } from './database.ts';
import { folderLike } from './folder.ts';

export interface Project {
  readonly folder: string;
  readonly database: Database;
  /** The document's commands: `migrate up --config config.yaml …`. */
  readonly migrate: (...args: readonly string[]) => Promise<CliResult>;
  /** The version table's rows. */
  readonly recorded: () => Promise<unknown>;
}

/** A copy of its kind of project, whose config.yaml has `database:` as documented, and `more`. */
export async function project(more: readonly string[] = [], database?: Database): Promise<Project> {
  const own = database ?? (await createDatabase());
  const folder = folderLike('test/fixtures/projects/toolhive');
  writeConfig(folder, [...sectionOf(own), 'path: database/migrations', ...more]);
  return {
    folder,
    database: own,
    migrate: (verb = '', ...args) =>
      rungs(['migrate', verb, '--config', 'config.yaml', ...args], { cwd: folder }),
    recorded: () => own.query('select version::int, dirty from schema_migrations'),
  };
}

export function writeConfig(folder: string, lines: readonly string[]): void {
  const path = join(folder, 'config.yaml');
  writeFileSync(path, `${lines.join('\n')}\n`);
  chmodSync(path, 0o600);
}

/** The database's URL in ToolHive's parts. */
export function sectionOf({ url }: Database, more: Readonly<Record<string, string>> = {}): readonly string[] {
  const { hostname, port, username, password, pathname } = new URL(url);
  const parts = {
    host: decodeURIComponent(hostname),
    port,
    user: username,
    password: decodeURIComponent(password),
    database: pathname.slice(1),
    sslmode: 'disable',
    ...more,
  };
  const lines = Object.entries(parts).filter(([, value]) => value !== '');
  return ['database:', ...lines.map(([key, value]) => `  ${key}: '${value.replaceAll("'", "''")}'`)];
}

/** Where nobody listens: who gets as far as connecting fails otherwise. */
export const NOWHERE = { DATABASE_URL: 'postgres://u:pa55word@127.0.0.1:1/d' };

export const done = (stdout: string) => ({ code: 0, stdout: `${stdout}\n`, stderr: expect.any(String) });
