/** The commands: what each takes, and the one call into the public API that it is. */

import type { Warning } from '../src/event.ts';
import {
  currentVersion,
  down,
  force,
  goto,
  type Report,
  type RunOptions,
  redo,
  status,
  up,
} from '../src/index.ts';
import { runDocument, statusDocument, versionText } from '../src/report/document.ts';
import type { Voice } from '../src/report/error-text.ts';
import { runText, statusText } from '../src/report/human.ts';
import { createPair } from './_create.ts';
import { type Arguments, type FlagName, readCount, readVersion, usageError } from './_flags.ts';
import type { Result } from './_result.ts';

export interface Context {
  readonly args: Arguments;
  readonly options: RunOptions;
  readonly folder: string;
  readonly voice: Voice;
  /** Heard so far. */
  readonly warnings: readonly Warning[];
}

export interface Command {
  /** Behind the verb in the usage line. */
  readonly operand: string;
  readonly help: string;
  readonly flags: readonly FlagName[];
  /** Whether a database is needed; `create` only writes files. */
  readonly connects: boolean;
  readonly run: (context: Context) => Promise<Result>;
}

const COMMON: readonly FlagName[] = ['database', 'path', 'lock-timeout', 'json', 'help'];
const UP: readonly FlagName[] = ['allow-out-of-order', 'accept-changed'];

const ran = (command: string, wanted: 'up' | 'down', report: Report): Result => ({
  text: runText(report, wanted),
  document: runDocument(command, report, null),
});

/** At most so many words besides the flags. */
function operands(args: Arguments, verb: string, most: number): string | null {
  if (args.positionals.length > most) {
    throw usageError(`too many arguments: ${args.positionals.slice(most).join(' ')}`, verb);
  }
  return args.positionals[0] ?? null;
}

export const COMMANDS: Readonly<Record<string, Command>> = {
  up: {
    operand: '[N]',
    help: 'apply pending migrations: all, the next N, or up to a version',
    flags: [...COMMON, ...UP, 'dry-run', 'num-steps', 'to', 'yes'],
    connects: true,
    run: async ({ args, options }) => {
      const steps = readCount(args.text('num-steps') ?? operands(args, 'up', 1), '--num-steps', 'up');
      const to = args.text('to') === null ? undefined : readVersion(args.text('to'), 'up');
      // As in ToolHive's document: 0 is all.
      const limit = steps === null || steps === 0 ? {} : { steps };
      return ran('up', 'up', await up({ ...options, ...limit, ...(to === undefined ? {} : { to }) }));
    },
  },
  down: {
    operand: '[N]',
    help: 'revert the last migration, the last N, or all',
    flags: [...COMMON, 'allow-missing-down', 'dry-run', 'num-steps', 'all', 'yes'],
    connects: true,
    run: async ({ args, options }) => {
      const word = args.text('num-steps') ?? operands(args, 'down', 1);
      const count = readCount(word, '--num-steps', 'down');
      if (args.has('all') && count !== null && count !== 0) {
        throw usageError('--all cannot be used with a number of steps', 'down');
      }
      const steps = args.has('all') || count === 0 ? 'all' : (count ?? 1);
      return ran('down', 'down', await down({ ...options, steps }));
    },
  },
  goto: {
    operand: 'V',
    help: 'apply or revert until version V is the newest applied',
    flags: [...COMMON, ...UP, 'allow-missing-down', 'dry-run', 'yes'],
    connects: true,
    run: async ({ args, options }) => {
      const to = readVersion(operands(args, 'goto', 1), 'goto');
      return ran('goto', 'up', await goto({ ...options, to }));
    },
  },
  redo: {
    operand: '',
    help: 'revert the last migration and apply it again',
    flags: [...COMMON, 'allow-missing-down', 'dry-run', 'yes'],
    connects: true,
    run: async ({ args, options }) => {
      operands(args, 'redo', 0);
      return ran('redo', 'down', await redo(options));
    },
  },
  status: {
    operand: '',
    help: 'every migration with its state; writes nothing',
    flags: COMMON,
    connects: true,
    run: async ({ args, options, voice, warnings }) => {
      operands(args, 'status', 0);
      const s = await status(options);
      return { text: statusText(s, voice), document: statusDocument(s, warnings) };
    },
  },
  version: {
    operand: '',
    help: 'the version alone; writes nothing',
    flags: COMMON,
    connects: true,
    run: async ({ args, options, warnings }) => {
      operands(args, 'version', 0);
      const { version, dirty } = await currentVersion(options);
      return {
        text: `${version ?? 0}${dirty ? ' (dirty)' : ''}`,
        document: { command: 'version', version: versionText(version), dirty, warnings, error: null },
      };
    },
  },
  force: {
    operand: 'V',
    help: 'set the version and clear dirty; runs nothing',
    flags: COMMON,
    connects: true,
    run: async ({ args, options }) => {
      const version = readVersion(operands(args, 'force', 1), 'force');
      const report = await force({ ...options, version });
      return {
        text: `Version forced successfully: ${report.from ?? 0} to ${report.to ?? 0}`,
        document: runDocument('force', report, null),
      };
    },
  },
  create: {
    operand: 'NAME',
    help: 'make the next pair of empty migration files',
    flags: ['path', 'json', 'help'],
    connects: false,
    run: async ({ args, folder }) => createPair(folder, operands(args, 'create', 1)),
  },
};
