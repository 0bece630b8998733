/** The commands: what each takes, and the one call into the public API that it is. */

import { currentVersion, status, verify } from '../src/index.ts';
import { checksText } from '../src/report/checks.ts';
import { configDocument, configText } from '../src/report/config.ts';
import { statusDocument, verifyDocument, versionText } from '../src/report/document.ts';
import { statusText } from '../src/report/human.ts';
import { ADOPT, BASELINE } from './_adopt.ts';
import { build } from './_build.ts';
import { carriedResult } from './_carried.ts';
import { COMMON, type Command, operands } from './_command.ts';
import { targetFault, targetOf } from './_config.ts';
import { create } from './_create.ts';
import { type FlagName, usageError } from './_flags.ts';
import { MOVES, UP } from './_moves.ts';

const DUMP: readonly FlagName[] = ['config', 'database', 'role', 'schema-only', 'data-only'];

const FLEET: readonly FlagName[] = [
  'concurrency',
  'canary',
  'max-failures',
  'shard',
  'resume',
  'allow-empty',
];

export const COMMANDS: Readonly<Record<string, Command>> = {
  ...MOVES,
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
  fleet: {
    operand: '',
    help: 'apply pending migrations to many databases or schemas: the `targets` of rungs.yaml',
    flags: [...COMMON, ...UP, 'accept-ahead', 'dry-run', ...FLEET, 'yes'],
    connects: false,
    run: async (context) => {
      operands(context.args, 'fleet', 0);
      // Behind an import: a start of `up` does not pay for it.
      return (await import('./_fleet.ts')).runFleet(context);
    },
  },
  adopt: ADOPT,
  baseline: BASELINE,
  config: {
    operand: '',
    help: 'every setting, and where it comes from; passwords are not shown',
    flags: COMMON,
    connects: false,
    run: async ({ args, options, loaded, carried, warnings }) => {
      operands(args, 'config', 0);
      const fault = targetFault(loaded);
      if (fault !== null) options.onEvent?.({ kind: 'warning', warning: fault });
      const shown = { ...loaded, target: targetOf(loaded), isBundle: carried !== null };
      return { text: configText(shown), document: configDocument(shown, warnings) };
    },
  },
  backup: {
    operand: '',
    help: 'back up the database with pg_dump, into a file with the time in its name',
    flags: [...DUMP, 'output', 'json', 'help'],
    connects: true,
    run: async (context) => {
      operands(context.args, 'backup', 0);
      // Behind an import: a start of `up` does not pay for it.
      return (await import('./_backup.ts')).backup(context);
    },
  },
  restore: {
    operand: 'FILE',
    help: 'restore a backup with pg_restore, all of it or nothing; into an empty database',
    flags: [...DUMP, 'yes', 'json', 'help'],
    connects: true,
    run: async (context) => {
      const file = operands(context.args, 'restore', 1);
      return (await import('./_backup.ts')).restoreFile(file, context);
    },
  },
  create: {
    operand: 'NAME',
    help: 'make the next empty migration files, an up and a down; or of a script, the first two',
    flags: ['config', 'database', 'role', 'path', 'repeatable', 'from-script', 'yes', 'json', 'help'],
    connects: false,
    checkout: true,
    run: async (context) => {
      const { args, loaded, options } = context;
      const script = args.text('from-script');
      const name = operands(args, 'create', script === null ? 1 : 0);
      const again = args.has('repeatable');
      if (script === null) return create(loaded.config.path.value, name, options.layout ?? null, again);
      if (again) throw usageError('--repeatable and --from-script cannot be used together', 'create');
      // Behind an import: it brings the parser, which a bundle does not have.
      return (await import('./_from-script.ts')).createFromScript(script, context);
    },
  },
  build: {
    operand: '',
    help: 'make one file with the migrations inside, which needs nothing but Node',
    flags: ['config', 'path', 'outfile', 'executable', 'server-version', 'json', 'help'],
    connects: false,
    checkout: true,
    run: async ({ args, loaded, options, warnings }) => {
      operands(args, 'build', 0);
      return build(args, loaded, options, warnings);
    },
  },
};
