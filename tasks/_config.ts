/** Finds what there is of configuration: a file, `.env`, the environment; and makes one of it and the flags. */

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { type Config, readConfig } from '../src/config/config.ts';
import { configError } from '../src/config/config-error.ts';
import type { FileLayer } from '../src/config/document.ts';
import { type Origin, originText } from '../src/config/layer.ts';
import { given } from '../src/config/placeholders.ts';
import { shellWord } from '../src/config/shell-word.ts';
import { unquotable } from '../src/config/unquotable.ts';
import { parseDatabaseUrl } from '../src/config/url.ts';
import { MigrateError } from '../src/errors.ts';
import { type Warning, warning } from '../src/event.ts';
import { layoutOf } from '../src/layout/layout.ts';
import type { Arguments } from './_flags.ts';

type Env = Readonly<Record<string, string | undefined>>;

export interface Loaded {
  readonly config: Config;
  /** Where the project is, from the working directory: its `.env`, its migrations, its backups. */
  readonly project: string;
  /** As it is seen from the working directory; null where there is none. */
  readonly file: string | null;
  readonly environment: Env;
  readonly dotenv: Env;
  /** Both. */
  readonly env: Env;
  readonly warnings: readonly Warning[];
}

const NAMES = ['rungs.yaml', 'rungs.yml'] as const;
const isWindows = process.platform === 'win32';

/** Throws CONFIG_INVALID with all that is wrong. */
export async function loadConfig(args: Arguments): Promise<Loaded> {
  const named = args.text('config');
  refuseUnusable(named);
  const file = named ?? found();
  // Whose `.env` and `migrations/` are meant, whichever of its folders we are in.
  const project = named === null && file !== null ? dirname(file) : '.';
  const dotenv = dotEnv(join(project, '.env'));
  const env = { ...dotenv, ...process.env };
  const layer = file === null ? null : await readLayer(file, env, named !== null);
  const config = readConfig({
    environment: process.env,
    dotenv,
    file: layer,
    flag: args.text,
    fromFile: (path) => (isAbsolute(path) ? path : join(dirname(file ?? ''), path)),
    fromProject: (path) => join(project, path),
    readText: (path) => {
      const bytes = read(path);
      return typeof bytes === 'string' ? { fault: bytes } : { text: bytes.toString('utf8') };
    },
  });
  return {
    config,
    project,
    file,
    environment: process.env,
    dotenv,
    env: inProduction(env, config),
    warnings: [...exposed(file, layer), ...overruled(config)],
  };
}

/** Whatever is said of a file names it. */
function refuseUnusable(named: string | null): void {
  const what = named === null ? null : unquotable(named);
  if (what === null && named !== '') return;
  const message =
    what === null ? 'has no value' : `is ${what}: it must be a file; the database is given with --database`;
  throw configError([{ origin: { kind: 'flag', name: 'config' }, message }]);
}

/**
 * FluxStudio's document: `NODE_ENV=production` enables TLS. Where its files are, `sslmode=require` is the default then; what
 * a connection string or PGSSLMODE says wins.
 */
function inProduction(env: Env, { layout, path }: Config): Env {
  if (env.NODE_ENV !== 'production' || (env.PGSSLMODE ?? '') !== '') return env;
  const isNamed =
    layout.value === 'auto' ? layoutOf(namesIn(path.value)) === 'named' : layout.value === 'named';
  return isNamed ? { ...env, PGSSLMODE: 'require' } : env;
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Task forbids `dotenv` in included Taskfiles, so the scripts read it. What the environment says wins. */
function dotEnv(path: string): Env {
  try {
    return parseEnv(readFileSync(path, 'utf8')) as Env;
  } catch {
    return {};
  }
}

/** From here upward. What anybody may put into a folder such as /tmp is not for the folders in it. */
function found(): string | null {
  const here = process.cwd();
  for (let folder = here; ; folder = dirname(folder)) {
    const [name, second] = NAMES.filter((n) => existsSync(join(folder, n)));
    if (second !== undefined) {
      const message = `${NAMES.join(' and ')} are both in ${folder}`;
      throw configError([{ origin: null, message }]);
    }
    if (name !== undefined && (folder === here || !isOpenToAll(folder))) {
      return relative(here, join(folder, name));
    }
    if (dirname(folder) === folder) return null;
  }
}

const isOpenToAll = (folder: string): boolean => !isWindows && (statSync(folder).mode & 0o002) !== 0;

async function readLayer(file: string, env: Env, isNamed: boolean): Promise<FileLayer> {
  const origin: Origin | null = isNamed ? { kind: 'flag', name: 'config' } : null;
  const refuse = (message: string) => configError([{ origin, message }]);
  const bytes = read(file);
  if (typeof bytes === 'string') throw refuse(bytes);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw refuse(`${file} is not UTF-8`);
  }
  // Only now, as few projects have a file, and every call would pay for YAML.
  const { readDocument } = await import('../src/config/document.ts');
  return readDocument(text, file, env);
}

