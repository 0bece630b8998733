/** `rungs fleet`: what the command line says of targets and order, for the public API. */

import { readFileSync } from 'node:fs';
import { readShard } from '../src/config/shard.ts';
import { quotable } from '../src/config/unquotable.ts';
import { parseDatabaseUrl } from '../src/config/url.ts';
import { MigrateError } from '../src/errors.ts';
import { type FleetEvent, type FleetOptions, fleet, type Shard, type TargetName } from '../src/index.ts';
import { counted } from '../src/report/amounts.ts';
import { failuresOf, fleetDocument, fleetText, progressLine } from '../src/report/fleet.ts';
import { pathOf, pathOption } from '../src/sql/search-path.ts';
import { ask } from './_ask.ts';
import type { Context } from './_command.ts';
import { databaseOf } from './_config.ts';
import { type Arguments, readCount, usageError } from './_flags.ts';
import { hooksFor } from './_hooks.ts';
import type { Result } from './_result.ts';
import { targetsFor } from './_targets.ts';

export async function runFleet(context: Context): Promise<Result> {
  const { args, loaded, carried, options, voice, say, narrate, hide, warnings } = context;
  const { database: _, confirm: __, onEvent: ___, hooks: ____, ...common } = options;
  const database = loaded.config.database === null ? null : databaseOf(loaded);
  const before = [...warnings];
  const report = await fleet({
    ...common,
    ...(database === null ? {} : { database }),
    ...orderFor(args, loaded.env),
    targets: await targetsFor(context, database),
    hooks: ({ name, url, schema }) => {
      hide(parseDatabaseUrl(url, loaded.env).secrets);
      const about = aboutTarget(loaded, url, schema);
      return hooksFor({ loaded: about, carried, say: (line) => say(line, name), emit: () => {} });
    },
    confirm: (targets) => confirmed(context, targets),
    onEvent: narration(say, narrate),
  });
  for (const warning of report.warnings) narrate({ kind: 'warning', warning }, null);
  return {
    text: fleetText(report),
    document: fleetDocument(report, voice, before),
    error: report.error,
    failures: failuresOf(report),
  };
}

function orderFor(args: Arguments, env: Context['loaded']['env']) {
  const atLeastOne = (flag: 'concurrency' | 'max-failures') =>
    readCount(args.text(flag), `--${flag}`, 'fleet', 1);
  const concurrency = atLeastOne('concurrency');
  const most = args.text('max-failures') === 'all' ? Number.POSITIVE_INFINITY : atLeastOne('max-failures');
  const canary = args.text('canary');
  const report = args.text('resume');
  const shard = shardOf(args.text('shard'), env);
  return {
    ...(concurrency === null ? {} : { concurrency }),
    ...(most === null ? {} : { maxFailures: most }),
    ...(canary === null ? {} : { canary: /^\d{1,9}$/.test(canary) ? Number(canary) : canary.split(',') }),
    ...(shard === null ? {} : { shard }),
    ...(report === null ? {} : { resume: readReport(report) }),
    allowEmpty: args.has('allow-empty'),
  };
}

function shardOf(text: string | null, env: Context['loaded']['env']): Shard | null {
  if (text === null) return null;
  const shard = readShard(text, env);
  if ('fault' in shard) throw usageError(`--shard ${quotable(text)}: ${shard.fault}`, 'fleet');
  return shard;
}

/** What an earlier `--json` has written. */
function readReport(path: string): NonNullable<FleetOptions['resume']> {
  const refuse = (why: string) =>
    new MigrateError('CONFIG_INVALID', 'flag', {
      operation: 'read the report to resume',
      message: `${quotable(path)}: ${why}`,
      hint: 'give the file into which `rungs fleet --json` was written, or leave `--resume` out: what is up to date costs little',
    });
  let found: unknown;
  try {
    found = JSON.parse(readFileSync(path, 'utf8'));
  } catch (e) {
    const { code } = e as NodeJS.ErrnoException;
    throw refuse(code === undefined ? 'it is not one JSON document' : `it cannot be read (${code})`);
  }
  const report = found as Partial<NonNullable<FleetOptions['resume']> & { command: string }> | null;
  if (report?.command !== 'fleet' || typeof report.digest !== 'string' || !Array.isArray(report.targets))
    throw refuse('it is not the report of a fleet');
  return { digest: report.digest, targets: report.targets };
}

/** Commands of hooks find the target where those of `up` find the database. */
function aboutTarget(loaded: Context['loaded'], url: string, schema: string | null): Context['loaded'] {
  const { config, env } = loaded;
  const origin = config.database?.origin ?? ({ kind: 'default' } as const);
  const own =
    schema === null
      ? {}
      : {
          RUNGS_SCHEMA: schema,
          PGOPTIONS: `${env.PGOPTIONS ?? ''} ${pathOption(pathOf(schema))}`.trim(),
        };
  return { ...loaded, config: { ...config, database: { value: url, origin } }, env: { ...env, ...own } };
}

const SHOWN = 20;

/** With `confirm: always`: once for all. */
async function confirmed(context: Context, targets: readonly TargetName[]): Promise<boolean> {
  const { args, loaded, options, say } = context;
  if (loaded.config.confirm.value !== 'always' || args.has('yes') || options.dryRun === true) return true;
  const names = targets.slice(0, SHOWN).map(({ name }) => name);
  const more = targets.length > SHOWN ? `, and ${targets.length - SHOWN} more` : '';
  say(`About to migrate ${counted(targets.length, 'target')}: ${names.join(', ')}${more}`);
  const answer = await ask('Continue? (yes/no): ', options.signal ?? new AbortController().signal);
  return answer === 'yes' || answer === 'y';
}

/** A line for each target; of what happens in one, what keeps it waiting or is not as it should be. */
function narration(say: Context['say'], narrate: Context['narrate']): (event: FleetEvent) => void {
  const told = new Set<string>();
  return (event) => {
    if (event.kind === 'ended') say(progressLine(event));
    if (event.kind !== 'event') return;
    const { kind } = event.event;
    if (kind === 'started' || kind === 'finished' || kind === 'statement') return;
    if (event.event.kind === 'warning') {
      // Most are of the files, and so of every target: they are told once, and are in each one's report.
      const { message, file } = event.event.warning;
      if (told.has(`${file} ${message}`)) return;
      told.add(`${file} ${message}`);
    }
    narrate(event.event, event.target.name);
  };
}
