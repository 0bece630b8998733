/** Events to lines of narration (stderr), outcomes to lines of result (stdout). */

import type { Event, HookOf, LockHolder } from '../event.ts';
import { isRepeatable } from '../migration.ts';
import type { Report, StepReport } from '../report.ts';
import type { MigrationState, Status, StatusRow } from '../status.ts';
import { duration } from './amounts.ts';
import { blockedText } from './blocked.ts';
import { inVoice, printable, type Voice } from './error-text.ts';
import { hookLines } from './hooks.ts';
import { namedRunText, namedStatusText } from './named.ts';
import { parted } from './repeatable.ts';
import { scriptRunText, scriptStatusText } from './script.ts';

type Of<K extends Event['kind']> = Extract<Event, { kind: K }>;
type Formatters = { readonly [K in Event['kind']]: (event: Of<K>) => string | null };

/** What it is called in a sentence. */
const called = ({ id, name }: { readonly id: string; readonly name: string }): string =>
  `${id} ${name}`.trim();

const hookCalled = ({ hook, name, migration }: HookOf): string =>
  `${hook}${migration === null ? '' : ` of ${migration}`}: ${name}`;
const LET_GO: Readonly<Record<Of<'let-go'>['reason'], (time: string) => string>> = {
  lock_timeout: (time) => `let go after ${time} (lock_timeout) and rolled back`,
  queue: (time) => `let go after ${time}, so that those behind us can pass, and rolled back`,
  deadlock: (time) => `rolled back after ${time}, by a deadlock with another session`,
};

/** A new kind of event without a line here does not compile. Null: nothing to say. */
const LINES: Formatters = {
  initializing: () => 'Initializing database...',
  connecting: (e) => `Attempting to connect to database (attempt ${e.attempt}/${e.attempts})...`,
  connected: () => 'Successfully connected to database',
  initialized: () => 'Database already initialized, skipping migration',
  'connection-failed': (e) =>
    `connection attempt ${e.attempt}/${e.attempts} failed: ${e.message}; trying again in ${duration(e.retryInMs)}`,
  'waiting-for-lock': (e) =>
    `waiting for the migration lock${e.holder === null ? '' : `, ${heldBy(e.holder)}`}`,
  locked: () => null,
  started: (e) => (e.resumedAt === null ? null : `continuing ${called(e)} at statement ${e.resumedAt}`),
  statement: (e) => `  ${e.id} statement ${e.statement}/${e.statements} (line ${e.line})`,
  blocked: (e) => `  ${called(e)}: waiting for ${blockedText(e)}`,
  unblocked: (e) => `  ${called(e)}: goes on, it has its lock`,
  'let-go': (e) =>
    `  ${called(e)}: ${LET_GO[e.reason](duration(e.afterMs))}; attempt ${e.attempt + 1} of ${e.attempts} in ${duration(e.retryInMs)}`,
  finished: (e) =>
    `${e.direction === 'up' ? 'applied' : 'reverted'} ${called(e)} (${duration(e.executionTimeMs)})`,
  hook: (e) => (e.runs === 'sql' ? null : `running ${hookCalled(e)}`),
  'hook-finished': (e) => `ran ${hookCalled(e)} (${duration(e.executionTimeMs)})`,
  notice: (e) => `${e.severity}: ${e.message}`,
  warning: ({ warning: w }) =>
    `warning: ${w.file === null ? '' : `${w.file}${at(w.line, w.column)}: `}${w.message}`,
};

export function eventLine<K extends Event['kind']>(event: Of<K>): string | null {
  const line = (LINES[event.kind] as (event: Of<K>) => string | null)(event);
  return line === null ? null : printable(line);
}

const at = (line: number | null, column: number | null): string =>
  line === null ? '' : column === null ? `:${line}` : `:${line}:${column}`;

const heldBy = (h: LockHolder): string =>
  `held by pid ${h.pid} (${h.user ?? '?'}, ${h.application ?? 'no application name'}, ${h.address ?? 'local'})`;

const shown = (version: bigint | null): string => String(version ?? 0);

/** The result of up, down, goto and redo. The first line is the seeds' own. */
export function runText(r: Report, wanted: 'up' | 'down'): string {
  if (r.layout === 'named') return namedRunText(r, wanted);
  if (r.layout === 'script') return scriptRunText(r);
  if (r.dryRun) return dryText(r, wanted);
  const rest = r.pending.length === 0 ? [] : [`${r.pending.length} pending`];
  if (r.applied.length === 0) return [nothingLine(r, wanted), ...(wanted === 'up' ? rest : [])].join('\n');
  const { versioned, repeated } = parted(r);
  if (versioned.length === 0) return [nothingLine(r, wanted), ...repeated, ...rest].join('\n');
  const downs = versioned.filter((s) => s.direction === 'down');
  const down = downs.length === versioned.length;
  if (downs.length > 0 && !down)
    return [`Reverted and applied again: ${downs.map((s) => s.id).join(', ')}`, ...repeated].join('\n');
  const first = down
    ? `Rolled back from version ${shown(r.from)} to ${shown(r.to)}`
    : `Migrated from version ${shown(r.from)} to ${shown(r.to)}`;
  return [first, ...repeated, ...(down ? [] : rest)].join('\n');
}

