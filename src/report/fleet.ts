/** A fleet for people and as a document: a line for each target, and the errors once each. */

import type { MigrateError } from '../errors.ts';
import type { Warning } from '../event.ts';
import {
  type FleetEvent,
  type FleetReport,
  TARGET_STATES,
  type TargetReport,
  type TargetState,
} from '../fleet-report.ts';
import { emptyReport, type Report } from '../report.ts';
import { counted, duration } from './amounts.ts';
import { errorDocument, runDocument } from './document.ts';
import { fateLine, printable, type Voice } from './error-text.ts';

const IN_WORDS: Readonly<Record<TargetState, string>> = {
  migrated: 'migrated',
  pending: 'pending',
  'up-to-date': 'up to date',
  'done-before': 'done before',
  failed: 'failed',
  'not-begun': 'not begun',
};

/** As in `[12/300] tenant_7: migrated to 9 (3 applied, 51 ms)`. */
export function progressLine({ target, ended, of }: Extract<FleetEvent, { kind: 'ended' }>): string {
  const { name, state, report, error, executionTimeMs } = target;
  const what =
    error !== null
      ? `failed: ${oneLine(error)}`
      : `${IN_WORDS[state]}${report === null ? '' : atVersion(report)}`;
  const count = (report?.applied.length ?? 0) === 0 ? '' : `${appliedText(report)}, `;
  return printable(`[${ended}/${of}] ${name}: ${what} (${count}${duration(executionTimeMs ?? 0)})`);
}

const atVersion = ({ to }: Report): string => (to === null ? '' : ` at ${to}`);

const appliedText = (report: Report | null): string =>
  `${report?.applied.length ?? 0} ${report?.dryRun === true ? 'to apply' : 'applied'}`;

const oneLine = ({ message, sqlstate }: MigrateError): string =>
  `${message.split('\n', 1)[0]}${sqlstate === null ? '' : ` (SQLSTATE ${sqlstate})`}`;

/** One table of all, and one line of how many. */
export function fleetText(fleet: FleetReport): string {
  const { targets, shard, of } = fleet;
  const head = ['target', 'state', fleet.dryRun ? 'to apply' : 'applied', 'version', 'took', 'error'];
  const rows = targets.map(({ name, state, report, error, executionTimeMs }) => [
    printable(name.replaceAll('\n', ' ')),
    IN_WORDS[state],
    report === null ? '-' : String(report.applied.length),
    report?.to == null ? '-' : `${report.to}${report.dirty ? ' (dirty)' : ''}`,
    executionTimeMs === null ? '-' : duration(executionTimeMs),
    error === null ? '' : oneLine(error),
  ]);
  const all = [head, ...rows];
  const widths = head.map((_, i) => Math.max(...all.map((row) => [...(row[i] ?? '')].length)));
  const lines = all.map((row) =>
    row
      .map((cell, i) => cell + ' '.repeat((widths[i] ?? 0) - [...cell].length))
      .join('  ')
      .trimEnd(),
  );
  const whole = shard === null ? '' : `shard ${shard.number}/${shard.of} of ${counted(of, 'target')}: `;
  const states = TARGET_STATES.flatMap((state) => {
    const count = targets.filter((t) => t.state === state).length;
    return count === 0 ? [] : [`${count} ${IN_WORDS[state]}`];
  });
  const sum = `${whole}${counted(targets.length, 'target')}${states.length === 0 ? '' : `: ${states.join(', ')}`}`;
  return targets.length === 0 ? sum : [...lines, '', sum].join('\n');
}

export interface Failure {
  readonly error: MigrateError;
  readonly targets: readonly string[];
}

/** What many targets have met in the same words, and with the same left of it, is one failure. */
export function failuresOf({ targets }: FleetReport): readonly Failure[] {
  const found = new Map<string, { error: MigrateError; targets: string[] }>();
  for (const { name, error } of targets) {
    if (error === null) continue;
    const { code, reason, operation, message, sqlstate, location, details, hint } = error;
    const fate = fateLine(error.report);
    const key = JSON.stringify([code, reason, operation, message, sqlstate, location, details, hint, fate]);
    const same = found.get(key);
    if (same === undefined) found.set(key, { error, targets: [name] });
    else same.targets.push(name);
  }
  return [...found.values()];
}

/** `warnings`: those from before the first target. */
export function fleetDocument(fleet: FleetReport, voice: Voice, warnings: readonly Warning[]) {
  const { dryRun, digest, shard, of, targets, error } = fleet;
  const counts = TARGET_STATES.map((state) => [state, targets.filter((t) => t.state === state).length]);
  return {
    command: 'fleet',
    dryRun,
    digest,
    shard,
    of,
    targets: targets.map((target) => targetDocument(target, voice)),
    counts: Object.fromEntries(counts) as Record<TargetState, number>,
    warnings: [...warnings, ...fleet.warnings],
    error:
      error === null
        ? null
        : { target: targets.find((t) => t.error === error)?.name ?? null, ...errorDocument(error, voice) },
  };
}

function targetDocument(target: TargetReport, voice: Voice) {
  const { name, id, isCanary, state, executionTimeMs, error } = target;
  const shown = error === null ? null : errorDocument(error, voice);
  const { command: _, dryRun: __, ...run } = runDocument('', target.report ?? emptyReport, shown);
  return { name, id, canary: isCanary, state, executionTimeMs, ...run };
}
