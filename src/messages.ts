/**
 * Steps to literal messages: what is returned here is what the server hears. Each part has its reason, and a test
 * in test/db/wire*.test.ts that shows it.
 */

import { type FileMessage, own } from './file-message.ts';
import type { SqlHook, StepHooks } from './hook.ts';
import { hooked, moved, statementsIn, weave } from './hook-text.ts';
import * as journal from './ledger/journal.ts';
import type { Ledger } from './ledger/ledger.ts';
import { forget as forgetLast } from './ledger/named-rows.ts';
import { overwrite } from './ledger/version-row.ts';
import { marker } from './marker.ts';
import type { Analysis, Direction, Migration, Mode, Step } from './migration.ts';
import { beforeFile, held, type Locking } from './opening.ts';
import type { Place } from './recorded.ts';
import { dataOf } from './sql/cuts.ts';
import { keptOf } from './sql/wording.ts';
import { blanked } from './sql/wrapper.ts';

/** Who writes what was done, and where: enough for what runs no file. */
export interface Writer {
  readonly place: Place;
  readonly ledger: Ledger;
  readonly author: journal.Author;
}

/** What is the same for every message of a run. */
export interface Envelope extends Writer, Locking {
  /** Unguessable, so that no file can fake a marker. */
  readonly nonce: string;
  /** As other sessions see us. */
  readonly application: string;
  /** What makes the session as it was (session-state.ts); sent after each file, before the ledger write. */
  readonly cleanUp: readonly string[];
  /** How long a statement waits for somebody else's lock; 0: as the session has it. */
  readonly statementLockMs: number;
  /** In the transactions of each step. */
  readonly hooks: StepHooks;
}

const entry = ({ ledger }: Writer, step: Step, mode: Mode): journal.Entry => ({
  ...ledger.key(step.migration),
  direction: step.direction,
  kind: 'run',
  mode,
  head: step.to,
  ...keptOf(step),
});

/** As much as the setting takes. */
const LONGEST_MS = 2147483647;

/** A file that sets its own comes later, and wins. */
const limit = ({ statementLockMs }: Envelope, scope: 'local' | 'session'): readonly string[] =>
  statementLockMs === 0
    ? []
    : [`set ${scope} lock_timeout = ${Math.min(Math.ceil(statementLockMs), LONGEST_MS)}`];

/** The same for the rest of a resumable file, and its end before a statement that may wait as long as it must. */
export const limited = (e: Envelope): string => limit(e, 'session').join();
export const UNLIMITED = 'set lock_timeout = 0';

/** What stands before a file in its transaction. `more`: statements that have no rows. */
export function opening(
  e: Envelope,
  step: Step,
  analysis: Analysis | null,
  more: readonly string[] = [],
): FileMessage {
  const head = [...beforeFile(e, step, analysis), ...limit(e, 'local'), ...more];
  const tagsBefore = head.length + weave(e.hooks.before, step).tags;
  return { ...hooked(`${head.join('; ')}; `, head.length, e.hooks.before, step), tagsBefore };
}

/** The same with the file's statements in messages of their own. */
export function beginning(e: Envelope, step: Step, analysis: Analysis | null): FileMessage {
  const message = opening(e, step, analysis);
  const text = message.text.replace(/; $/, '');
  return { ...message, text, before: text.length };
}

/** afterEach finds the session as it was at its start, whatever the file has set, and leaves it so too. */
function cleaned(e: Envelope, step: Step, limits: readonly string[]): FileMessage {
  const before = [...e.cleanUp, ...limits];
  const text = `${before.join('; ')}; `;
  if (e.hooks.after.length === 0) return own(text);
  const { text: around, hooks } = hooked(text, before.length, e.hooks.after, step);
  return own(`${around}${[...e.cleanUp, ...limits].join('; ')}; `, hooks);
}

/** Of a migration among those of its message: what tells it from the others, since when its time counts, and what is behind it. */
export interface Seat {
  readonly before: readonly string[];
  readonly since: string;
  readonly marker: string;
}

/**
 * Behind the file: the session as it was, ledger and journal, and the end of the transaction. While the ledger's lock is
 * waited for, the file's are held. As a message of its own it follows all of the file's statements.
 */
export function closing(
  e: Envelope,
  step: Step,
  analysis: Analysis | null,
  { since, marker: last }: Omit<Seat, 'before'> = { since: journal.ARRIVAL, marker: marker(e) },
): FileMessage {
  const { text, hooks } = cleaned(e, step, limit(e, 'local'));
  const end = `${e.ledger.record(e.place, step, journal.elapsed(since))};
${journal.insert(e.place, entry(e, step, 'atomic'), e.author, 'done', since)}; commit; ${last}`;
  const message = own(`${text}${end}`, hooks);
  return analysis === null ? message : { ...message, tagsBefore: -statementsIn(analysis) };
}

