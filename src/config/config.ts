/** defaults < file < environment < flags: one configuration with the source of each value, or one error with all problems. */

import type { Layout } from '../migration.ts';
import { type Checked, check, valuesIn } from './check.ts';
import { configError } from './config-error.ts';
import { readDuration } from './duration.ts';
import { type ConfiguredHooks, hooksOf } from './hooks.ts';
import type { Environment } from './keywords.ts';
import { DEFAULT, type Layer, layerOf, type Origin, type Problem, type Sourced } from './layer.ts';
import { placeholdersOf, type SourcedPlaceholder } from './placeholders.ts';
import { type ReadText, sectionUrl } from './section.ts';
import { defaultOf, isSecret } from './shape.ts';
import { type ConfiguredTargets, configuredTargets } from './targets.ts';
import { parseDatabaseUrl } from './url.ts';
import { readSwitch, type Surroundings, variablesLayer } from './variables.ts';

/** A value of null is a secret. */
export interface Part {
  readonly key: string;
  readonly value: string | null;
  readonly origin: Origin;
}

export interface Config {
  /** A connection string, also where the file gives the parts; null where nothing names a database. */
  readonly database: Sourced<string> | null;
  /** What the file's section says, and a password that wins over the file's; empty where something else names it. */
  readonly parts: readonly Part[];
  /** Another place that names a database, and that `database` wins over. */
  readonly overruled: Origin | null;
  readonly path: Sourced<string>;
  readonly layout: Sourced<'auto' | Layout>;
  readonly sentinel: Sourced<string>;
  readonly onDuplicateObject: Sourced<'fail' | 'skip'>;
  readonly table: Sourced<string>;
  readonly journal: Sourced<string | null>;
  readonly role: Sourced<string | null>;
  /** Null where there is neither a section nor a variable. */
  readonly placeholders: readonly SourcedPlaceholder[] | null;
  readonly confirm: Sourced<'never' | 'down' | 'always'>;
  readonly requireSteps: Sourced<boolean>;
  readonly backupBeforeDown: Sourced<boolean>;
  readonly lockTimeoutMs: Sourced<number>;
  readonly lockStrategy: Sourced<'session' | 'transaction'>;
  readonly blockedTimeoutMs: Sourced<number>;
  readonly blockedAttempts: Sourced<number>;
  readonly blockedDelayMs: Sourced<number>;
  readonly blockedQueue: Sourced<number>;
  readonly batchSize: Sourced<number>;
  readonly attempts: Sourced<number>;
  readonly delayMs: Sourced<number>;
  readonly deadlineMs: Sourced<number | null>;
  readonly hooks: ConfiguredHooks;
  /** Null where there is no section. */
  readonly targets: ConfiguredTargets | null;
  readonly plain: Sourced<boolean>;
  readonly allowMissingDown: Sourced<boolean>;
  readonly logFormat: Sourced<'text' | 'json'>;
  readonly dryRun: Sourced<boolean>;
}

/** The flags that win over settings, by their pointer and their own name. */
const FLAGS_OF = {
  database: 'database',
  path: 'path',
  role: 'role',
  lockTimeout: 'lock-timeout',
} as const satisfies Record<string, string>;

export interface Inputs extends Surroundings {
  readonly file: Layer | null;
  readonly flag: (name: (typeof FLAGS_OF)[keyof typeof FLAGS_OF]) => string | null;
  /** A path of the file's, as it is from the working directory. */
  readonly fromFile: (path: string) => string;
  /** The same for a path that nobody has given. */
  readonly fromProject: (path: string) => string;
  readonly readText: ReadText;
}

/** Where Muse has it. */
const MUSES_SCRIPT = 'scripts/init-db.sql';

