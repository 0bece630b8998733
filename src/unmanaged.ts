/** `baseline`: a database that no tool managed. Its migrations count as applied, if what they create is there. */

import type { Baseline } from './adopt/adoption.ts';
import { candidates, decode, type Found, recognise } from './adopt/recognise.ts';
import { managed, refuseLayout } from './adopt/refusal.ts';
import { write } from './adopt/write.ts';
import { lockIds } from './config/lock-id.ts';
import { MigrateError } from './errors.ts';
import { warn } from './event.ts';
import type { Job } from './job.ts';
import { look, readRecorded, type Sight } from './look.ts';
import type { Migration, MigrationFile } from './migration.ts';
import { withLocks } from './pg/lock.ts';
import type { Session } from './pg/session.ts';
import { problemsError } from './problems.ts';
import type { Recorded } from './recorded.ts';
import { refused } from './refused.ts';
import { missing } from './sql/catalog.ts';
import { spotIn } from './sql/cuts.ts';
import { qualified } from './sql/quote.ts';
import type { Stand, Standing } from './sql/standing.ts';

const CODE = 'MIGRATION_INIT_FAILED';
const LOOK = 'look for what the migrations create';

export async function baselineAt(version: bigint, job: Job): Promise<Baseline> {
  const source = await job.source();
  refuseLayout(source, 'baseline');
  const { migrations, origin, layout } = source;
  const upTo = migrations.filter((m) => m.version <= version);
  if (upTo.at(-1)?.version !== version) {
    const message = `no file in ${origin} has version ${version}`;
    throw new MigrateError(CODE, 'not_found', { operation: 'find the version', message });
  }
  const stand = await standingOf(upTo);
  const session = await job.door.open(layout);
  try {
    const { sight } = await refused(view(session, job, stand), CODE, LOOK);
    const { place } = sight;
    for (const { tool, schema, table } of await refused(others(session, job), CODE, LOOK)) {
      const message = `${tool.title} has recorded what it applied in ${schema}.${table}: \`task migrate:adopt\` goes by that`;
      warn(job.emit, 'other_tool', message);
    }
    if (stand.objects.length === 0) {
      warn(job.emit, 'nothing_to_look_for', 'the files create nothing that could be looked for');
    }
    const refs = upTo.map(({ id, version: v, name }) => ({ id, version: v, name }));
    const done = { version, ledger: place, migrations: refs, objects: stand.objects.length };
    if (job.dryRun) return { ...done, written: false };
    await refused(underLock(session, job, upTo, stand, sight), CODE, `set version ${version}`);
    return { ...done, written: true };
  } finally {
    await session.close().catch(() => {});
  }
}

async function underLock(
  session: Session,
  job: Job,
  upTo: readonly Migration[],
  stand: Stand,
  { place, identity }: Sight,
): Promise<void> {
  const ids = lockIds({ ...place, database: identity.database, urlPath: job.door.urlPath });
  const wait = { ...job, code: CODE, timeoutMs: job.lockTimeoutMs } as const;
  await withLocks(session, ids, wait, async () => {
    const { recorded } = await view(session, job, stand);
    const unknown = { appliedAt: null, executionTimeMs: null, appliedBy: null };
    const rows = upTo.map((migration) => ({ migration, ...unknown }));
    const head = upTo.at(-1)?.version ?? null;
    await session.transact(write(place, recorded, rows, head, { tool: 'baseline', run: job.newId() }));
  });
}

/** Throws where the database is managed, or lacks anything. */
async function view(
  session: Session,
  job: Job,
  stand: Stand,
): Promise<{ readonly sight: Sight; readonly recorded: Recorded }> {
  const sight = await look(session, job.door.table, 'pairs');
  const recorded = await readRecorded(session, sight);
  if (recorded.head.version !== null || recorded.head.dirty) throw managed(sight.place, recorded.head);
  const text = missing(stand.objects);
  const lost = text === null ? [] : ((await session.query(text)).sets[0] ?? []);
  refuseLost(
    lost.flatMap((row) => stand.objects[Number(row.i)] ?? []),
    stand,
  );
  return { sight, recorded };
}

async function standingOf(upTo: readonly Migration[]): Promise<Stand> {
  const { standingAfter } = await import('./sql/analysis.ts');
  const files = upTo.flatMap((m) => m.up ?? []);
  const stand = await standingAfter(files);
  if (stand !== null) {
    refuseFaults(stand, files);
    return stand;
  }
  throw new MigrateError('MIGRATION_SOURCE_FAILED', 'no_parser', {
    operation: LOOK,
    message: 'this program was bundled without the SQL parser, which baseline needs',
    hint: 'run `rungs baseline` in a checkout of the project',
  });
}

/** Also where another major version's server might accept it: what such a file creates is not known. */
function refuseFaults({ faults }: Stand, files: readonly MigrationFile[]): void {
  if (faults.length === 0) return;
  throw problemsError(faults, new Map(files.map((f) => [f.path, f])));
}

function refuseLost(lost: readonly Standing[], { objects }: Stand): void {
  const [first] = lost;
  if (first === undefined) return;
  const { line, column, excerpt } = spotIn(first.file, first.start);
  throw new MigrateError(CODE, 'objects_missing', {
    operation: LOOK,
    message: `${lost.length} of ${objects.length} ${objects.length === 1 ? 'object is' : 'objects are'} not in the database; nothing was written`,
    details: lost.map((o) => `${o.file.path}:${spotIn(o.file, o.start).line}: ${o.kind} ${shown(o)}`),
    location: { file: first.file.path, line, column },
    excerpt,
  });
}

const shown = ({ schema, name, on, family }: Standing): string => {
  const own = qualified(schema ?? undefined, name).replaceAll('"', '');
  return on === null || family === 'relation'
    ? own
    : `${name} on ${qualified(schema ?? undefined, on).replaceAll('"', '')}`;
};

/** Tables of tools that did manage it. */
async function others(session: Session, { door }: Job): Promise<readonly Found[]> {
  const anything = { tool: null, table: null };
  const reply = await session.query(candidates(door.table, anything));
  return recognise(decode(reply.sets[0] ?? []), anything);
}
