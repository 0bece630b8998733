/** docs/report.schema.json: the shape of every `--json` document, strict, with the codes and reasons there are. */

import type { CheckName } from '../src/report.ts';
import type { MigrationState } from '../src/status.ts';
import { ADOPTION } from './schema-adoption.ts';
import { FLEET } from './schema-fleet.ts';
import { HOOK_DEFS } from './schema-hook.ts';
import { MOVED } from './schema-moved.ts';
import {
  count,
  countFrom1,
  countOrNull,
  DIRECTION,
  ERROR,
  flag,
  list,
  MODES,
  NO_FAILURE,
  object,
  one,
  orNull,
  placed,
  ref,
  type Schema,
  said,
  text,
  textOrNull,
  VERSION_OR_NONE,
} from './shapes.ts';

const STATES = [
  'applied',
  'pending',
  'missing',
  'changed',
  'out-of-order',
  'dirty',
  'failed',
] as const satisfies readonly MigrationState[];
const CHECKS = [
  'files',
  'connection',
  'server',
  'rights',
  'version table',
  'lock',
  'history',
  'pending files',
  'extensions',
] as const satisfies readonly CheckName[];
const named = { id: text, version: VERSION_OR_NONE, name: text };

const DEFS: Readonly<Record<string, Schema>> = {
  ...HOOK_DEFS,
  migration: object(named),
  step: object({
    ...named,
    direction: DIRECTION,
    mode: one(...MODES),
    executionTimeMs: said('Null in a dry run.', countOrNull),
  }),
  warning: object({
    reason: { type: 'string', pattern: '^[a-z]+(_[a-z]+)*$' },
    message: text,
    ...placed,
  }),
  error: object(ERROR),
  embedded: object({
    count,
    first: said('The id: a version, or a file’s name.', text),
    last: text,
    repeatable: said('How many of these.', count),
    digest: said('Of all migrations.', text),
    hooks: said('As in `beforeEach: hooks/limits.sql`.', list(text)),
    serverVersion: said('The PostgreSQL whose syntax the files were held to.', { type: 'integer' }),
    tool: said('What built it.', text),
  }),
  run: said(
    'What `up`, `down`, `goto`, `redo` and `force` did, whether or not it failed.',
    object({
      command: one('up', 'down', 'goto', 'redo', 'force'),
      dryRun: flag,
      ...MOVED,
      warnings: list(ref('warning')),
      error: orNull(ref('error')),
    }),
  ),
  status: object({
    command: { const: 'status' },
    version: VERSION_OR_NONE,
    dirty: flag,
    migrations: list(
      object({
        ...named,
        state: one(...STATES),
        appliedAt: said('ISO 8601, UTC. Null where it was not rungs that applied it.', textOrNull),
        executionTimeMs: countOrNull,
        checksum: said('SHA-256 of the up file, with LF for line ends.', {
          type: ['string', 'null'],
          pattern: '^[0-9a-f]{64}$',
        }),
      }),
    ),
    counts: object(Object.fromEntries(STATES.map((state) => [state, count]))),
    ...NO_FAILURE,
  }),
  version: object({
    command: { const: 'version' },
    version: VERSION_OR_NONE,
    dirty: flag,
    ...NO_FAILURE,
  }),
  verify: object({
    command: { const: 'verify' },
    checks: list(
      object({
        name: one(...CHECKS),
        state: said(
          '`failed`: `up` would fail. `skipped`: not looked at, for what failed before.',
          one('ok', 'warning', 'failed', 'skipped'),
        ),
        message: text,
        hint: said('What to do; null where there is nothing to do.', textOrNull),
        error: orNull(ref('error')),
      }),
    ),
    warnings: list(ref('warning')),
    error: said('That of the first check that failed.', orNull(ref('error'))),
  }),
  ...ADOPTION,
  ...FLEET,
  rollback: object({
    command: { const: 'rollback' },
    forgotten: said('The file whose record is gone; null where there was none.', textOrNull),
    ...NO_FAILURE,
  }),
  carried: said(
    '`version --embedded`: what is inside a bundle.',
    object({
      command: { const: 'version' },
      embedded: ref('embedded'),
      ...NO_FAILURE,
    }),
  ),
  build: object({
    command: { const: 'build' },
    outfile: text,
    executable: flag,
    bytes: countFrom1,
    embedded: ref('embedded'),
    ...NO_FAILURE,
  }),
  config: object({
    command: { const: 'config' },
    file: said('The file that was read; null if there is none.', textOrNull),
    target: said('`user@host:port/database`; null where that cannot be told.', textOrNull),
    settings: list(
      object({
        key: text,
        value: said('Passwords are `***`.', { type: ['string', 'number', 'boolean', 'null'] }),
        source: said('As in `rungs.yaml:4`, `DATABASE_URL`, `--path` or `default`.', text),
      }),
    ),
    ...NO_FAILURE,
  }),
  create: object({
    command: { const: 'create' },
    up: said('The path of the new file.', text),
    down: said('Null where one file holds both.', textOrNull),
    ...NO_FAILURE,
  }),
  createFromScript: object({
    command: { const: 'create' },
    up: text,
    down: text,
    marked: said(
      'The version that the database is marked as having; null where it was left as it is.',
      textOrNull,
    ),
    ...NO_FAILURE,
  }),
  backup: object({
    command: { const: 'backup' },
    file: said('The path of the new file.', text),
    bytes: countFrom1,
    tables: said('How many tables’ rows are in it.', count),
    executionTimeMs: count,
    ...NO_FAILURE,
  }),
  restore: object({
    command: { const: 'restore' },
    file: text,
    tables: said('How many tables’ rows were in it.', count),
    executionTimeMs: count,
    version: VERSION_OR_NONE,
    dirty: flag,
    ...NO_FAILURE,
  }),
  ended: said(
    'A command that ended before it had anything to report; `command` is the word that was typed.',
    object({ command: text, warnings: list(ref('warning')), error: ref('error') }),
  ),
};

export const schema: Schema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'What `rungs … --json` prints: one document on stdout, whatever happened',
  oneOf: [
    'run',
    'status',
    'version',
    'verify',
    'rollback',
    'adopt',
    'baseline',
    'fleet',
    'carried',
    'build',
    'config',
    'create',
    'createFromScript',
    'backup',
    'restore',
    'ended',
  ].map(ref),
  $defs: DEFS,
};