function nothingLine(r: Report, wanted: 'up' | 'down'): string {
  if (wanted === 'down' && r.to === null) return 'Already at version 0, no migrations to roll back';
  return r.pending.length === 0
    ? `Already at latest version: ${shown(r.to)}`
    : `Already at version: ${shown(r.to)}`;
}

function dryText(r: Report, wanted: 'up' | 'down'): string {
  if (r.applied.length === 0)
    return `${nothingLine(r, wanted)}${wanted === 'up' ? '\nNo migrations would be applied.' : '.'}`;
  const many = r.applied.length === 1 ? 'migration' : 'migrations';
  const downs = r.applied.every((s) => s.direction === 'down');
  const heading = downs
    ? `Dry run - the following ${many} would be rolled back:`
    : `Dry run - the following migrations would be applied:`;
  const mixed = !downs && r.applied.some((s) => s.direction === 'down');
  return [
    heading,
    ...r.applied.map(
      (s) => `  - ${label(s)}${mixed ? ` (${s.direction})` : ''}${s.mode === 'atomic' ? '' : ` [${s.mode}]`}`,
    ),
    '',
    `Current version: ${shown(r.from)}`,
    `Target version: ${shown(r.to)}`,
    ...hookLines(r.hooks),
  ].join('\n');
}

/** As the file spells it: `000001_a`, `1_a`. */
function label({ id, name, file }: StepReport): string {
  const base = file?.split(/[/\\]/).at(-1) ?? '';
  return /^(.+)\.(?:up|down)\./s.exec(base)?.[1] ?? (name === '' ? id : `${id}_${name}`);
}

const ATTENTION: Readonly<Partial<Record<MigrationState, string>>> = {
  changed: 'edited after being applied: put the old text back, or `task migrate -- --accept-changed`',
  missing: 'recorded as applied, and its file is gone: deploy the newer files, or `task migrate:force -- V`',
  'out-of-order':
    'below the current version and never applied: renumber it, or `task migrate -- --allow-out-of-order`',
};

/** HoloMUSH's two lines, after a table of everything and before what needs attention. */
export function statusText(s: Status, voice: Voice): string {
  if (s.layout === 'named') return namedStatusText(s, voice);
  if (s.layout === 'script') return scriptStatusText(s, voice);
  const { applied, pending } = s.counts;
  const attention = s.migrations.flatMap((m) => {
    const text = isRepeatable(m.id) ? undefined : ATTENTION[m.state];
    return text === undefined ? [] : [`  ${`${m.id} ${m.name}`.trim()}: ${inVoice(text, voice)}`];
  });
  return [
    ...table(s.migrations),
    `Current version: ${shown(s.version)}`,
    ...(s.dirty ? dirtyLines(s, voice) : [attention.length > 0 ? 'Status: NEEDS ATTENTION' : 'Status: OK']),
    `${applied} applied, ${pending} pending`,
    ...(attention.length === 0 ? [] : ['Needs attention:', ...attention]),
  ].join('\n');
}

function dirtyLines({ unfinished, version, migrations }: Status, voice: Voice): readonly string[] {
  if (unfinished?.resumable === true) {
    const next = inVoice('Run `task migrate` to continue.', voice);
    return [
      `Status: DIRTY (migration ${unfinished.id} is half done: ${unfinished.done} statements; ${next})`,
    ];
  }
  const half = version ?? migrations[0]?.version ?? 0n;
  const below =
    migrations.findLast((m) => m.state === 'applied' && m.version !== null && m.version < half)?.id ?? '0';
  return [
    'Status: DIRTY (migration failed, manual intervention required)',
    inVoice(
      `Where nothing of migration ${half} is there, \`task migrate:force -- ${below}\`; where all of it is, \`task migrate:force -- ${half}\``,
      voice,
    ),
  ];
}

function table(rows: readonly StatusRow[]): readonly string[] {
  if (rows.length === 0) return [];
  const cells = rows.map((r) => [
    r.state,
    r.id,
    r.name,
    r.appliedAt === null ? '' : `${r.appliedAt.slice(0, 19).replace('T', ' ')} UTC`,
    r.executionTimeMs === null ? '' : duration(r.executionTimeMs),
  ]);
  const all = [['state', 'version', 'name', 'applied at', 'took'], ...cells];
  const widths = [0, 1, 2, 3].map((i) => Math.max(...all.map((c) => [...(c[i] ?? '')].length)));
  const line = (c: readonly string[]) =>
    c
      .map((text, i) => text + ' '.repeat(Math.max(0, (widths[i] ?? 0) - [...text].length)))
      .join('  ')
      .trimEnd();
  return [...all.map(line), ''];
}
