/** `rungs restore`: pg_restore in one transaction, so that all of a backup is there afterwards, or nothing of it. */

import { resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { MigrateError } from '../../src/errors.ts';
import { type Emit, warn } from '../../src/event.ts';
import { counted } from '../../src/report/amounts.ts';
import { type Access, failureOf } from './access.ts';
import { type Contents, contentsOf, openArchive } from './archive.ts';
import { flagsFor, isWarning, type Parts } from './backup.ts';
import { type ChildFailed, run } from './child.ts';
import { findProgram } from './programs.ts';
import { askServer, type Server } from './server.ts';

export interface RestoreOrder {
  readonly file: string;
  readonly parts: Parts;
  /** Also into a database that is not empty. */
  readonly isYes: boolean;
  readonly emit: Emit;
}

export interface Restored {
  readonly tables: number;
  readonly executionTimeMs: number;
}

const ROWS = /^pg_restore: processing data for table "(.+)"$/;
const NAMED = 10;

/** Throws and changes nothing, or has restored it all. */
export async function restore(access: Access, { file, parts, isYes, emit }: RestoreOrder): Promise<Restored> {
  const { database, caller, how, env, say, signal } = access;
  const start = performance.now();
  const header = await openArchive(file);
  const server = await askServer(database, caller, how);
  const why = `the backup is by pg_dump ${header.program}, the server PostgreSQL ${server.version}`;
  const program = await findProgram('pg_restore', Math.max(header.programMajor, server.major), why, env);
  const failed = (e: unknown) =>
    failureOf(e, access, { reason: 'restore', operation: `restore ${file} into ${database.display}`, hint });
  // An absolute path is no flag and no URL.
  const path = resolve(file);
  const listed = { path: program.path, env, stdout: 'pipe', onLine: () => {}, signal } as const;
  const list = await run({ ...listed, args: ['--list', path] }).catch((e: unknown) => {
    throw failed(e);
  });
  const contents = contentsOf(list);
  const makes = parts !== 'data' && contents.hasSchema;
  const isEmpty = server.objects.length === 0;
  if (!isEmpty && !isYes) throw notEmpty(database.display, server, makes);
  const replaces = makes && !isEmpty;
  say(
    `restoring ${header.database} of PostgreSQL ${header.server} into ${database.display} (PostgreSQL ${server.version}) with pg_restore ${program.version}, in one transaction`,
  );
  if (replaces) announce(server, contents, say, emit);
  let tables = 0;
  await run({
    ...listed,
    args: [
      ...flagsFor(parts),
      '--single-transaction',
      '--exit-on-error',
      ...(replaces ? ['--clean', '--if-exists'] : []),
      // It would print SQL without one. Not the bare name, which could be a connection string.
      `--dbname=dbname='${(env.PGDATABASE ?? '').replaceAll(/[\\']/g, '\\$&')}'`,
      path,
    ],
    onLine: (line) => {
      const [, table] = ROWS.exec(line) ?? [];
      if (isWarning(line)) say(line);
      if (table !== undefined) say(`  ${++tables}/${contents.tables} ${table}`);
    },
  }).catch((e: unknown) => {
    throw failed(e);
  });
  return { tables, executionTimeMs: Math.round(performance.now() - start) };
}

/** What `--yes` does, before it is done. */
function announce({ objects }: Server, contents: Contents, say: Access['say'], emit: Emit): void {
  say(
    `the database is not empty (${listOf(objects)}): what the backup has too is dropped and made anew, the rest stays`,
  );
  const staying = objects
    .flatMap((o) => (o.startsWith('table ') ? [o.slice('table '.length)] : []))
    .filter((table) => !contents.holds(table));
  if (staying.length === 0) return;
  const message = `not in the backup, and left as ${staying.length === 1 ? 'it is' : 'they are'}: ${listOf(staying)}; migrations that make them again will fail`;
  warn(emit, 'not_in_backup', message);
}

function notEmpty(display: string, { objects }: Server, makes: boolean): MigrateError {
  const what = makes
    ? 'drops what the backup has too, with its rows, and makes it anew'
    : 'adds the backup’s rows to the tables there are';
  return new MigrateError('CONFIG_INVALID', 'not_empty', {
    operation: `look into ${display}`,
    message: `the database is not empty: ${listOf(objects)}`,
    hint: `restore into an empty database; \`--yes\` ${what}`,
  });
}

const listOf = (names: readonly string[]): string =>
  names.length <= NAMED
    ? names.join(', ')
    : `${names.slice(0, NAMED).join(', ')} and ${names.length - NAMED} more`;

/** By what the server says of it. */
function hint({ message, details }: ChildFailed): string {
  const text = [message, ...details].join('\n');
  const find = HINTS.find(([words]) => words.test(text));
  return `${find?.[1] ?? 'correct that, and run the same command again'}; nothing was restored`;
}

const HINTS: readonly (readonly [words: RegExp, hint: string])[] = [
  [/role ".*" does not exist/, 'make that role on this server first'],
  [
    /unrecognized configuration parameter/,
    'this pg_restore is for newer servers: restore into one of its version',
  ],
  [/other objects depend on/, 'drop what depends on it, or restore into an empty database'],
  [/violates (unique|foreign key) constraint/, 'rows go into empty tables: `--schema-only` makes those'],
  [/already exists/, 'restore into an empty database'],
];

export const restoredText = (into: string, tables: number, took: string): string =>
  `restored ${counted(tables, 'table')} into ${into} (${took})`;
