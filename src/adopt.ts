/** Takes a database over from another tool: its table is read, and what it says is written into ours. */

import type { Adoption } from './adopt/adoption.ts';
import { headOf, map } from './adopt/mapping.ts';
import {
  type Candidate,
  candidates,
  decode,
  type Found,
  type From,
  read,
  recognise,
  toolsOf,
  unchanged,
} from './adopt/recognise.ts';
import { recordsOf } from './adopt/record.ts';
import * as refusal from './adopt/refusal.ts';
import { GOLANG_MIGRATE } from './adopt/tools.ts';
import { write } from './adopt/write.ts';
import { lockIds } from './config/lock-id.ts';
import type { Job } from './job.ts';
import { look, readRecorded, type Sight } from './look.ts';
import type { Migrations } from './migration.ts';
import { withLocks } from './pg/lock.ts';
import type { Session } from './pg/session.ts';
import type { Recorded } from './recorded.ts';
import { refused } from './refused.ts';

const CODE = 'MIGRATION_INIT_FAILED';

/** Our table's name where its own is another tool's. */
const OTHER_NAME = 'rungs_migrations';

interface View {
  readonly adoption: Adoption;
  readonly sight: Sight;
  readonly recorded: Recorded;
  /** SQL that fails where the other tool's table is no longer what was read. */
  readonly guard: string;
}

/** `job.dryRun`: only looks. Throws MigrateError where there is nothing that could be shown. */
export async function adopt(from: From, job: Job): Promise<Adoption> {
  const source = await job.source();
  refusal.refuseLayout(source, 'adopt');
  for (const { path, why } of source.ignored) {
    const warning = {
      reason: 'ignored_file',
      message: `not run: ${why}`,
      file: path,
      line: null,
      column: null,
    };
    job.emit({ kind: 'warning', warning });
  }
  const session = await job.door.open(source.layout);
  try {
    const first = await refused(view(session, from, job, source), CODE, 'look at the other tool’s table');
    if (job.dryRun || first.adoption.error !== null) return first.adoption;
    return await refused(underLock(session, from, job, source, first), CODE, 'adopt the database');
  } finally {
    await session.close().catch(() => {});
  }
}

async function underLock(
  session: Session,
  from: From,
  job: Job,
  source: Migrations,
  { sight }: View,
): Promise<Adoption> {
  const ids = lockIds({ ...sight.place, database: sight.identity.database, urlPath: job.door.urlPath });
  const wait = { ...job, code: CODE, timeoutMs: job.lockTimeoutMs } as const;
  return withLocks(session, ids, wait, async () => {
    const { adoption, recorded, guard } = await view(session, from, job, source);
    if (adoption.error !== null) return adoption;
    const rows = adoption.entries.flatMap((e) =>
      e.migration === null ? [] : [{ ...e, migration: e.migration }],
    );
    const author = { tool: adoption.tool, run: job.newId() };
    await session.transact(write(adoption.ledger, recorded, rows, adoption.version, author, guard));
    return { ...adoption, written: true };
  });
}

async function view(session: Session, from: From, job: Job, source: Migrations): Promise<View> {
  const { table } = job.door;
  const reply = await session.query(candidates(table, from));
  const all = decode(reply.sets[0] ?? []);
  const found = recognise(all, from);
  const [only, second] = found;
  const isOurs = all.some((c) => c.isHere && c.table === table.name && c.besideJournal && hasOurShape(c));
  if (isOurs) await refuseManaged(session, job);
  if (only === undefined) throw refusal.nothing(all, from);
  if (second !== undefined) throw refusal.several(found);
  const isTaken = all.some((c) => c.isHere && c.table === table.name && toolsOf(c, false).length > 0);
  const ledger = placeOf(only, table.name, isTaken);
  const isMoved = ledger.schema !== null || ledger.name !== table.name;
  if (isMoved && job.door.isTableInUrl) throw refusal.pinned(only, ledger);
  const tables = job.door.tables({ schema: ledger.schema ?? table.schema, name: ledger.name });
  const sight = await look(session, tables, 'pairs');
  const recorded = await readRecorded(session, sight);
  const isTheirs = only.tool === GOLANG_MIGRATE;
  const isManaged = recorded.head.version !== null || recorded.head.dirty;
  if (isManaged && (!isTheirs || recorded.journal.length > 0))
    throw refusal.managed(sight.place, recorded.head);
  const rows = (await session.query(read(only))).sets[0] ?? [];
  // Flyway's repeatables need no taking over: they are run again.
  const records = recordsOf(only.tool, rows).filter((r) => !source.repeatable.some((m) => m.id === r.label));
  const entries = map(records, source.migrations, only.tool.title);
  const adoption: Adoption = {
    tool: only.tool.name,
    title: only.tool.title,
    from: { schema: only.schema, table: only.table },
    ledger: sight.place,
    setting: isMoved ? settingOf(ledger, table.schema) : null,
    version: headOf(entries),
    entries,
    written: false,
    error: refusal.unmapped(only, entries),
  };
  return { adoption, sight, recorded, guard: unchanged(only, rows) };
}

const hasOurShape = (c: Candidate): boolean =>
  toolsOf({ ...c, besideJournal: false }, false).includes(GOLANG_MIGRATE);

/** golang-migrate's table is where ours will be. Schema null: as configured. */
function placeOf({ tool, schema, table, isHere }: Found, ours: string, isTaken: boolean) {
  if (tool === GOLANG_MIGRATE) return { schema: isHere ? null : schema, name: table };
  return { schema: null, name: isTaken ? OTHER_NAME : ours };
}

const settingOf = (ledger: ReturnType<typeof placeOf>, schema: string | null): string => {
  const named = ledger.schema ?? schema;
  return named === null ? ledger.name : `${named}.${ledger.name}`;
};

/** Ours is there already: is there a version in it? */
async function refuseManaged(session: Session, { door }: Job): Promise<void> {
  const sight = await look(session, door.table, 'pairs');
  const { head, journal } = await readRecorded(session, sight);
  if (head.version !== null && journal.length > 0) throw refusal.managed(sight.place, head);
}
