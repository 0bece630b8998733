/**
 * The one planner: what is there, what is recorded and what is wanted, to steps. Pure and total, so that a dry run
 * is this list printed and a run is this list executed.
 */

import { MigrateError } from '../errors.ts';
import { warning } from '../event.ts';
import { idOf } from '../ledger/journal.ts';
import type { Goal, Migrations, Step } from '../migration.ts';
import type { Head, JournalRow } from '../recorded.ts';
import type { State } from '../state.ts';
import { planDown, planDownTo, planRedo } from './down.ts';
import { planNamed } from './named.ts';
import { withRepeatables } from './repeatable.ts';
import { planScript, refuseHalf } from './script.ts';
import { type Allowances, isBelowHead, mustExist, type Plan, refuse, type Situation } from './situation.ts';
import { planUp } from './up.ts';

export { refuseMoves } from './script.ts';

/** Throws MigrateError where the database's state or the files forbid the goal. */
export function plan(source: Migrations, head: Head, state: State, goal: Goal, allow: Allowances): Plan {
  const byVersion = new Map(source.migrations.map((m) => [m.version, m]));
  const fresh: Situation = { source, head, state, goal, allow, byVersion, resumed: null };
  const older = isOlderImage(fresh);
  if (older !== null) return older;
  const s = head.dirty ? { ...fresh, resumed: resume(fresh) } : fresh;
  refuseUnknownHead(s);
  refuseNothing(s);
  return withRepeatables(s, planVersioned(s));
}

function planVersioned(s: Situation): Plan {
  const { source, goal, state } = s;
  if (source.layout === 'named') return planNamed(s);
  if (source.layout === 'script') return planScript(s);
  if (goal.kind === 'up') return planUp(s, goal.steps, goal.to);
  if (goal.kind === 'down') return planDown(s, goal.steps);
  if (goal.kind === 'redo') return planRedo(s);
  mustExist(s, goal.to);
  // A half-done revert may end right there, and is on its way down all the same.
  const isDown = s.resumed?.direction === 'down' && state.applied.has(String(goal.to));
  return isDown || isBelowHead(s, goal.to) ? planDownTo(s, goal.to) : planUp(s, null, goal.to);
}

/** A half-done resumable run comes first, and only in its own direction; anything else that is dirty is refused. */
function resume(s: Situation): Step {
  const row = s.state.unfinished;
  const migration = s.source.migrations.find((m) => row !== null && m.id === idOf(row));
  if (row === null || row.mode !== 'resumable' || migration === undefined) throw refuseDirty(s);
  if (wantedDirection(s.goal, migration.version) !== row.direction) {
    const finish = row.direction === 'up' ? '`task migrate`' : '`task migrate:down`';
    const done = row.doneStatements.length;
    throw refuse(s, 'dirty', {
      message: `migration ${migration.id} is half done (${row.direction}, ${done} ${done === 1 ? 'statement' : 'statements'})`,
      hint: `run ${finish} to finish it first, or repair by hand and ${s.source.layout === 'pairs' ? '`task migrate:force -- V`' : '`rungs rollback`'}`,
    });
  }
  const { direction } = row;
  return { migration, direction, file: migration[direction], from: s.head, to: row.head, resume: row };
}

/** Null: both, which a half-done run cannot be a part of. */
function wantedDirection(goal: Goal, halfDone: bigint): 'up' | 'down' | null {
  if (goal.kind === 'redo') return null;
  if (goal.kind === 'goto') return goal.to >= halfDone ? 'up' : 'down';
  return goal.kind;
}

function refuseDirty(s: Situation) {
  const { unfinished } = s.state;
  if (s.source.layout === 'script' && unfinished !== null) return refuseHalf(s, unfinished);
  if (s.source.layout === 'named' && unfinished !== null) return refuseHalfWay(s, unfinished);
  const version = s.head.version ?? -1n;
  const row = s.state.unfinished;
  const whose =
    row === null
      ? 'the journal has no record of it: another tool, such as golang-migrate, left it'
      : `left by ${row.tool ?? 'rungs'}: migration ${row.version ?? ''} ${row.direction}, mode ${row.mode}`;
  return refuse(s, 'dirty', {
    // golang-migrate's own words, which people search for.
    message: `Dirty database version ${version}. Fix and force version.`,
    details: [whose],
    hint: wayOut(s),
  });
}

function newestBelow(versions: Iterable<bigint>, limit: bigint): bigint {
  let newest = 0n;
  for (const v of versions) if (v < limit && v > newest) newest = v;
  return newest;
}

function refuseHalfWay(s: Situation, { name, direction, tool, mode }: JournalRow) {
  const [none, all] = direction === 'up' ? ['is there', 'is there'] : ['is reverted', 'is reverted'];
  return refuse(s, 'dirty', {
    message: `${name} is half done`,
    details: [`left by ${tool ?? 'rungs'}: ${direction}, mode ${mode}`],
    hint: `look at the schema: where nothing of it ${none}, \`rungs rollback\` forgets that it was begun; where all of it ${all}, ${direction === 'up' ? 'insert its row into the version table' : 'delete its row from the version table'} (\`migration_name\`)`,
  });
}

/** Both ways out, since only a look at the schema tells which is true; naming one would skip a migration for some. */
function wayOut({ head, state, source }: Situation): string {
  const { unfinished } = state;
  // golang-migrate's -1: it was reverting the first one.
  const version = unfinished?.version ?? head.version ?? source.migrations[0]?.version ?? 0n;
  const below = newestBelow(
    [...state.applied.values()].map((a) => a.version),
    version,
  );
  const [none, all] = unfinished?.direction === 'down' ? [version, unfinished.head ?? 0n] : [below, version];
  const is = unfinished?.direction === 'down' ? 'is reverted' : 'is there';
  return `look at the schema: where nothing of migration ${version} ${is}, \`task migrate:force -- ${none}\`; where all of it ${is}, \`task migrate:force -- ${all}\``;
}

function refuseUnknownHead(s: Situation): void {
  const { version } = s.head;
  if (version === null || s.byVersion.has(version)) return;
  const last = s.source.migrations.at(-1);
  const newest = last === undefined ? 'there are no files' : `the newest file is ${last.id}`;
  throw refuse(s, 'ahead', {
    message: `no migration found for version ${version}: the database is at ${version}, and ${newest} (${s.source.origin})`,
  });
}

/** Also when the newer version is only on its way (dirty): it is the newer image that is running it. */
function isOlderImage({ allow, goal, head, source }: Situation): Plan | null {
  const newest = source.migrations.at(-1);
  if (!allow.ahead || goal.kind !== 'up' || newest === undefined || (head.version ?? 0n) <= newest.version)
    return null;
  const message = `the database is at ${head.version}, ahead of the newest file here, ${newest.id}: left as it is`;
  return { steps: [], remaining: [], accepted: [], warnings: [warning('ahead', message, null)] };
}

/** An empty folder is a wrong path far more often than a project without migrations. */
function refuseNothing(s: Situation): void {
  if (s.source.migrations.length + s.source.repeatable.length > 0) return;
  throw new MigrateError('MIGRATION_SOURCE_FAILED', 'no_migrations', {
    operation: 'read the migrations folder',
    message: `no migration files in ${s.source.origin}`,
  });
}
