/** Hooks in the `--json` documents, and docs/hook.schema.json: what a hook's command reads on its standard input. */

import { HOOK_NAMES } from '../src/hook.ts';
import type { Layout } from '../src/migration.ts';
import {
  countOrNull,
  DIRECTION,
  list,
  MODES,
  object,
  one,
  orNull,
  ref,
  type Schema,
  said,
  text,
  textOrNull,
  VERSION,
  VERSION_OR_NONE,
} from './shapes.ts';

const LAYOUTS = ['pairs', 'named', 'script'] as const satisfies readonly Layout[];

export const HOOK_DEFS: Readonly<Record<string, Schema>> = {
  versionText: VERSION,
  hook: object({
    hook: one(...HOOK_NAMES),
    kind: one('sql', 'command', 'function'),
    name: said('The file’s path, or the command.', text),
    migration: said('The id of the one that it ran for; null for beforeAll and afterAll.', textOrNull),
    direction: orNull(DIRECTION),
    executionTimeMs: said('Null in a dry run, and where it is a part of the migration’s.', countOrNull),
  }),
};

export const hookSchema: Schema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'What the command of a hook reads on its standard input: one JSON document, in one line',
  ...object({
    hook: one(...HOOK_NAMES),
    command: one('up', 'down', 'goto', 'redo'),
    database: said('Its name; how to reach it is in DATABASE_URL.', text),
    layout: one(...LAYOUTS),
    from: said('The version before the run; null for none.', VERSION_OR_NONE),
    to: said('The version after all of it.', VERSION_OR_NONE),
    migration: said('The one that it runs for; null for beforeAll and afterAll.', orNull(ref('migration'))),
    migrations: said('All of the plan, in order.', list(ref('migration'))),
  }),
  $defs: {
    versionText: VERSION,
    migration: object({
      id: said('A version, or a file’s name.', text),
      version: VERSION_OR_NONE,
      name: text,
      direction: DIRECTION,
      mode: one(...MODES),
      file: said('Null where there is none, and only the version moves.', textOrNull),
    }),
  },
};
