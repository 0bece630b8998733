/** Arguments to values: what each command takes, in one table that `--help` and docs/commands.md are made from. */

import { parseArgs } from 'node:util';
import { nearest } from '../src/config/nearest.ts';
import { quotable, unquotable } from '../src/config/unquotable.ts';
import { MigrateError } from '../src/errors.ts';
import { MAX_VERSION } from '../src/layout/pairs.ts';

interface Flag {
  readonly value: string | null;
  readonly help: string;
  /** The one letter that does too. */
  readonly short?: string;
}

export const FLAGS = {
  config: { value: 'FILE', help: 'the configuration; default: rungs.yaml, from here upward' },
  database: { value: 'URL', help: 'the database; default: DATABASE_URL from the environment or .env' },
  role: { value: 'NAME', help: 'the role to act as, so that what is made belongs to it' },
  path: { value: 'DIR', help: 'the folder of migration files, or a script; default: migrations' },
  'dry-run': { value: null, help: 'show what would be done; nothing is locked or written' },
  'num-steps': { value: 'N', help: 'how many migrations; for down, 0 is all', short: 'n' },
  to: { value: 'V', help: 'the last version to apply' },
  all: { value: null, help: 'revert everything' },
  repeatable: { value: null, help: 'make R__NAME.sql, which is run again whenever it changes' },
  'from-script': { value: 'FILE', help: 'a script with the whole schema, which becomes version 1' },
  yes: {
    value: null,
    help: 'do not ask; restore: into a database that is not empty; create: mark the one that has the script’s tables',
    short: 'y',
  },
  'lock-timeout': {
    value: 'TIME',
    help: 'how long to wait for the lock: 15s, 500ms or seconds; default 15s',
  },
  'allow-out-of-order': { value: null, help: 'run files below the current version that were never applied' },
  'accept-changed': { value: null, help: 'take files that were edited after being applied as they are now' },
  'accept-ahead': {
    value: null,
    help: 'leave a database alone that is newer than the files, instead of refusing',
  },
  'allow-missing-down': { value: null, help: 'pass a missing down file as empty, as golang-migrate does' },
  concurrency: { value: 'N', help: 'how many targets at once, and connections at most; default 8' },
  canary: {
    value: 'N|NAMES',
    help: 'which targets come first, one by one, and end it all where one fails: so many, or names with commas; default 1',
  },
  'max-failures': {
    value: 'N',
    help: 'after so many failures no more targets are begun; `all`: never mind; default 1',
  },
  shard: {
    value: 'K/N',
    help: 'the K-th of N parts of the targets; index/N in an indexed Kubernetes Job',
  },
  resume: {
    value: 'FILE',
    help: 'leave out what this report (`--json`) of an earlier run has as up to date',
  },
  'allow-empty': { value: null, help: 'no targets at all are no error' },
  from: { value: 'TOOL', help: 'the tool to adopt from, where there are tables of several' },
  'from-table': { value: 'TABLE', help: 'its table, as TABLE or SCHEMA.TABLE' },
  embedded: { value: null, help: 'what is inside; needs no database' },
  outfile: { value: 'FILE', help: 'the file to make; default: dist/migrate.mjs, or dist/migrate' },
  executable: { value: null, help: 'make a program with Node inside, for machines without Node' },
  'server-version': { value: 'N', help: 'the PostgreSQL that it will run on; default 18' },
  output: { value: 'FILE|DIR', help: 'where the backup goes; default: backups/DATABASE-TIME.dump' },
  'schema-only': { value: null, help: 'without the rows' },
  'data-only': { value: null, help: 'only the rows' },
  json: { value: null, help: 'one JSON document on stdout' },
  help: { value: null, help: 'this text', short: 'h' },
} as const satisfies Record<string, Flag>;

export type FlagName = keyof typeof FLAGS;

/** As in `--num-steps N, -n N`. */
export function flagText(name: FlagName): string {
  const { value, short }: Flag = FLAGS[name];
  const operand = value === null ? '' : ` ${value}`;
  return `--${name}${operand}${short === undefined ? '' : `, -${short}${operand}`}`;
}