/** The bytes, or why there are none. */
function read(path: string): Buffer | string {
  try {
    return readFileSync(resolve(path));
  } catch (e) {
    const { code = 'unknown error' } = e as NodeJS.ErrnoException;
    return `cannot read ${JSON.stringify(path)} (${code})`;
  }
}

/** A password that others can read. */
function exposed(file: string | null, layer: FileLayer | null): readonly Warning[] {
  if (file === null || layer?.holdsPassword !== true || isWindows) return [];
  if ((statSync(file).mode & 0o044) === 0) return [];
  const message = `others can read this file, and there is a password in it: \`chmod 600 ${shellWord(file)}\``;
  return [warning('exposed_password', message, file)];
}

/** Which database it is should be no surprise. */
function overruled({ database, overruled: other }: Config): readonly Warning[] {
  if (database === null || other === null) return [];
  const message = `${originText(database.origin)} names the database; what ${originText(other)} says of it is not used`;
  return [warning('overruled', message)];
}

/** What a run is told. `--dry-run` and the like are the command's. */
export function optionsOf({ config: c, env }: Loaded) {
  const [first = '', second] = c.table.value.split('.');
  return {
    env,
    migrations: c.path.value,
    table: {
      ...(second === undefined ? { name: first } : { schema: first, name: second }),
      ...(c.journal.value === null ? {} : { journal: c.journal.value }),
    },
    lockTimeoutMs: c.lockTimeoutMs.value,
    lockStrategy: c.lockStrategy.value,
    blocked: {
      timeoutMs: c.blockedTimeoutMs.value,
      attempts: c.blockedAttempts.value,
      delayMs: c.blockedDelayMs.value,
      queue: c.blockedQueue.value,
    },
    batchSize: c.batchSize.value,
    // What is not said depends on the layout.
    retry: {
      ...(c.attempts.origin.kind === 'default' ? {} : { attempts: c.attempts.value }),
      ...(c.delayMs.origin.kind === 'default' ? {} : { delayMs: c.delayMs.value }),
      ...(c.deadlineMs.value === null ? {} : { deadlineMs: c.deadlineMs.value }),
    },
    ...(c.layout.value === 'auto' ? {} : { layout: c.layout.value }),
    sentinel: c.sentinel.value,
    skipDuplicates: c.onDuplicateObject.value === 'skip',
    plain: c.plain.value,
    ...(c.role.value === null ? {} : { role: c.role.value }),
    ...(c.placeholders === null ? {} : { placeholders: given(c.placeholders) }),
  };
}

/** `user@host:port/database`; null where that cannot be told. */
export function targetOf({ config, env }: Loaded): string | null {
  return parsed(config, env)?.display ?? null;
}

/** The connection string. Throws where there is none, or where it cannot be used: then it is told where it stands. */
export function databaseOf({ config, env }: Loaded): string {
  if (config.database === null) {
    throw new MigrateError('CONFIG_INVALID', 'unset', {
      operation: 'read the configuration',
      message: 'DATABASE_URL environment variable is required',
    });
  }
  const { value, origin } = config.database;
  try {
    parseDatabaseUrl(value, env);
    return value;
  } catch (e) {
    if (!(e instanceof MigrateError)) throw e;
    const { operation, message, hint } = e;
    const details = [...e.details, `from: ${originText(origin)}`];
    throw new MigrateError(e.code, e.reason, { operation, message, details, hint, cause: e });
  }
}

/** Why it cannot be told which database that makes. */
export function targetFault(loaded: Loaded): Warning | null {
  const { database } = loaded.config;
  if (database === null) return null;
  try {
    databaseOf(loaded);
    return null;
  } catch (e) {
    const message = `${originText(database.origin)} cannot be used: ${(e as Error).message}`;
    return warning('url', message);
  }
}

/** What must not be seen. */
export function secretsOf({ config, env }: Loaded): readonly string[] {
  const filledIn = (config.placeholders ?? []).filter((p) => p.isSecret).map((p) => p.value);
  return [...(parsed(config, env)?.secrets ?? []), config.database?.value ?? '', ...filledIn];
}

function parsed({ database }: Config, env: Env) {
  try {
    return database === null ? null : parseDatabaseUrl(database.value, env);
  } catch {
    return null;
  }
}
