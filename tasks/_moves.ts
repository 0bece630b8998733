/** The commands that move a database, and the words about what they did. */

import { MigrateError } from '../src/errors.ts';
import { down, force, goto, type Report, redo, rollback, up, type Warning } from '../src/index.ts';
import { runDocument } from '../src/report/document.ts';
import { runText } from '../src/report/human.ts';
import { COMMON, type Command, operands } from './_command.ts';
import { type Arguments, type FlagName, readCount, readVersion, usageError } from './_flags.ts';
import type { Result } from './_result.ts';

const UP: readonly FlagName[] = ['allow-out-of-order', 'accept-changed'];

/** `warnings`: also those from before the run, which its report does not have. */
const ran = (
  command: string,
  wanted: 'up' | 'down',
  report: Report,
  warnings: readonly Warning[],
): Result => ({
  text: runText(report, wanted),
  document: runDocument(command, { ...report, warnings }, null),
});

/** In FluxStudio's words. */
const rolledBack = (name: string): string => `Rollback complete: ${name}
Note: Database changes are NOT automatically reversed.
You may need to manually reverse the migration SQL.`;

/** In ToolHive's words. */
const noSteps = (): MigrateError =>
  new MigrateError('CONFIG_INVALID', 'flag', {
    operation: 'read the arguments of down',
    message: '--num-steps flag is required for down migrations (safety measure)',
    hint: 'add `--num-steps N`; 0 reverts all',
  });

/** `--num-steps N`, where 0 is all (ToolHive), or just `N`, where 0 is none (golang-migrate); not both. */
function countOf(args: Arguments, verb: string): number | 'all' | null {
  const flag = readCount(args.text('num-steps'), '--num-steps', verb);
  const word = readCount(operands(args, verb, flag === null ? 1 : 0), 'N', verb);
  return flag === 0 ? 'all' : (flag ?? word);
}

export const MOVES: Readonly<Record<string, Command>> = {
  up: {
    operand: '[N]',
    help: 'apply pending migrations: all, the next N, or up to a version',
    flags: [...COMMON, ...UP, 'accept-ahead', 'dry-run', 'num-steps', 'to', 'yes'],
    connects: true,
    run: async ({ args, options, warnings }) => {
      const steps = countOf(args, 'up');
      const to = args.text('to') === null ? undefined : readVersion(args.text('to'), 'up');
      const limit = steps === null || steps === 'all' ? {} : { steps };
      return ran(
        'up',
        'up',
        await up({ ...options, ...limit, ...(to === undefined ? {} : { to }) }),
        warnings,
      );
    },
  },
  down: {
    operand: '[N]',
    help: 'revert the last migration, the last N, or all',
    flags: [...COMMON, 'allow-missing-down', 'dry-run', 'num-steps', 'all', 'yes'],
    connects: true,
    run: async ({ args, options, loaded, warnings }) => {
      const count = countOf(args, 'down');
      if (loaded.config.requireSteps.value && count === null && !args.has('all')) {
        throw noSteps();
      }
      if (args.has('all') && count !== null && count !== 'all') {
        throw usageError('--all cannot be used with a number of steps', 'down');
      }
      const steps = args.has('all') ? 'all' : (count ?? 1);
      return ran('down', 'down', await down({ ...options, steps }), warnings);
    },
  },
  goto: {
    operand: 'V',
    help: 'apply or revert until version V is the newest applied',
    flags: [...COMMON, ...UP, 'allow-missing-down', 'dry-run', 'yes'],
    connects: true,
    run: async ({ args, options, warnings }) => {
      const to = readVersion(operands(args, 'goto', 1), 'goto');
      return ran('goto', 'up', await goto({ ...options, to }), warnings);
    },
  },
  redo: {
    operand: '',
    help: 'revert the last migration and apply it again',
    flags: [...COMMON, 'allow-missing-down', 'dry-run', 'yes'],
    connects: true,
    run: async ({ args, options, warnings }) => {
      operands(args, 'redo', 0);
      return ran('redo', 'down', await redo(options), warnings);
    },
  },
  force: {
    operand: 'V',
    help: 'set the version and clear dirty; runs nothing',
    flags: COMMON,
    connects: true,
    run: async ({ args, options, warnings }) => {
      const version = readVersion(operands(args, 'force', 1), 'force');
      if (options.dryRun === true) throw usageError('DRY_RUN is set, and force has no dry run', 'force');
      const report = await force({ ...options, version });
      return {
        text: `Version forced successfully: ${report.from ?? 0} to ${report.to ?? 0}`,
        document: runDocument('force', { ...report, warnings }, null),
      };
    },
  },
  rollback: {
    operand: '',
    help: 'forget the last record of files without a way down (layout `named`); reverses nothing',
    flags: COMMON,
    connects: true,
    run: async ({ args, options, warnings }) => {
      operands(args, 'rollback', 0);
      if (options.dryRun === true)
        throw usageError('DRY_RUN is set, and rollback has no dry run', 'rollback');
      const forgotten = await rollback(options);
      return {
        text: forgotten === null ? 'No migrations to rollback' : rolledBack(forgotten),
        document: { command: 'rollback', forgotten, warnings, error: null },
      };
    },
  },
};
