/** The variables besides DATABASE_URL's own PG* ones, which libpq's rules are for (keywords.ts). */

import type { Environment } from './keywords.ts';
import { type Layer, layerOf, type Origin, type Problem } from './layer.ts';
import { quotable } from './unquotable.ts';

interface Variable {
  readonly name: string;
  /** The value of rungs.yaml that it wins over. */
  readonly pointer: string;
  readonly help: string;
}

export const VARIABLES: readonly Variable[] = [
  { name: 'DATABASE_URL', pointer: 'database', help: 'the database' },
  { name: 'MIGRATION_PATH', pointer: 'path', help: 'the folder of migration files, or a script' },
  { name: 'DB_RETRY_ATTEMPTS', pointer: 'retry/attempts', help: 'connection attempts' },
  {
    name: 'DB_RETRY_DELAY',
    pointer: 'retry/delay',
    help: 'the pause before the second one: `5s`, `500ms`, `5`',
  },
  {
    name: 'LOG_FORMAT',
    pointer: 'logFormat',
    help: '`json`: the narration on stderr as one JSON object a line',
  },
  {
    name: 'THV_REGISTRY_DATABASE_PASSWORD',
    pointer: 'database/password',
    help: 'ToolHive’s, for a `database` section',
  },
  {
    name: 'THV_REGISTRY_DATABASE_MIGRATIONPASSWORD',
    pointer: 'database/migrationPassword',
    help: 'ToolHive’s, for a `database` section',
  },
];

/** Variables as they are found: the environment's own, and those of `.env`, which only fill in. */
export interface Surroundings {
  readonly environment: Environment;
  readonly dotenv: Environment;
}

interface Found {
  readonly text: string;
  readonly origin: Origin;
}

/** CI systems set what they cannot fill: an empty variable is none. */
export function lookUp(name: string, { environment, dotenv }: Surroundings): Found | null {
  const [own, filledIn] = [environment[name], dotenv[name]];
  const text = own === undefined ? filledIn : own;
  if (text === undefined || text === '') return null;
  return { text, origin: { kind: 'variable', name, dotenv: own === undefined } };
}

/** The beginning of the variables whose rest is a placeholder's name. */
const PLACEHOLDER = 'RUNGS_PLACEHOLDER_';

const placeholdersIn = ({ environment, dotenv }: Surroundings): readonly Omit<Variable, 'help'>[] =>
  Object.keys({ ...dotenv, ...environment })
    .filter((name) => name.startsWith(PLACEHOLDER) && name.length > PLACEHOLDER.length)
    .map((name) => ({ name, pointer: `placeholders/${name.slice(PLACEHOLDER.length)}` }));

export function variablesLayer(around: Surroundings): Layer {
  return layerOf(
    [...VARIABLES, ...placeholdersIn(around)].flatMap(({ name, pointer }) => {
      const found = lookUp(name, around);
      return found === null ? [] : [[pointer, found.text, found.origin] as const];
    }),
  );
}

/** DRY_RUN: not to be guessed about. */
export function readSwitch(
  name: string,
  around: Surroundings,
): { value: boolean; origin: Origin | null; problems: readonly Problem[] } {
  const found = lookUp(name, around);
  if (found === null) return { value: false, origin: null, problems: [] };
  const { text, origin } = found;
  const value = text === 'true' || text === '1';
  const isClear = value || text === 'false' || text === '0';
  const message = `is ${quotable(text)}: it must be true or false`;
  return { value, origin, problems: isClear ? [] : [{ origin, message }] };
}
