/** Arguments to values: what each command takes, in one table that `--help` and docs/commands.md are made from. */

import { parseArgs } from 'node:util';
import { MigrateError } from '../src/errors.ts';
import { MAX_VERSION } from '../src/layout/pairs.ts';

interface Flag {
  readonly value: string | null;
  readonly help: string;
}

export const FLAGS = {
  database: { value: 'URL', help: 'the database; default: DATABASE_URL from the environment or .env' },
  path: { value: 'DIR', help: 'the folder of migration files; default: migrations' },
  'dry-run': { value: null, help: 'show what would be done; nothing is locked or written' },
  'num-steps': { value: 'N', help: 'how many migrations; for down, 0 is all' },
  to: { value: 'V', help: 'the last version to apply' },
  all: { value: null, help: 'revert everything' },
  yes: { value: null, help: 'do not ask' },
  'lock-timeout': {
    value: 'TIME',
    help: 'how long to wait for the lock: 15s, 500ms or seconds; default 15s',
  },
  'allow-out-of-order': { value: null, help: 'run files below the current version that were never applied' },
  'accept-changed': { value: null, help: 'take files that were edited after being applied as they are now' },
  'allow-missing-down': { value: null, help: 'pass a missing down file as empty, as golang-migrate does' },
  json: { value: null, help: 'one JSON document on stdout' },
  help: { value: null, help: 'this text' },
} as const satisfies Record<string, Flag>;

export type FlagName = keyof typeof FLAGS;

export interface Arguments {
  readonly has: (flag: FlagName) => boolean;
  readonly text: (flag: FlagName) => string | null;
  readonly positionals: readonly string[];
}

export const usageError = (message: string, verb: string): MigrateError =>
  new MigrateError('CONFIG_INVALID', 'flag', {
    operation: `read the arguments of ${verb}`,
    message,
    hint: `see \`rungs ${verb} --help\``,
  });

/** Throws CONFIG_INVALID for a flag that the command does not have, or one without its value. */
export function parseFlags(argv: readonly string[], verb: string, allowed: readonly FlagName[]): Arguments {
  const options = Object.fromEntries(
    allowed.map((name) => [name, { type: FLAGS[name].value === null ? 'boolean' : 'string' } as const]),
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
    throw usageError((e as Error).message.replace(/\. To specify a positional.*$/s, ''), verb);
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
  if (text === null) throw invalid('please specify a version', `\`task migrate:${verb} -- 7\``);
  const trimmed = text.trim();
  if (/^-\d+$/.test(trimmed)) throw invalid(`invalid version "${text}": must be non-negative`);
  if (!/^\d+$/.test(trimmed)) throw invalid(`invalid version "${text}": must be an integer`);
  const version = BigInt(trimmed);
  if (version > MAX_VERSION) throw invalid(`invalid version "${text}": must be at most ${MAX_VERSION}`);
  return version;
}

/** A whole number from 0 on; null where the flag is absent. */
export function readCount(text: string | null, what: string, verb: string): number | null {
  if (text === null) return null;
  if (!/^\d{1,9}$/.test(text.trim()))
    throw usageError(`${what} must be a whole number from 0, not "${text}"`, verb);
  return Number(text);
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };

/** `15s`, `500ms`, `2m`, or seconds. */
export function readDuration(text: string | null, verb: string): number | null {
  if (text === null) return null;
  const m = /^(\d+(?:\.\d+)?)(ms|s|m)?$/.exec(text.trim());
  if (m === null)
    throw usageError(`"${text}" is not a time: write 15s, 500ms, 2m or a number of seconds`, verb);
  return Number(m[1]) * (UNITS[m[2] ?? 's'] ?? 1000);
}
