/**
 * What each option of the API may be. JavaScript has no types, and TypeScript lets through what it cannot know:
 * `Number(process.env.X)` may be NaN. The types of options.ts say which options there are, and which are needed.
 */

import type { GivenTarget } from './config/target.ts';
import type { Shard } from './fleet-report.ts';
import {
  client,
  connection,
  has,
  hasLists,
  hooks,
  migrations,
  placeholder,
  signal,
  url,
  version,
} from './given.ts';
import {
  callable,
  either,
  flag,
  isObject,
  kind,
  limit,
  listOr,
  mapping,
  milliseconds,
  needed,
  none,
  oneOf,
  optional,
  section,
  type Table,
  text,
  textOrNull,
  whole,
} from './kind.ts';
import type * as options from './options.ts';

const attempts = whole(1, 1000);
const retry = section<NonNullable<options.Options['retry']>>({
  attempts,
  delayMs: milliseconds,
  deadlineMs: limit,
});

const OPTIONS: Table<options.Options> = {
  database: needed(connection),
  migrations: needed(migrations),
  layout: oneOf('pairs', 'named', 'script'),
  sentinel: text('the name of a table'),
  table: section<NonNullable<options.Options['table']>>({
    schema: text('the name of a schema'),
    name: text('the name of a table'),
    journal: text('the name of a table'),
  }),
  placeholders: mapping('an object with a value for each name', placeholder),
  role: text('the name of a role'),
  signal,
  onEvent: callable,
  lockTimeoutMs: limit,
  lockStrategy: oneOf('session', 'transaction'),
  retry,
  blocked: section<NonNullable<options.Options['blocked']>>({
    timeoutMs: milliseconds,
    attempts,
    delayMs: milliseconds,
    queue: whole(0, 1_000_000),
  }),
  env: kind('an object, as the environment is', isObject),
  applicationName: text('a name'),
};

/** Of all functions, so that one object will do for `status`, `up` and `down`. */
const RUN: Table<options.RunOptions> = {
  ...OPTIONS,
  dryRun: flag,
  batchSize: whole(1, 100_000_000),
  plain: flag,
  skipDuplicates: flag,
  confirm: callable,
  hooks,
  allowOutOfOrder: flag,
  acceptChanged: flag,
  allowMissingDown: flag,
  acceptAhead: flag,
};

/** Of those that write and could not only look. */
const NO_DRY_RUN = { dryRun: kind('only false, as there is no dry run of this', (v) => v === false) };

const steps = whole(0);
const UP: Table<options.UpOptions> = { ...RUN, steps, to: version };
const target = section<GivenTarget>({
  url: textOrNull('a connection string', true),
  schema: textOrNull('the name of a schema'),
  name: textOrNull('a name'),
  where: text('a place, for messages'),
});
const FLEET: Table<options.FleetOptions> = {
  ...RUN,
  database: url,
  targets: needed(
    listOr(
      { ...target, faults: (v, at) => (typeof v === 'string' ? [] : target.faults(v, at)) },
      section<Extract<options.FleetOptions['targets'], { readonly query: string }>>(
        { query: needed(text('SQL')), location: kind('a place, for messages', isObject) },
        'a list, or an object with query',
      ),
    ),
  ),
  concurrency: whole(1),
  canary: listOr(text('the name of a target'), either('a whole number from 0, or a list of names', whole(0))),
  maxFailures: either(
    'a whole number from 1, or Infinity',
    whole(1),
    kind('', (v) => v === Infinity),
  ),
  shard: section<Shard>({ number: needed(whole(1)), of: needed(whole(1)) }),
  resume: kind('the report of a fleet', (v) => has(v, 'digest') && hasLists(v, 'targets')),
  allowEmpty: flag,
  hooks: { ...hooks, faults: (v, at) => (typeof v === 'function' ? [] : hooks.faults(v, at)) },
};
const ON_START: Table<options.MigrateOnStartOptions> = {
  url,
  client: optional(client),
  migrations: RUN.migrations,
  layout: RUN.layout,
  sentinel: RUN.sentinel,
  table: RUN.table,
  placeholders: RUN.placeholders,
  role: RUN.role,
  signal,
  onEvent: RUN.onEvent,
  env: RUN.env,
  applicationName: RUN.applicationName,
  lockTimeoutMs: RUN.lockTimeoutMs,
  lockStrategy: RUN.lockStrategy,
  hooks,
  blocked: RUN.blocked,
  batchSize: RUN.batchSize,
  onAhead: oneOf('refuse', 'accept'),
  enabledBy: text('the name of an environment variable'),
  wait: retry,
};

/** By function. */
export const ALLOWED = {
  up: UP,
  down: {
    ...RUN,
    steps: either("a whole number from 0, or 'all'", steps, oneOf('all')),
  } satisfies Table<options.DownOptions>,
  goto: { ...RUN, to: needed(version) } satisfies Table<options.GotoOptions>,
  redo: RUN,
  plan: RUN,
  force: { ...RUN, ...NO_DRY_RUN, version: needed(version) } satisfies Table<options.ForceOptions>,
  adopt: {
    ...RUN,
    from: text('the name of a tool'),
    fromTable: text('the name of a table'),
    write: flag,
  } satisfies Table<options.AdoptOptions>,
  baseline: { ...RUN, version: needed(version) } satisfies Table<options.BaselineOptions>,
  rollback: { ...RUN, ...NO_DRY_RUN },
  status: RUN,
  verify: RUN,
  currentVersion: { ...RUN, migrations: optional(migrations) } satisfies Table<options.VersionOptions>,
  fleet: FLEET,
  migrateOnStart: ON_START,
  readMigrations: { folder: needed(text('the path of a folder or a script')), layout: RUN.layout },
} as const;

type GoalOf<K> = Extract<options.GivenGoal, { readonly kind: K }>;
export const GOAL_KIND = needed(oneOf('up', 'down', 'goto', 'redo'));
/** Of `plan`, whose goal may be one of these. */
export const GOALS: { readonly [K in options.GivenGoal['kind']]: Table<GoalOf<K>> } = {
  up: {
    kind: GOAL_KIND,
    steps: either('a whole number from 0, or null', steps, none),
    to: either(`${version.words}, or null`, version, none),
  },
  down: { kind: GOAL_KIND, steps: needed(either('a whole number from 0, or null for all', steps, none)) },
  goto: { kind: GOAL_KIND, to: needed(version) },
  redo: { kind: GOAL_KIND },
};