/** Throws CONFIG_INVALID. Whether a database is needed is for the command to say. */
export function readConfig(inputs: Inputs): Config {
  const layers = [flagsLayer(inputs), variablesLayer(inputs), ...(inputs.file === null ? [] : [inputs.file])];
  const checked = layers.map(check);
  const dryRun = readSwitch('DRY_RUN', inputs);
  const { database, parts, overruled, problems } = databaseOf(checked, inputs);
  const all = [...checked.toReversed().flatMap((c) => c.problems), ...problems, ...dryRun.problems];
  if (all.length > 0) throw configError([...all, ...unusable(checked, inputs)]);

  /** The first layer that says anything, or the schema's default. */
  const pick = (pointer: string): Sourced<string | null> => {
    const given = checked.map((c) => c.values.get(pointer)).find((g) => g !== undefined);
    if (given === undefined) return { value: defaultOf(pointer), origin: DEFAULT };
    return { value: String(given.value), origin: given.origin };
  };
  const as = <T>(pointer: string, read: (text: string) => T): Sourced<T> => {
    const { value, origin } = pick(pointer);
    return { value: read(value ?? ''), origin };
  };
  const truth = (text: string): boolean => text === 'true';
  const time = (text: string): number => readDuration(text) ?? 0;
  const layout = as('layout', (text) => text as Config['layout']['value']);
  const named = as('path', String);
  const isSilent = layout.value === 'script' && named.origin.kind === 'default';
  const path = isSilent ? { ...named, value: MUSES_SCRIPT } : named;
  const { fromFile, fromProject } = inputs;
  const seenFrom = { file: fromFile, default: fromProject, variable: String, flag: String }[path.origin.kind];
  return {
    database,
    parts,
    overruled,
    path: { ...path, value: seenFrom(path.value) },
    layout,
    sentinel: as('sentinel', String),
    onDuplicateObject: as('onDuplicateObject', (text) => text as Config['onDuplicateObject']['value']),
    table: as('table', String),
    journal: pick('journal'),
    role: pick('role'),
    placeholders: placeholdersOf(checked, inputs.file),
    confirm: as('confirm', (text) => text as Config['confirm']['value']),
    requireSteps: as('requireSteps', truth),
    backupBeforeDown: as('backupBeforeDown', truth),
    lockTimeoutMs: as('lockTimeout', time),
    lockStrategy: as('lockStrategy', (text) => text as Config['lockStrategy']['value']),
    blockedTimeoutMs: as('blocked/timeout', time),
    blockedAttempts: as('blocked/attempts', Number),
    blockedDelayMs: as('blocked/delay', time),
    blockedQueue: as('blocked/queue', Number),
    batchSize: as('batchSize', Number),
    attempts: as('retry/attempts', Number),
    delayMs: as('retry/delay', time),
    deadlineMs: as('retry/deadline', (text) => (text === '' ? null : time(text))),
    hooks: hooksOf(checked, fromFile),
    targets: configuredTargets(checked, inputs.file),
    plain: as('plain', truth),
    allowMissingDown: as('allowMissingDown', truth),
    logFormat: as('logFormat', (text) => text as Config['logFormat']['value']),
    dryRun: { value: dryRun.value, origin: dryRun.origin ?? DEFAULT },
  };
}

function flagsLayer({ flag }: Inputs): Layer {
  return layerOf(
    Object.entries(FLAGS_OF).map(([pointer, name]) => [pointer, flag(name), { kind: 'flag', name }] as const),
  );
}

function databaseOf(checked: readonly Checked[], inputs: Inputs) {
  const env: Environment = { ...inputs.dotenv, ...inputs.environment };
  const named = checked.flatMap(({ values }) => values.get('database') ?? []);
  const section = sectionOf(checked, inputs);
  const [first, second] = [...named.map((g) => g.origin), ...(section === null ? [] : [section.origin])];
  const [url, other] = named;
  // `database: ${DATABASE_URL}` says the same.
  const isOther = other === undefined || other.value !== url?.value;
  const overruled = first?.kind === 'variable' && isOther ? (second ?? null) : null;
  if (url !== undefined) {
    return { database: { value: String(url.value), origin: url.origin }, parts: [], overruled, problems: [] };
  }
  if (section === null) return { database: null, parts: [], overruled, problems: [] };
  const { fromFile, readText } = inputs;
  const { url: value, problems } = sectionUrl(section, env, (path) => readText(fromFile(path)));
  const parts = [...section.values].map(([key, { value, origin }]) => ({
    key,
    value: isSecret(`database/${key}`) ? null : String(value),
    origin,
  }));
  return { database: { value, origin: section.origin }, parts, overruled, problems };
}

/** A connection string alone is for those to refuse who need it; beside other problems it is one of them. */
function unusable(checked: readonly Checked[], inputs: Inputs): readonly Problem[] {
  const [url] = checked.flatMap(({ values }) => values.get('database') ?? []);
  // That it is empty, or a variable in it not set, is told already.
  if (url === undefined || url.value === '' || inputs.file?.faulty.has('database') === true) return [];
  try {
    parseDatabaseUrl(String(url.value), { ...inputs.dotenv, ...inputs.environment });
    return [];
  } catch (e) {
    const key = url.origin.kind === 'file' ? 'database ' : '';
    return [{ origin: url.origin, message: `${key}cannot be used: ${(e as Error).message}` }];
  }
}

/** The file's section, over which a password in the environment wins. */
function sectionOf(checked: readonly Checked[], { file }: Inputs) {
  const origin = file?.origins.get('database');
  const tree = file?.tree.database;
  if (origin === undefined || typeof tree !== 'object' || Array.isArray(tree)) return null;
  return { values: valuesIn('database', checked), origin, written: Object.keys(tree ?? {}) };
}