/** File, ledger and journal in one transaction and one message. */
export function atomic(e: Envelope, step: Step, analysis: Analysis | null = null, seat?: Seat): FileMessage {
  const { text: before, tagsBefore, hooks = [] } = opening(e, step, analysis, seat?.before);
  const last = closing(e, step, analysis, seat);
  const { wrapper = [], first = [] } = analysis ?? {};
  const statements = analysis === null ? 0 : statementsIn(analysis);
  const body = `${before}${blanked(step.file?.text ?? '', [...wrapper, ...first])}\n; `;
  const behind = moved(last.hooks ?? [], body.length, tagsBefore + statements);
  const text = `${body}${last.text}`;
  const data = dataOf(step.file);
  return { text, before: before.length, offset: 0, tagsBefore, data, hooks: [...hooks, ...behind] };
}

/** golang-migrate's first of three: the version it will be, dirty. Returns the journal row's id, in its first rows. */
export function start(e: Envelope, step: Step, mode: 'plain' | 'resumable'): FileMessage {
  const begin = e.ledger.begin(e.place, step);
  const limits = mode === 'resumable' ? limit(e, 'session') : [];
  // With hooks it comes before them, as one that sets its own is to win.
  const [first, last] = e.hooks.before.length > 0 ? [limits, []] : [[], limits];
  const write = journal.insert(e.place, entry(e, step, mode), e.author, 'started');
  const begins = ['begin', ...held(e), ...(begin === '' ? [] : [begin])];
  const head = `${begins.join('; ')};\n${[write, ...first].join('; ')}; `;
  const { text, hooks } = hooked(head, begins.length + 1 + first.length, e.hooks.before, step);
  return own(`${text}${['commit', ...last].join('; ')}`, hooks);
}

/** Hooks of the whole run, in a transaction of their own. */
export function alongside(e: Envelope, hooks: readonly SqlHook[]): FileMessage {
  const head = ['begin', ...held(e), ...limit(e, 'local')];
  const { text, hooks: parts } = hooked(`${head.join('; ')}; `, head.length, hooks, null);
  return own(`${text}${e.cleanUp.join('; ')}; commit`, parts);
}

/** The third: clean. In plain mode without hooks the session stays as the file left it, as with golang-migrate. */
export function finish(
  e: Envelope,
  step: Step,
  mode: 'plain' | 'resumable',
  row: bigint,
  elapsedMs: number,
): FileMessage {
  const cleans = mode === 'resumable' || e.hooks.before.length > 0 || e.hooks.after.length > 0;
  // Without hooks it waits for nothing but the ledger.
  const limits = mode === 'resumable' && e.hooks.after.length > 0 ? limit(e, 'local') : [];
  // A file may have made transactions read-only; the clean-up ends that for the next.
  const head = `begin${cleans ? ' read write' : ''}; `;
  const { text, hooks = [] } = cleans ? cleaned(e, step, limits) : own('');
  const end = `${e.ledger.end(e.place, step, String(Math.round(elapsedMs)))};
${journal.finish(e.place, row, step.migration.up?.checksum ?? null, elapsedMs)}; commit; ${marker(e)}`;
  return own(`${head}${text}${end}`, moved(hooks, head.length, 1));
}

/** As golang-migrate sends it: the file and nothing else. */
export const plain = ({ file }: Step): FileMessage => ({
  text: file?.text ?? '',
  before: 0,
  offset: 0,
  tagsBefore: 0,
  data: dataOf(file),
});

/** Which of the tables are there. */
type Existing = { readonly ledger: boolean; readonly journal: boolean };

const inOne = (parts: readonly string[]): string => `begin; ${parts.join(';\n')}; commit`;

const tables = (w: Writer, exists: Existing): readonly string[] => [
  ...(exists.ledger ? [] : [w.ledger.create(w.place)]),
  ...(exists.journal ? [] : [journal.create(w.place)]),
];

/** What a run needs before its first step: the tables, and what happened without us. */
export function prepare(
  w: Writer,
  exists: Existing,
  rows: readonly journal.Entry[],
  accepted: readonly Migration[] = [],
): string | null {
  const parts = [
    ...tables(w, exists),
    ...rows.map((row) => journal.insert(w.place, row, w.author, 'done')),
    ...accepted.map((m) => w.ledger.accept(w.place, m)),
  ].filter((text) => text !== '');
  return parts.length === 0 ? null : inOne(parts);
}

/** A file that failed and left nothing behind: for `status`. */
export const noteFailure = (w: Writer, step: Step, mode: Mode, message: string): string =>
  journal.insert(w.place, { ...entry(w, step, mode), error: message }, w.author, 'failed');

/** `force`: the row is set whatever it was, and the journal says so, in the transaction that holds the locks. */
export function force(
  w: Writer,
  exists: Existing,
  to: bigint | null,
  rows: readonly journal.Entry[],
): string {
  const writes = rows.map((row) => journal.insert(w.place, row, w.author, 'done'));
  return inOne([...tables(w, exists), overwrite(w.place, { version: to, dirty: false }), ...writes]);
}

/** `rollback`: the last record goes; of a file that is half-way (`half`), only that it was begun. */
export function forget(w: Writer, name: string, half: Direction | null, journalExists: boolean): string {
  const direction = half === 'down' ? 'up' : 'down';
  const common = { version: null, kind: 'forced', mode: null, head: null, checksum: null } as const;
  const parts = [
    ...tables(w, { ledger: true, journal: journalExists }),
    ...(half === null ? [forgetLast(w.place, name)] : []),
    journal.insert(w.place, { ...common, name, direction }, w.author, 'done'),
  ];
  return inOne(parts);
}
