/** `create --from-script`: the script becomes version 1, with a draft of the way back. */

import { constants } from 'node:fs';
import { copyFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { MigrateError } from '../src/errors.ts';
import { warn } from '../src/event.ts';
import {
  currentVersion,
  force,
  type MigrationFile,
  readMigrations,
  type Status,
  status,
} from '../src/index.ts';
import { problemsError } from '../src/problems.ts';
import { inVoice } from '../src/report/error-text.ts';
import { analyseFile } from '../src/sql/analysis.ts';
import { linesBefore } from '../src/sql/cuts.ts';
import { withoutSecrets } from '../src/sql/filled.ts';
import { isFault, parse } from '../src/sql/grammar.ts';
import { fillIn, type Placeholders, placeholdersOf } from '../src/sql/placeholders.ts';
import { undo } from '../src/sql/undo.ts';
import type { Context } from './_command.ts';
import { makeFolder } from './_folder.ts';
import { writeAll, writeNew } from './_new-files.ts';
import type { Result } from './_result.ts';

const OPERATION = 'make migrations of a script';

export async function createFromScript(file: string, context: Context): Promise<Result> {
  const { loaded, say, warnings } = context;
  const script = await readScript(file, placeholdersOf(context.options.placeholders));
  const folder = await folderFor(context);
  // Before anything is written: a database that cannot be reached should not leave half of what was asked for.
  const found = await look(file, context);
  const [up, down] = ['up', 'down'].map((d) => join(folder, `000001_init.${d}.sql`)) as [string, string];
  const draft = await draftOf(script);
  try {
    makeFolder(folder);
    await writeAll([
      [up, (path) => copyFile(script.path, path, constants.COPYFILE_EXCL)],
      [down, (path) => writeNew(path, draft.text)],
    ]);
  } catch (e) {
    throw fail('unreadable', (e as Error).message, 'check the folder and its permissions');
  }
  if (!draft.isWhole) {
    const message = 'the down file is to be completed: its comments say what is missing';
    warn(context.options.onEvent ?? (() => {}), 'draft', message, down);
  }
  const { layout, path } = loaded.config;
  const settings = [
    ...(path.value === folder ? [] : [`set the path to ${folder} (rungs.yaml, MIGRATION_PATH)`]),
    ...(layout.value === 'script' ? ['take `layout: script` out of rungs.yaml'] : []),
  ];
  if (settings.length > 0) say(`from here on: ${settings.join(', and ')}`);
  const marked = found === null ? null : await mark(found, folder, context);
  return {
    text: [up, down, ...(marked === null ? [] : [`marked: the database is at version ${marked}`])].join('\n'),
    document: { command: 'create', up, down, marked, warnings, error: null },
  };
}

const fail = (reason: 'unreadable' | 'duplicate', message: string, hint: string): MigrateError =>
  new MigrateError('MIGRATION_SOURCE_FAILED', reason, { operation: OPERATION, message, hint });

/** As a file of a pair, whose mode the grammar chooses. Throws where it is no SQL. */
async function readScript(file: string, placeholders: Placeholders | null): Promise<MigrationFile> {
  const { migrations, origin } = await readMigrations(file, 'script');
  const up = migrations[0]?.up;
  if (up == null) throw fail('unreadable', `there is no script in ${origin}`, 'name its file');
  const { asked: _, ...written } = up;
  const script = fillIn(written, placeholders);
  const { problems } = await analyseFile(script);
  if (problems.length > 0) throw problemsError(problems, new Map([[script.path, script]]));
  return script;
}

/** Where the project has its migrations, or will: not where the path names the script itself. */
async function folderFor({ args, loaded: { config, project } }: Context): Promise<string> {
  const isScripts = config.layout.value === 'script' || /\.sql$/i.test(config.path.value);
  const folder = args.text('path') ?? (isScripts ? join(project, 'migrations') : config.path.value);
  const names = await readdir(folder).catch((e: NodeJS.ErrnoException) => {
    if (e.code === 'ENOENT') return [];
    throw fail('unreadable', `${folder}: ${e.code}`, 'check `--path`');
  });
  const taken = names.find((name) => /\.sql$/i.test(name));
  if (taken === undefined) return folder;
  throw fail(
    'duplicate',
    `${folder} has ${taken} already, and the script is to be the first of its migrations`,
    'name an empty folder with `--path DIR`',
  );
}

async function draftOf(script: MigrationFile) {
  const { text, path } = script;
  const parsed = await parse(text);
  const { drops, left, kept } = isFault(parsed) ? { drops: [], left: [], kept: [] } : undo(parsed);
  const names = new Set(script.filled?.fillings.flatMap((f) => (f.name === null ? [] : [`\${${f.name}}`])));
  const first = (start: number, end: number) => text.slice(start, end).split('\n', 1)[0]?.slice(0, 80) ?? '';
  const lines = [
    `-- Made of ${path}: read it before you need it.`,
    ...(names.size === 0
      ? []
      : [`-- Put its placeholders back where their values stand: ${[...names].join(', ')}.`]),
    ...(kept.length === 0 ? [] : [`-- Extensions stay, as others may use them: ${kept.join(', ')}.`]),
    '',
    ...(left.length === 0
      ? []
      : [
          '-- To be completed. These are not undone below:',
          ...left.map(
            ({ line, start, end }) => `--   line ${line + linesBefore(script, start)}: ${first(start, end)}`,
          ),
          '-- Until they are, nothing is reverted; then take this away:',
          `do $$ begin raise exception 'the down file is to be completed: its comments say what is missing'; end $$;`,
          '',
        ]),
    ...drops.map((drop) => `${drop};`),
  ];
  return { text: `${withoutSecrets([script], lines.join('\n')).trimEnd()}\n`, isWhole: left.length === 0 };
}

interface Found {
  readonly status: Status;
  readonly version: bigint | null;
}

/** Null where there is no database to look at. Without `--yes` one that cannot be reached is a warning. */
async function look(file: string, { args, options, loaded }: Context): Promise<Found | null> {
  const database = loaded.config.database?.value;
  if (database === undefined) return null;
  const { migrations: _, layout: __, ...rest } = options;
  const at = { ...rest, database, retry: { attempts: 1 } };
  try {
    return {
      status: await status({ ...at, migrations: file, layout: 'script' }),
      version: (await currentVersion(at)).version,
    };
  } catch (e) {
    if (!(e instanceof MigrateError) || args.has('yes')) throw e;
    const message = `the database was not looked at: ${e.message}`;
    warn(options.onEvent ?? (() => {}), 'not_marked', message);
    return null;
  }
}

/** A database with the sentinel has what is now version 1. Returns the version that it is at then; null: as before. */
async function mark({ status: s, version }: Found, folder: string, context: Context): Promise<string | null> {
  const { args, loaded, options, say, voice } = context;
  const state = s.migrations[0]?.state;
  if (state === 'dirty') say('the database has half of the script: let that finish before you change over');
  if (state === 'pending') say(`the database has no table ${s.sentinel}: version 1 is to be applied to it`);
  if (state !== 'applied' && state !== 'changed') return null;
  if (version !== null) {
    say(`the database is at version ${version} already`);
    return null;
  }
  if (!args.has('yes')) {
    const path = loaded.config.path.value === folder ? '' : ` --path ${folder}`;
    const command = `\`task migrate:force -- 1${path}\``;
    say(inVoice(`the database has the table ${s.sentinel}: ${command} marks it as having version 1`, voice));
    return null;
  }
  const database = loaded.config.database?.value ?? '';
  await force({ ...options, database, migrations: folder, layout: 'pairs', version: 1n });
  return '1';
}
