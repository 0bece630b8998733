/** The commands: what each takes, and the one call into the public API that it is. */

import { MigrateError } from '../src/errors.ts';
import { currentVersion, down, force, goto, type Report, redo, status, up, verify } from '../src/index.ts';
import { checksText } from '../src/report/checks.ts';
import { configDocument, configText } from '../src/report/config.ts';
import { runDocument, statusDocument, verifyDocument, versionText } from '../src/report/document.ts';
import { runText, statusText } from '../src/report/human.ts';
import { ADOPT, BASELINE } from './_adopt.ts';
import { build } from './_build.ts';
import { carriedResult } from './_carried.ts';
import { COMMON, type Command, operands } from './_command.ts';
import { targetOf } from './_config.ts';
import { createPair } from './_create.ts';
import { type Arguments, type FlagName, readCount, readVersion, usageError } from './_flags.ts';
import type { Result } from './_result.ts';

const UP: readonly FlagName[] = ['allow-out-of-order', 'accept-changed'];

const ran = (command: string, wanted: 'up' | 'down', report: Report): Result => ({
  text: runText(report, wanted),
  document: runDocument(command, report, null),
});

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

export const COMMANDS: Readonly<Record<string, Command>> = {
  up: {
    operand: '[N]',
    help: 'apply pending migrations: all, the next N, or up to a version',
    flags: [...COMMON, ...UP, 'accept-ahead', 'dry-run', 'num-steps', 'to', 'yes'],
    connects: true,
    run: async ({ args, options }) => {
      const steps = countOf(args, 'up');
      const to = args.text('to') === null ? undefined : readVersion(args.text('to'), 'up');
      const limit = steps === null || steps === 'all' ? {} : { steps };
      return ran('up', 'up', await up({ ...options, ...limit, ...(to === undefined ? {} : { to }) }));
    },
  },
  down: {
    operand: '[N]',
    help: 'revert the last migration, the last N, or all',
    flags: [...COMMON, 'allow-missing-down', 'dry-run', 'num-steps', 'all', 'yes'],
    connects: true,
    run: async ({ args, options, loaded }) => {
      const count = countOf(args, 'down');
      if (loaded.config.requireSteps.value && count === null && !args.has('all')) {
        throw noSteps();
      }
      if (args.has('all') && count !== null && count !== 'all') {
        throw usageError('--all cannot be used with a number of steps', 'down');
      }
      const steps = args.has('all') ? 'all' : (count ?? 1);
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
    flags: [...COMMON, 'embedded'],
    connects: true,
    run: async ({ args, options, carried, warnings }) => {
      operands(args, 'version', 0);
      if (args.has('embedded')) {
        if (carried === null)
          throw usageError('--embedded asks a bundle what is inside; this is none', 'version');
        return carriedResult(carried.about);
      }
      const { version, dirty } = await currentVersion(options);
      return {
        text: `${version ?? 0}${dirty ? ' (dirty)' : ''}`,
        document: { command: 'version', version: versionText(version), dirty, warnings, error: null },
      };
    },
  },
  verify: {
    operand: '',
    help: 'whether `up` would succeed: connection, rights, history, extensions; writes nothing',
    flags: COMMON,
    connects: true,
    run: async ({ args, options, voice, warnings }) => {
      operands(args, 'verify', 0);
      const checks = await verify(options);
      const error = checks.find((c) => c.error !== null)?.error ?? null;
      return { text: checksText(checks, voice), document: verifyDocument(checks, voice, warnings), error };
    },
  },
  force: {
    operand: 'V',
    help: 'set the version and clear dirty; runs nothing',
    flags: COMMON,
    connects: true,
    run: async ({ args, options }) => {
      const version = readVersion(operands(args, 'force', 1), 'force');
      if (options.dryRun === true) throw usageError('DRY_RUN is set, and force has no dry run', 'force');
      const report = await force({ ...options, version });
      return {
        text: `Version forced successfully: ${report.from ?? 0} to ${report.to ?? 0}`,
        document: runDocument('force', report, null),
      };
    },
  },
  adopt: ADOPT,
  baseline: BASELINE,
  config: {
    operand: '',
    help: 'every setting, and where it comes from; passwords are not shown',
    flags: COMMON,
    connects: false,
    run: async ({ args, loaded, carried, warnings }) => {
      operands(args, 'config', 0);
      const shown = { ...loaded, target: targetOf(loaded), isBundle: carried !== null };
      return { text: configText(shown), document: configDocument(shown, warnings) };
    },
  },
  create: {
    operand: 'NAME',
    help: 'make the next pair of empty migration files',
    flags: ['config', 'path', 'json', 'help'],
    connects: false,
    checkout: true,
    run: async ({ args, loaded }) => createPair(loaded.config.path.value, operands(args, 'create', 1)),
  },
  build: {
    operand: '',
    help: 'make one file with the migrations inside, which needs nothing but Node',
    flags: ['config', 'path', 'outfile', 'executable', 'server-version', 'json', 'help'],
    connects: false,
    checkout: true,
    run: async ({ args, loaded, options, warnings }) => {
      operands(args, 'build', 0);
      return build(args, loaded.config.path.value, options, warnings);
    },
  },
};
