/** `rungs backup`: pg_dump's custom format, complete and under its name, or not there at all. */

import { performance } from 'node:perf_hooks';
import { warn } from '../../src/event.ts';
import { counted, duration, size } from '../../src/report/amounts.ts';
import { type Access, failureOf } from './access.ts';
import { run } from './child.ts';
import { Draft } from './draft.ts';
import { findProgram, type Program } from './programs.ts';
import { askServer, type Server } from './server.ts';

export type Parts = 'all' | 'schema' | 'data';

export interface Order {
  readonly parts: Parts;
  /** A file, or a folder; null where nothing is said. */
  readonly output: string | null;
  /** Where backups go then. */
  readonly folder: string;
}

export interface Backup {
  readonly file: string;
  readonly bytes: number;
  /** Whose rows are in it. */
  readonly tables: number;
  readonly executionTimeMs: number;
}

/** What both programs are told. */
export const flagsFor = (parts: Parts): readonly string[] => [
  // There is nobody to ask.
  '--no-password',
  '--verbose',
  ...(parts === 'all' ? [] : [`--${parts}-only`]),
];

/** As of foreign keys in a circle, which rows alone cannot be restored past. */
export const isWarning = (line: string): boolean => /^pg_\w+: (warning|detail|hint): /.test(line);

/** pg_restore of 17 and newer begins with `SET transaction_timeout`, which no older server knows; its archive is too new for older ones. */
const TIMEOUT_SINCE = 17;

const TABLE = /^pg_dump: dumping contents of table "(.+)"$/;

/** Throws MIGRATION_INIT_FAILED, and leaves no file then. */
export async function makeBackup(access: Access, { parts, output, folder }: Order): Promise<Backup> {
  const { database, caller, how, env, say, signal } = access;
  const start = performance.now();
  const server = await askServer(database, caller, how);
  const why = `the server is PostgreSQL ${server.version}`;
  const program = await findProgram('pg_dump', server.major, why, env);
  say(`backing up ${database.display} (PostgreSQL ${server.version}) with pg_dump ${program.version}`);
  const name = database.candidates[0]?.database ?? '';
  if (program.major >= TIMEOUT_SINCE && server.major < TIMEOUT_SINCE) {
    warn(how.emit, 'too_new_for_server', oneWay(server, program));
  }
  const draft = await Draft.open({ output, folder, database: name, now: new Date() });
  let tables = 0;
  try {
    await run({
      path: program.path,
      args: ['--format=custom', ...flagsFor(parts)],
      env,
      // Not by name: the file is ours already, for its owner alone.
      stdout: draft.handle.fd,
      onLine: (line) => {
        const [, table] = TABLE.exec(line) ?? [];
        if (isWarning(line)) say(line);
        if (table !== undefined) say(`  ${++tables} ${table} (${size(draft.bytes)} so far)`);
      },
      signal,
    });
    const { bytes } = draft;
    const file = await draft.publish();
    return { file, bytes, tables, executionTimeMs: Math.round(performance.now() - start) };
  } catch (e) {
    await draft.discard();
    throw failureOf(e, access, {
      reason: 'backup',
      operation: `back up ${database.display}`,
      hint: ({ message }) =>
        /permission denied/.test(message)
          ? 'connect as a role that may read all of it, or name one with `--role`'
          : 'correct that, and run the same command again; no file was left',
    });
  }
}

const oneWay = ({ version, major }: Server, program: Program): string =>
  `what pg_dump ${program.version} writes can be restored into PostgreSQL ${TIMEOUT_SINCE} and newer, not into ${version}: install postgresql-client-${major}`;

/** `backups/app-20260102T030405Z.dump (1.2 MB, 3 tables, 0.4 s)` */
export const backupText = ({ file, bytes, tables, executionTimeMs }: Backup): string =>
  `${file} (${size(bytes)}, ${counted(tables, 'table')}, ${duration(executionTimeMs)})`;
