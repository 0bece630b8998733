/** `fleet`: which targets there are, in which order and part, and one engine for all of them. */

import { isIn } from './config/shard.ts';
import { type PlacedTarget, type Target, targetsOf } from './config/target.ts';
import { digestOf } from './digest.ts';
import { MigrateError } from './errors.ts';
import { type Emit, type Warning, warning } from './event.ts';
import { queriedTargets } from './fleet-query.ts';
import type { FleetReport, TargetReport } from './fleet-report.ts';
import { type Fleet, runFleet } from './fleet-run.ts';
import { readHooks } from './hook-files.ts';
import type { Job } from './job.ts';
import type { MigrationFile, Migrations } from './migration.ts';
import type { FleetOptions, RunOptions } from './options.ts';
import { placeholdersOf } from './sql/placeholders.ts';
import { NOWHERE, resetsPath } from './sql/search-path.ts';

/** Of api.ts, which is above. */
export interface Means {
  readonly sourceOf: (
    options: Pick<RunOptions, 'migrations' | 'layout' | 'placeholders'>,
  ) => Promise<Migrations>;
  readonly jobFor: (command: string, options: RunOptions, searchPath?: string | null) => Job;
  /** Milliseconds on any steady clock. */
  readonly now: () => number;
}

type Options = FleetOptions & { readonly env: NonNullable<FleetOptions['env']> };

export async function fleetOf(options: Options, means: Means): Promise<FleetReport> {
  const { concurrency = 8, maxFailures = 1, canary = 1, shard = null, signal, dryRun = false } = options;
  // What is wrong with the files is wrong for all.
  const source = await means.sourceOf(options);
  const all = targetsOf(await givenTargets(options, means), {
    base: options.database ?? null,
    env: options.env,
    table: options.table ?? {},
  });
  if (all.length === 0 && options.allowEmpty !== true) throw noTargets();
  const canaries = new Set(canariesOf(all, canary));
  const mine = shard === null ? all : all.filter((target) => isIn(shard, target));
  const digest = digestOf(source);
  const warnings: Warning[] = [];
  const done = doneBefore(options, mine, digest, warnings);
  const asked = mine.filter((target) => !done.has(target)).map(({ name, id }) => ({ name, id }));
  if (asked.length > 0 && (await options.confirm?.(asked)) === false) throw declined();
  const targets = await runFleet({
    goal: { kind: 'up', steps: null, to: null },
    targets: mine,
    canaries: typeof canary === 'number' ? new Set(mine.slice(0, canary)) : canaries,
    done,
    concurrency,
    maxFailures,
    ...doorsFor(options, means, source, mine),
    emit: options.onEvent ?? (() => {}),
    signal,
    now: means.now,
  });
  return { dryRun, digest, shard, of: all.length, targets, warnings, error: errorOf(targets, signal) };
}

async function givenTargets(options: Options, means: Means): Promise<readonly PlacedTarget[]> {
  const { targets } = options;
  if (!('query' in targets)) {
    return targets.map((given, i): PlacedTarget => {
      const { where = `targets[${i}]`, ...target } = typeof given === 'string' ? { url: given } : given;
      return { ...target, where };
    });
  }
  const { database } = options;
  if (database === undefined)
    throw new MigrateError('CONFIG_INVALID', 'targets', {
      operation: 'read the targets',
      message: 'there is a query for them, and no database that it could be asked of',
      hint: 'set DATABASE_URL, or what `database` comes from',
    });
  const { hooks: _, onEvent: __, confirm: ___, ...rest } = options;
  const { door } = means.jobFor('fleet', { ...rest, database });
  const { query, location = null } = targets;
  return queriedTargets(door.open, { query, location, signal: options.signal });
}

const noTargets = (): MigrateError =>
  new MigrateError('CONFIG_INVALID', 'no_targets', {
    operation: 'read the targets',
    message: 'there are none: nothing would be migrated',
  });

const declined = (): MigrateError =>
  new MigrateError('MIGRATION_UP_FAILED', 'declined', {
    operation: 'confirm the run',
    message: 'the answer was no; nothing was changed',
  });

/** Named ones must be there, be it in another shard. */
function canariesOf(all: readonly Target[], canary: number | readonly string[]): readonly Target[] {
  if (typeof canary === 'number') return [];
  const missing = canary.filter((name) => !all.some((t) => t.name === name));
  if (missing.length === 0) return all.filter((t) => canary.includes(t.name));
  throw new MigrateError('CONFIG_INVALID', 'targets', {
    operation: 'read the targets',
    message: `no target is called ${missing.map((name) => JSON.stringify(name)).join(' or ')}, to be a canary`,
  });
}

function doneBefore({ resume }: Options, targets: readonly Target[], digest: string, warnings: Warning[]) {
  if (resume === undefined) return new Set<Target>();
  if (resume.digest !== digest) {
    const message = 'the report is of other migration files: all targets are looked at';
    warnings.push(warning('other_report', message));
    return new Set<Target>();
  }
  const isDone = new Set(
    resume.targets
      .filter(({ state }) => state === 'migrated' || state === 'up-to-date' || state === 'done-before')
      .map(({ id }) => id),
  );
  return new Set(targets.filter(({ id }) => isDone.has(id)));
}

/** Every target has a job of its own, and all have one source, whose files the grammar reads once. */
function doorsFor(
  options: Options,
  { jobFor }: Means,
  source: Migrations,
  targets: readonly Target[],
): Pick<Fleet, 'jobFor' | 'sharedDoor'> {
  const { hooks = {}, onEvent: _, confirm: __, ...common } = options;
  const files = new Map<string, MigrationFile>();
  const sizes = new Map<string, number>();
  for (const { group } of targets) if (group !== null) sizes.set(group, (sizes.get(group) ?? 0) + 1);
  const all = [...source.migrations, ...source.repeatable];
  const isShareable =
    options.lockStrategy !== 'transaction' && !all.some(({ up }) => resetsPath(up?.text ?? ''));
  const optionsFor = ({ url }: Target): RunOptions => ({ ...common, database: url });
  return {
    jobFor: (target, emit) => {
      const { name, url, schema, path } = target;
      return {
        ...jobFor('fleet', { ...optionsFor(target), onEvent: emit }, path),
        source: async () => source,
        hooks: async () => {
          const given = typeof hooks === 'function' ? await hooks({ name, url, schema }) : hooks;
          return readHooks(given, placeholdersOf(options.placeholders), files);
        },
      };
    },
    sharedDoor: (target, emit) => {
      const { group } = target;
      if (!isShareable || group === null || sizes.get(group) === 1) return null;
      // What is to be said of the URL, the target's own door has said.
      const onEvent: Emit = (event) => event.kind === 'warning' || emit(event);
      return jobFor('fleet', { ...optionsFor(target), onEvent }, NOWHERE).door;
    },
  };
}

function errorOf(targets: readonly TargetReport[], signal: AbortSignal | undefined): MigrateError | null {
  const failed = targets.find((t) => t.error !== null)?.error ?? null;
  const left = targets.filter((t) => t.state === 'not-begun').length;
  if (failed !== null || left === 0 || signal?.aborted !== true) return failed;
  return new MigrateError('MIGRATION_UP_FAILED', 'cancelled', {
    operation: 'migrate the targets',
    message: `cancelled; ${left} were not begun`,
  });
}
