/** The `--json` documents. Versions are decimal strings; docs/report.schema.json is their published shape. */

import type { MigrateError } from '../errors.ts';
import type { Warning } from '../event.ts';
import type { Check, MigrationRef, Report, StepReport } from '../report.ts';
import type { Status } from '../status.ts';
import { inVoice, type Voice } from './error-text.ts';
import { hookDocument } from './hooks.ts';

export const versionText = (version: bigint | null): string | null =>
  version === null ? null : String(version);

const refDocument = ({ id, version, name }: MigrationRef) => ({ id, version: versionText(version), name });

const stepDocument = (s: StepReport) => ({
  ...refDocument(s),
  direction: s.direction,
  mode: s.mode,
  executionTimeMs: s.executionTimeMs,
});

/** The hint is for whoever reads it, in the words of how it was called. */
export function errorDocument(e: MigrateError, voice: Voice) {
  const { code, reason, operation, message, sqlstate, location, hint, details } = e;
  const { file, line, column } = location ?? { file: null, line: null, column: null };
  return {
    code,
    reason,
    operation,
    message,
    sqlstate,
    file,
    line,
    column,
    hint: inVoice(hint, voice),
    details,
  };
}

export type ErrorDocument = ReturnType<typeof errorDocument>;

/** `up`, `down`, `goto`, `redo` and `force`. */
export function runDocument(command: string, r: Report, error: ErrorDocument | null) {
  return {
    command,
    dryRun: r.dryRun,
    from: versionText(r.from),
    to: versionText(r.to),
    dirty: r.dirty,
    applied: r.applied.map(stepDocument),
    pending: r.pending.map(refDocument),
    hooks: r.hooks.map(hookDocument),
    failed:
      r.failed === null
        ? null
        : { ...refDocument(r.failed), direction: r.failed.direction, rolledBack: r.failed.rolledBack },
    notReached: r.notReached.map(refDocument),
    unknown: r.unknown.map(refDocument),
    warnings: r.warnings,
    error,
  };
}

export function statusDocument(s: Status, warnings: readonly Warning[]) {
  return {
    command: 'status',
    version: versionText(s.version),
    dirty: s.dirty,
    migrations: s.migrations.map(({ id, version, name, state, appliedAt, executionTimeMs, checksum }) => ({
      id,
      version: versionText(version),
      name,
      state,
      appliedAt,
      executionTimeMs,
      checksum,
    })),
    counts: s.counts,
    warnings,
    error: null,
  };
}

/** `error` is that of the first check that failed, which the exit code is of. */
export function verifyDocument(checks: readonly Check[], voice: Voice, warnings: readonly Warning[]) {
  const shown = checks.map(({ name, state, message, hint, error }) => ({
    name,
    state,
    message,
    hint: hint === null ? null : inVoice(hint, voice),
    error: error === null ? null : errorDocument(error, voice),
  }));
  return {
    command: 'verify',
    checks: shown,
    warnings,
    error: shown.find((c) => c.error !== null)?.error ?? null,
  };
}

/** A command that ended before it had anything to report. */
export const failedDocument = (command: string, error: ErrorDocument, warnings: readonly Warning[]) => ({
  command,
  warnings,
  error,
});
