/** The frame of every call: arguments, environment, signals, printing, exit code. */

import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { MigrateError, REASONS } from '../src/errors.ts';
import type { Event, Warning } from '../src/event.ts';
import { type Confirmed, type RunOptions, type Step, version } from '../src/index.ts';
import { failedDocument, runDocument } from '../src/report/document.ts';
import { errorText, inVoice, type Voice } from '../src/report/error-text.ts';
import { eventLine } from '../src/report/human.ts';
import { ask } from './_ask.ts';
import { COMMANDS, type Command } from './_commands.ts';
import { type Arguments, parseFlags, readDuration, usageError } from './_flags.ts';
import { commandHelp, generalHelp } from './_help.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** Runs one command line and returns the exit code. Prints; never throws. */
export async function main(argv: readonly string[]): Promise<number> {
  const [verb, ...rest] = argv;
  // The Taskfile says so; then hints are targets, else commands.
  const voice: Voice = process.env.RUNGS_VOICE === 'task' ? 'task' : 'rungs';
  if (verb === undefined || verb === '--help' || verb === '-h' || verb === 'help') {
    console.log(generalHelp());
    return verb === undefined ? 1 : 0;
  }
  if (verb === '--version') {
    console.log(version);
    return 0;
  }
  const json = rest.includes('--json');
  const stop = stopOnSignals();
  try {
    const command = Object.hasOwn(COMMANDS, verb) ? COMMANDS[verb] : undefined;
    if (command === undefined) throw unknownCommand(verb);
    const args = parseFlags(rest, verb, command.flags);
    if (args.has('help')) {
      console.log(commandHelp(verb, command));
      return 0;
    }
    await perform(command, args, voice, stop.signal);
    return 0;
  } catch (e) {
    return report(e, verb, json, voice) ? (stop.exitCode() ?? exitCodeOf(e)) : 0;
  } finally {
    stop.dispose();
  }
}

async function perform(command: Command, args: Arguments, voice: Voice, signal: AbortSignal): Promise<void> {
  const env = { ...dotEnv(), ...process.env };
  const json = args.has('json');
  const folder = args.text('path') ?? 'migrations';
  const warnings: Warning[] = [];
  const lockTimeoutMs = command.connects ? readDuration(args.text('lock-timeout'), 'the lock') : null;
  const options: RunOptions = {
    database: command.connects ? databaseUrl(args, env) : '',
    migrations: folder,
    signal,
    env,
    onEvent: (event: Event) => {
      if (event.kind === 'warning') warnings.push(event.warning);
      const line = eventLine(event);
      if (line !== null) console.error(inVoice(line, voice));
    },
    confirm: (steps, database) => confirm(steps, database, args.has('yes')),
    dryRun: args.has('dry-run'),
    allowOutOfOrder: args.has('allow-out-of-order'),
    acceptChanged: args.has('accept-changed'),
    allowMissingDown: args.has('allow-missing-down'),
    ...(lockTimeoutMs === null ? {} : { lockTimeoutMs }),
  };
  const result = await command.run({ args, options, folder, voice, warnings });
  console.log(json ? JSON.stringify(result.document, null, 2) : result.text);
}

function databaseUrl(args: Arguments, env: Env): string {
  const url = args.text('database') ?? env.DATABASE_URL;
  if (url !== undefined && url !== '') return url;
  throw new MigrateError('CONFIG_INVALID', 'unset', {
    operation: 'read the configuration',
    message: 'DATABASE_URL environment variable is required',
  });
}

/** Task forbids `dotenv` in included Taskfiles, so the scripts read it. What the environment says wins. */
function dotEnv(): Env {
  try {
    return parseEnv(readFileSync('.env', 'utf8')) as Env;
  } catch {
    return {};
  }
}

/** Only reverting asks: on a terminal always, off it only when more than one migration would go. */
async function confirm(steps: readonly Step[], database: string, yes: boolean): Promise<Confirmed> {
  const downs = steps.filter((s) => s.direction === 'down');
  if (yes || downs.length === 0) return 'unasked';
  if (process.stdin.isTTY !== true) {
    if (downs.length === 1) return 'unasked';
    throw new MigrateError('CONFIG_INVALID', 'confirmation', {
      operation: 'ask before reverting',
      message: `${downs.length} migrations would be reverted, and there is no terminal to ask on`,
    });
  }
  console.error(
    `This reverts ${downs.length === 1 ? 'one migration' : `${downs.length} migrations`} on ${database}:`,
  );
  for (const { migration } of downs) console.error(`  ${migration.id} ${migration.name}`);
  const answer = (await ask('Continue? (yes/no): ')).trim().toLowerCase();
  return answer === 'yes' || answer === 'y' ? 'yes' : 'no';
}

/** Prints the error; false where it is none: an answer of no is an answer. */
function report(e: unknown, verb: string, json: boolean, voice: Voice): boolean {
  const error = e instanceof MigrateError ? e : internal(e);
  const declined = error.reason === 'declined';
  console.error(declined ? `Cancelled: ${error.message}` : errorText(error, error.report, voice));
  if (json) {
    const shown = declined ? null : error;
    const document =
      error.report === null ? failedDocument(verb, error) : runDocument(verb, error.report, shown);
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

const exitCodeOf = (e: unknown): number => (e instanceof MigrateError ? e.exitCode : 70);

function unknownCommand(verb: string): MigrateError {
  const known = Object.keys(COMMANDS).join(', ');
  return usageError(`unknown command "${verb}"; there are: ${known}`, '');
}

const EXIT: Readonly<Record<string, number>> = { SIGINT: 130, SIGTERM: 143 };

/** The first signal cancels and lets the run end properly; a second one of the same kind does not wait. */
function stopOnSignals() {
  const controller = new AbortController();
  let received: string | null = null;
  const hear = (name: NodeJS.Signals) => {
    if (received !== null) process.exit(EXIT[name] ?? 1);
    received = name;
    console.error(
      `${name}: cancelling the running statement and rolling back; once more ends without waiting`,
    );
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
