/** Hooks as they are given, to hooks with their files read. */

import { MigrateError } from './errors.ts';
import { hooks as kindOfHooks } from './given.ts';
import { type GivenHook, type GivenHooks, HOOK_NAMES, type Hook, type HookName, type Hooks } from './hook.ts';
import type { MigrationFile, Problem } from './migration.ts';
import { problemsError } from './problems.ts';
import { readFile } from './source.ts';
import { fillIn, type Placeholders } from './sql/placeholders.ts';

/** Throws MIGRATION_SOURCE_FAILED with every file that cannot be read. `files`: those that are read already, by path. */
export async function readHooks(
  given: GivenHooks,
  placeholders: Placeholders | null,
  files = new Map<string, MigrationFile>(),
): Promise<Hooks> {
  const faults = kindOfHooks.faults(given, 'hooks');
  if (faults.length > 0) throw unusable(faults);
  const problems: Problem[] = [];
  const hooks: Record<HookName, Hook[]> = { beforeAll: [], beforeEach: [], afterEach: [], afterAll: [] };
  for (const name of HOOK_NAMES) {
    for (const hook of listOf(given[name])) {
      const read = await readHook(name, hook, { files, placeholders });
      if ('problem' in read) problems.push(read.problem);
      else hooks[name].push(read);
    }
  }
  if (problems.length > 0) throw problemsError(problems, new Map(), 'read the hooks');
  return hooks;
}

const listOf = (given: GivenHooks[HookName]): readonly GivenHook[] =>
  given === undefined ? [] : Array.isArray(given) ? given : [given as GivenHook];

interface Reading {
  /** By path: one may be several hooks, and is read once. */
  readonly files: Map<string, MigrationFile>;
  readonly placeholders: Placeholders | null;
}

async function readHook(
  hook: HookName,
  given: GivenHook,
  { files, placeholders }: Reading,
): Promise<Hook | { readonly problem: Problem }> {
  if (typeof given === 'function') {
    return { kind: 'function', name: given.name || 'function', run: given, location: null };
  }
  if (typeof given === 'string') {
    const known = files.get(given);
    if (known !== undefined) return sql(known);
    const read = await readFile(given);
    if ('problem' in read) return { problem: toldOf(hook, read.problem) };
    const file = fillIn(read.file, placeholders);
    files.set(given, file);
    return sql(file);
  }
  if ('command' in given) {
    const { command: name, run, location = null } = given;
    return { kind: 'command', name, run, location };
  }
  const [only, second] = given.migrations;
  if (given.layout !== 'script' || only?.up == null || second !== undefined) throw notOne(hook, given.origin);
  return sql(fillIn(only.up, placeholders));
}

/** Where a path stands, its hook's name says: one of another folder is wrong in the configuration. */
const toldOf = (hook: HookName, { message, file, ...problem }: Problem): Problem => ({
  ...problem,
  file,
  message: `the ${hook} hook ${file}: ${message}`,
  next: `correct \`${hook}\` under \`hooks\` (in rungs.yaml paths count from its folder), or the file`,
});

const sql = (file: MigrationFile): Hook => ({ kind: 'sql', name: file.path, file });

const notOne = (hook: HookName, origin: string): MigrateError =>
  new MigrateError('CONFIG_INVALID', 'hook', {
    operation: `read the ${hook} hook`,
    message: `a hook is one file, and ${origin} is a folder`,
    hint: 'import the file, as in `migrations:./hooks/limits.sql`',
  });

/** Those of each target of a fleet, which a function has given. */
const unusable = (faults: readonly string[]): MigrateError =>
  new MigrateError('CONFIG_INVALID', 'option', { operation: 'read the hooks', message: faults.join('; ') });
