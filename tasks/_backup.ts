/** `rungs backup` and `rungs restore`, and the backup before anything is reverted. What they do is in backup/. */

import { join } from 'node:path';
import { MigrateError } from '../src/errors.ts';
import { type Emit, type Warning, warn } from '../src/event.ts';
import { currentVersion, type Head, type RunOptions } from '../src/index.ts';
import { duration } from '../src/report/amounts.ts';
import { versionText } from '../src/report/document.ts';
import type { Loaded } from './_config.ts';
import { type Arguments, usageError } from './_flags.ts';
import type { Result } from './_result.ts';
import { accessTo } from './backup/access.ts';
import { backupText, makeBackup, type Parts } from './backup/backup.ts';
import { restore, restoredText } from './backup/restore.ts';

export interface Call {
  readonly args: Arguments;
  readonly options: RunOptions;
  readonly loaded: Loaded;
  /** A line on stderr. */
  readonly say: (text: string) => void;
  readonly warnings: readonly Warning[];
}

export async function backup({ args, options, loaded, say, warnings }: Call): Promise<Result> {
  const access = accessTo(loaded, options, say, 'rungs backup');
  const { onEvent = () => {} } = options;
  for (const message of access.database.warnings) warn(onEvent, 'url', message);
  const order = { parts: partsOf(args, 'backup'), output: outputOf(args), folder: folderOf(loaded) };
  const made = await makeBackup(access, order);
  return { text: backupText(made), document: { command: 'backup', ...made, warnings, error: null } };
}

export async function restoreFile(file: string | null, call: Call): Promise<Result> {
  const { args, options, loaded, say, warnings } = call;
  if (file === null) throw usageError('which backup? Please name its file', 'restore');
  if (options.dryRun === true) throw usageError('DRY_RUN is set, and restore has no dry run', 'restore');
  const access = accessTo(loaded, options, say, 'rungs restore');
  const parts = partsOf(args, 'restore');
  const { onEvent = () => {} } = options;
  const done = await restore(access, { file, parts, isYes: args.has('yes'), emit: onEvent });
  const { version, dirty } = await versionOf(options, onEvent);
  // A schema alone brings the version table, and no row in it.
  if (version === null && done.tables === 0 && parts !== 'data') warn(onEvent, 'no_version', NO_VERSION);
  const { display } = access.database;
  return {
    text: `${restoredText(display, done.tables, duration(done.executionTimeMs))}\nversion: ${version ?? 0}${dirty ? ' (dirty)' : ''}`,
    document: {
      command: 'restore',
      file,
      ...done,
      version: versionText(version),
      dirty,
      warnings,
      error: null,
    },
  };
}

/** The work is done by then: what cannot be looked at, as with files that have no version, is worth a warning. */
async function versionOf(options: RunOptions, emit: Emit): Promise<Head> {
  try {
    return await currentVersion(options);
  } catch (e) {
    const message = `the version that was restored cannot be told: ${(e as Error).message}`;
    warn(emit, 'no_version', message);
    return { version: null, dirty: false };
  }
}

const NO_VERSION =
  'no rows were restored, and so no version: restore a `--data-only` backup too, or `task migrate:force -- V`';

/** `backupBeforeDown`: throws what is to be thrown instead of reverting. */
export async function backUpFirst(call: Omit<Call, 'warnings'>, verb: string): Promise<void> {
  const { args, options, loaded, say } = call;
  const access = accessTo(loaded, options, say, 'rungs backup');
  try {
    const made = await makeBackup(access, { parts: 'all', output: null, folder: folderOf(loaded) });
    say(`backup before reverting: ${backupText(made)}`);
  } catch (e) {
    if (!(e instanceof MigrateError)) throw e;
    throw new MigrateError(codeOf(verb, args), e.reason === 'cancelled' ? 'cancelled' : 'backup', {
      operation: 'back up before reverting (backupBeforeDown)',
      message: `${e.message}; nothing was reverted`,
      sqlstate: e.sqlstate,
      details: e.details,
      hint: e.hint,
      cause: e,
    });
  }
}

/** As the engine has it for the same command. */
function codeOf(verb: string, args: Arguments) {
  const isAll = args.has('all') || Number(args.text('num-steps') ?? 1) === 0;
  return verb === 'goto' || (verb === 'down' && isAll) ? 'MIGRATION_DOWN_FAILED' : 'MIGRATION_STEPS_FAILED';
}

/** Beside the project's migrations, wherever in the project the command was typed. */
const folderOf = ({ project }: Loaded): string => join(project, 'backups');

function outputOf(args: Arguments): string | null {
  const output = args.text('output');
  if (output === '' || output?.includes('://') === true)
    throw usageError('--output is a file or a folder', 'backup');
  return output;
}

function partsOf(args: Arguments, verb: string): Parts {
  const [schema, data] = [args.has('schema-only'), args.has('data-only')];
  if (schema && data) throw usageError('--schema-only and --data-only: together they would be nothing', verb);
  return schema ? 'schema' : data ? 'data' : 'all';
}
