/** What a run has said, held against what is there; and what there must be when all is done. */

import type { Event, Report } from '../../src/index.ts';
import type { Sight } from './lane.ts';
import { isAtLeastOnce, type Scene } from './scene.ts';

/** What a run has said of itself, on its way and at its end. */
export interface Said {
  readonly events: readonly Event[];
  /** Null where it did not live to give one. */
  readonly report: Report | null;
}

const isDone = (sight: Sight, version: bigint | string, direction: string): boolean => {
  const last = sight.journal.findLast((row) => row.version === String(version));
  return last?.direction === direction && last.state === 'done';
};

/** Whether the migration has written anything of this direction. */
const hasRun = (sight: Sight, id: string, direction: string): boolean =>
  Object.keys(sight.ran).some((what) => what.startsWith(`${id} ${direction}`));

/** What of it was not true when it was said, a sentence each. */
export function untrue({ events, report }: Said, sight: Sight, { direction }: Scene): readonly string[] {
  const wrong: string[] = [];
  const claim = (isSo: boolean, text: string) =>
    void (isSo || wrong.push(`it said, and it is not so: ${text}`));

  for (const event of events) {
    if (event.kind !== 'finished') continue;
    claim(isDone(sight, event.id, event.direction), `event: ${event.id} ${event.direction} has finished`);
    claim(hasRun(sight, event.id, event.direction), `event: ${event.id} ${event.direction} was run`);
  }
  if (report === null) return wrong;

  const finished = events.flatMap((e) => (e.kind === 'finished' ? [e.id] : []));
  claim(String(finished) === String(report.applied.map((s) => s.id)), 'the same in events and report');
  for (const step of report.applied) {
    claim(isDone(sight, step.id, step.direction), `${step.id} ${step.direction} is applied`);
  }
  for (const { id } of report.notReached) claim(!hasRun(sight, id, direction), `${id} was not reached`);
  const { failed, unknown } = report;
  if (failed !== null) {
    claim(!isDone(sight, failed.id, direction), `${failed.id} has failed`);
    if (failed.rolledBack) claim(!hasRun(sight, failed.id, direction), `${failed.id} was rolled back`);
  }
  for (const { id } of report.pending) claim(!isDone(sight, id, 'up'), `${id} is pending`);

  // The version is told as it was read: not where it never was, nor of what could not be looked up.
  if (events.some((e) => e.kind === 'locked') && unknown.length === 0) {
    const [row] = sight.ledger;
    const version = row === undefined || row.version === '-1' ? null : row.version;
    claim(
      (report.to === null ? null : String(report.to)) === version,
      `the version is ${report.to}, not ${version}`,
    );
    claim(report.dirty === (row?.dirty ?? false), `dirty is ${report.dirty}`);
  }
  return wrong;
}

/** What is not as a run without any fault leaves it, a sentence each. */
export function unfinished(sight: Sight, clean: Sight, { mode }: Scene): readonly string[] {
  const wrong: string[] = [];
  const same = (what: string, is: unknown, should: unknown) => {
    const [a, b] = [JSON.stringify(is), JSON.stringify(should)];
    if (a !== b) wrong.push(`${what}: ${a}, and should be ${b}`);
  };
  same('the version table', sight.ledger, clean.ledger);
  same('the schema', sight.relations, clean.relations);
  same('what was run', Object.keys(sight.ran).sort(), Object.keys(clean.ran).sort());
  for (const [what, times] of Object.entries(sight.ran)) {
    const isRight = times === 1 || (isAtLeastOnce(what) && times === 2);
    if (!isRight) wrong.push(`it ran ${times} times: ${what}`);
  }
  // Where the way out was `force`, the journal says that.
  const rows = mode === 'plain' ? lastOfEach(sight) : sight.journal;
  same('the journal', rows.map(told), (mode === 'plain' ? lastOfEach(clean) : clean.journal).map(told));
  return wrong;

  function told({ version, direction, state, kind }: Sight['journal'][number]): string {
    return `${version} ${direction} ${state}${mode === 'plain' ? '' : ` ${kind}`}`;
  }
}

/** Of each version; `force` to before the first one is of none. */
const lastOfEach = ({ journal }: Sight) =>
  journal
    .filter((row, i) => row.version !== null && !journal.slice(i + 1).some((r) => r.version === row.version))
    .sort((a, b) => Number(a.version) - Number(b.version));
