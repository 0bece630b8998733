/** The frame of every call: arguments, environment, signals, printing, exit code. */

import { nearest } from '../src/config/nearest.ts';
import { quotable, unquotable } from '../src/config/unquotable.ts';
import { MigrateError } from '../src/errors.ts';
import type { Event, Warning } from '../src/event.ts';
import { type RunOptions, version } from '../src/index.ts';
import { REASONS } from '../src/reasons.ts';
import { errorDocument, failedDocument, runDocument } from '../src/report/document.ts';
import { printable, type Voice } from '../src/report/error-text.ts';
import type { Carried } from './_carried.ts';
import type { Command } from './_command.ts';
import { COMMANDS } from './_commands.ts';
import { databaseOf, loadConfig, optionsOf, secretsOf, targetOf } from './_config.ts';
import { confirm, refuseUnasked } from './_confirm.ts';
import { type Arguments, parseFlags, usageError } from './_flags.ts';
import { commandHelp, generalHelp } from './_help.ts';
import { hooksFor } from './_hooks.ts';
import { initialManner, isDebug, Narrator } from './_narrate.ts';

/**
 * Runs one command line and returns the exit code. Prints; never throws. `carried`: in a bundle, what it runs instead
 * of a folder.
 */
export async function main(argv: readonly string[], carried: Carried | null = null): Promise<number> {
  const [verb, ...rest] = withoutAlias(argv);
  // The Taskfile says so; then hints are targets, else commands.
  const voice: Voice = carried?.program ?? (process.env.RUNGS_VOICE === 'task' ? 'task' : 'rungs');
  if (verb === undefined || verb === '--help' || verb === '-h' || verb === 'help') {
    console.log(generalHelp(carried));
    return verb === undefined ? 1 : 0;
  }
  if (verb === '--version') {
    console.log(version);
    return 0;
  }
  const json = isJson(argv);
  const warnings: Warning[] = [];
  const narrator = new Narrator(voice, initialManner(process.env));
  const stop = stopOnSignals(narrator);
  try {
    const command = Object.hasOwn(COMMANDS, verb) ? COMMANDS[verb] : undefined;
    if (command === undefined) throw unknownCommand(verb);
    if (carried !== null && command.checkout === true) throw noCheckout(verb);
    const args = parseFlags(rest, verb, command.flags);
    if (args.has('help')) {
      console.log(commandHelp(verb, command, carried));
      return 0;
    }
    const call = { verb, command, args, carried, voice, narrator, warnings, signal: stop.signal };
    const exitCode = await perform(call);
    return exitCode === 0 ? 0 : (stop.exitCode() ?? exitCode);
  } catch (e) {
    const error = e instanceof MigrateError ? e : internal(e);
    const isError = report(error, { verb, json, voice, narrator, warnings });
    return isError ? (stop.exitCode() ?? error.exitCode) : 0;
  } finally {
    stop.dispose();
  }
}

/** `migrate up`, a bare `migrate` and `run` are how ToolHive's, HoloMUSH's and FluxStudio's users know it. */
function withoutAlias([first, ...rest]: readonly string[]): readonly string[] {
  // FluxStudio's.
  if (first === 'run') return ['up', ...rest];
  const [second = 'up'] = rest;
  if (first !== 'migrate') return first === undefined ? [] : [first, ...rest];
  return second.startsWith('-') && second !== '--help' && second !== '-h'
    ? ['up', ...rest]
    : [second, ...rest.slice(1)];
}

/** Asked of the words themselves, since it must be known also where they cannot be understood. */
const isJson = (argv: readonly string[]): boolean =>
  argv.slice(0, argv.includes('--') ? argv.indexOf('--') : argv.length).includes('--json');

interface Call {
  readonly verb: string;
  readonly command: Command;
  readonly args: Arguments;
  readonly carried: Carried | null;
  readonly voice: Voice;
  readonly narrator: Narrator;
  /** Filled as they are heard. */
  readonly warnings: Warning[];
  readonly signal: AbortSignal;
}