export interface Arguments {
  readonly has: (flag: FlagName) => boolean;
  readonly text: (flag: FlagName) => string | null;
  readonly positionals: readonly string[];
}

/** `build` is no target of ours: a project has its own. */
export function targetOf(verb: string): string | null {
  if (verb === 'build') return null;
  if (verb === 'backup' || verb === 'restore') return `db:${verb}`;
  return verb === 'up' ? 'migrate' : `migrate:${verb}`;
}

function helpFor(verb: string): string {
  const target = targetOf(verb);
  return target === null ? `rungs ${verb} --help` : `task ${target} -- --help`;
}

export const usageError = (message: string, verb: string): MigrateError =>
  new MigrateError('CONFIG_INVALID', 'flag', {
    operation: `read the arguments of ${verb}`,
    message,
    hint: `see \`${helpFor(verb)}\``,
  });

/** Throws CONFIG_INVALID for a flag that the command does not have, or one without its value. */
export function parseFlags(argv: readonly string[], verb: string, allowed: readonly FlagName[]): Arguments {
  const options = Object.fromEntries(
    allowed.map((name) => {
      const { value, short }: Flag = FLAGS[name];
      const type = value === null ? 'boolean' : 'string';
      return [name, short === undefined ? ({ type } as const) : ({ type, short } as const)];
    }),
  );
  try {
    const { values, positionals } = parseArgs({
      args: numbersLast(argv),
      options,
      allowPositionals: true,
      strict: true,
    });
    const given = values as Readonly<Record<string, string | boolean | undefined>>;
    return {
      has: (flag) => given[flag] === true,
      text: (flag) => (typeof given[flag] === 'string' ? given[flag] : null),
      positionals,
    };
  } catch (e) {
    const message = (e as Error).message.replace(/\. To specify a positional.*$/s, '');
    const hidden = unquotable(message);
    const [, typed = null] = /^Unknown option '--([^']+)'$/.exec(message) ?? [];
    const meant = typed === null ? null : nearest(typed, allowed);
    const shown = meant === null ? message : `${message}; did you mean --${meant}?`;
    throw usageError(hidden === null ? shown : `Unknown option, with ${hidden} in it`, verb);
  }
}

/** `force -1` means the number, not a flag called 1. */
function numbersLast(argv: readonly string[]): string[] {
  const isNumber = (a: string) => /^-\d+$/.test(a);
  if (argv.includes('--') || !argv.some(isNumber)) return [...argv];
  return [...argv.filter((a) => !isNumber(a)), '--', ...argv.filter(isNumber)];
}

/** Throws INVALID_VERSION; spaces around the number are forgiven. */
export function readVersion(text: string | null, verb: string): bigint {
  const invalid = (why: string, hint?: string) =>
    new MigrateError('INVALID_VERSION', 'version', {
      operation: `read the version for ${verb}`,
      message: why,
      ...(hint === undefined ? {} : { hint }),
    });
  if (text === null) throw invalid('please specify a version', `type \`task migrate:${verb} -- 7\``);
  const trimmed = text.trim();
  if (/^-\d+$/.test(trimmed)) throw invalid(`invalid version ${quotable(text)}: must be non-negative`);
  if (!/^\d+$/.test(trimmed)) throw invalid(`invalid version ${quotable(text)}: must be an integer`);
  const version = BigInt(trimmed);
  if (version > MAX_VERSION)
    throw invalid(`invalid version ${quotable(text)}: must be at most ${MAX_VERSION}`);
  return version;
}

/** A whole number from 0 on; null where the flag is absent. */
export function readCount(text: string | null, what: string, verb: string, least = 0): number | null {
  if (text === null) return null;
  if (!/^\d{1,9}$/.test(text.trim()) || Number(text) < least)
    throw usageError(`${what} must be a whole number from ${least}, not ${quotable(text)}`, verb);
  return Number(text);
}