async function perform({
  verb,
  command,
  args,
  carried,
  voice,
  narrator,
  warnings,
  signal,
}: Call): Promise<number> {
  if (carried !== null && args.text('path') !== null) {
    throw usageError('--path: a bundle runs the migrations inside it and no others', verb);
  }
  const loaded = await loadConfig(args);
  const { config, env } = loaded;
  narrator.manner = { format: config.logFormat.value, debug: isDebug(env), secrets: secretsOf(loaded) };
  const onEvent = (event: Event): void => {
    if (event.kind === 'warning') warnings.push(event.warning);
    narrator.event(event);
  };
  for (const warning of loaded.warnings) onEvent({ kind: 'warning', warning });
  const asking = {
    when: config.confirm.value,
    isYes: args.has('yes'),
    isTerminal: process.stdin.isTTY === true,
    target: targetOf(loaded),
    say: (text: string, target?: string) => narrator.say(text, target),
    ask: async (question: string) => (await import('./_ask.ts')).ask(question, signal),
  };
  const dryRun = args.has('dry-run') || config.dryRun.value;
  const say = asking.say;
  // Those that migrate have both.
  const asks = command.flags.includes('dry-run') && command.flags.includes('yes') && command.shows !== true;
  if (asks && !dryRun) refuseUnasked(asking);
  const options: RunOptions = {
    ...optionsOf(loaded),
    database: command.connects && !args.has('embedded') ? databaseOf(loaded) : '',
    ...(carried === null ? {} : { migrations: carried.migrations() }),
    hooks: hooksFor({ loaded, carried, say, emit: onEvent }),
    signal,
    onEvent,
    confirm: async (steps, database) => {
      const answer = await confirm(asking, steps, database);
      const reverts = steps.some((s) => s.direction === 'down');
      if (answer === 'no' || !reverts || !config.backupBeforeDown.value) return answer;
      await (await import('./_backup.ts')).backUpFirst({ args, options, loaded, say }, verb);
      // What is in the backup is what may be reverted, and nothing that came in meanwhile.
      return 'yes';
    },
    dryRun,
    allowOutOfOrder: args.has('allow-out-of-order'),
    acceptChanged: args.has('accept-changed'),
    acceptAhead: args.has('accept-ahead'),
    allowMissingDown: args.has('allow-missing-down') || config.allowMissingDown.value,
  };
  const narrate = (event: Event, target: string | null) => narrator.event(event, target);
  const hide = (secrets: readonly string[]) => {
    const { manner } = narrator;
    const more = secrets.filter((secret) => !manner.secrets.includes(secret));
    if (more.length > 0) narrator.manner = { ...manner, secrets: [...manner.secrets, ...more] };
  };
  const result = await command.run({ args, options, loaded, carried, voice, warnings, say, narrate, hide });
  console.log(args.has('json') ? JSON.stringify(result.document, null, 2) : printable(result.text));
  for (const { error, targets } of result.failures ?? []) narrator.error(error, targets);
  return result.error == null ? 0 : result.error.exitCode;
}

interface Ended extends Pick<Call, 'verb' | 'voice' | 'narrator' | 'warnings'> {
  readonly json: boolean;
}

/** Prints the error; false where it is none: an answer of no is an answer. */
function report(error: MigrateError, { verb, json, voice, narrator, warnings }: Ended): boolean {
  const declined = error.reason === 'declined';
  if (declined) narrator.say(`Cancelled: ${error.message}`);
  else narrator.error(error);
  if (json) {
    const shown = errorDocument(error, voice);
    const document =
      error.report === null
        ? failedDocument(unquotable(verb) === null ? verb : '', shown, warnings)
        : runDocument(verb, { ...error.report, warnings }, declined ? null : shown);
    console.log(JSON.stringify(document, null, 2));
  }
  return !declined;
}

const internal = (e: unknown): MigrateError =>
  new MigrateError('MIGRATION_INIT_FAILED', 'internal', {
    operation: 'run the command',
    message: e instanceof Error ? (e.stack ?? e.message) : String(e),
    hint: REASONS.internal.next,
  });

function unknownCommand(verb: string): MigrateError {
  const known = Object.keys(COMMANDS).join(', ');
  const meant = nearest(verb, Object.keys(COMMANDS));
  const there = meant === null ? `there are: ${known}` : `did you mean ${meant}?`;
  const message = verb.startsWith('-')
    ? 'flags come after the command'
    : `unknown command ${quotable(verb)}; ${there}`;
  return new MigrateError('CONFIG_INVALID', 'flag', { operation: 'read the command', message });
}

const noCheckout = (verb: string): MigrateError =>
  new MigrateError('CONFIG_INVALID', 'flag', {
    operation: 'read the command',
    message: `${verb} needs a checkout of the project: a bundle only runs the migrations inside it`,
    hint: `run \`npx rungs ${verb}\` in the project`,
  });

const EXIT: Readonly<Record<string, number>> = { SIGINT: 130, SIGTERM: 143 };

/** The first signal cancels and lets the run end properly; a second one of the same kind does not wait. */
function stopOnSignals(narrator: Narrator) {
  const controller = new AbortController();
  let received: string | null = null;
  const hear = (name: NodeJS.Signals) => {
    if (received !== null) process.exit(EXIT[name] ?? 1);
    received = name;
    narrator.say(`${name}: stopping, and rolling back what is running; once more ends without waiting`);
    controller.abort();
  };
  process.on('SIGINT', hear);
  process.on('SIGTERM', hear);
  return {
    signal: controller.signal,
    exitCode: () => (received === null ? null : (EXIT[received] ?? 1)),
    dispose: () => {
      process.off('SIGINT', hear);
      process.off('SIGTERM', hear);
    },
  };
}
