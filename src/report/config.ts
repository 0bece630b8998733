/** `rungs config`: every setting with where it comes from, and no password. */

import type { Config } from '../config/config.ts';
import { durationText } from '../config/duration.ts';
import { hookText } from '../config/hooks.ts';
import { originText, type Sourced } from '../config/layer.ts';
import { masked } from '../config/masked.ts';
import type { ConfiguredTargets } from '../config/targets.ts';
import { unquotable } from '../config/unquotable.ts';
import { lookUp, type Surroundings } from '../config/variables.ts';
import type { Warning } from '../event.ts';
import { HOOK_NAMES } from '../hook.ts';
import { counted } from './amounts.ts';

export interface Shown extends Surroundings {
  readonly config: Config;
  readonly file: string | null;
  /** `user@host:port/database`; null where it cannot be told. */
  readonly target: string | null;
  /** A bundle's migrations are inside it, whatever `path` says. */
  readonly isBundle: boolean;
}

interface Row {
  readonly key: string;
  readonly value: string | number | boolean | null;
  readonly source: string;
}

const row = <T>(key: string, { value, origin }: Sourced<T>, show: (value: T) => Row['value']): Row => ({
  key,
  value: show(value),
  source: originText(origin),
});

/** Of a list their number: each of them may be a connection string. */
const targetsText = (targets: ConfiguredTargets): string =>
  'list' in targets
    ? counted(targets.list.length, 'target')
    : 'query' in targets
      ? targets.query
      : targets.command;

function rows(shown: Shown): readonly Row[] {
  const { config: c, isBundle } = shown;
  const asItIs = <T extends Row['value']>(value: T): T => value;
  return [
    c.database === null
      ? { key: 'database', value: null, source: 'default' }
      : row('database', c.database, masked),
    ...c.parts.map(({ key, value, origin }) => ({
      key: `database.${key}`,
      value: value === null ? '***' : value,
      source: originText(origin),
    })),
    isBundle ? { key: 'path', value: null, source: 'the bundle' } : row('path', c.path, asItIs),
    isBundle ? { key: 'layout', value: null, source: 'the bundle' } : row('layout', c.layout, asItIs),
    row('sentinel', c.sentinel, asItIs),
    row('table', c.table, asItIs),
    row('journal', c.journal, asItIs),
    row('role', c.role, asItIs),
    ...(c.placeholders ?? []).map(({ name, value, origin, isSecret }) => ({
      key: `placeholders.${name}`,
      value: isSecret || unquotable(value) !== null ? '***' : value,
      source: originText(origin),
    })),
    row('confirm', c.confirm, asItIs),
    row('requireSteps', c.requireSteps, asItIs),
    row('backupBeforeDown', c.backupBeforeDown, asItIs),
    row('lockTimeout', c.lockTimeoutMs, durationText),
    row('lockStrategy', c.lockStrategy, asItIs),
    row('blocked.timeout', c.blockedTimeoutMs, durationText),
    row('blocked.attempts', c.blockedAttempts, asItIs),
    row('blocked.delay', c.blockedDelayMs, durationText),
    row('blocked.queue', c.blockedQueue, asItIs),
    row('batchSize', c.batchSize, asItIs),
    row('retry.attempts', c.attempts, asItIs),
    row('retry.delay', c.delayMs, durationText),
    row('retry.deadline', c.deadlineMs, (ms) => (ms === null ? null : durationText(ms))),
    ...HOOK_NAMES.map((name) =>
      isBundle
        ? { key: `hooks.${name}`, value: null, source: 'the bundle' }
        : row(`hooks.${name}`, c.hooks[name], (list) => list.map(hookText).join(', ') || null),
    ),
    c.targets === null
      ? { key: 'targets', value: null, source: 'default' }
      : row('targets', { value: c.targets, origin: c.targets.origin }, targetsText),
    row('plain', c.plain, asItIs),
    row('onDuplicateObject', c.onDuplicateObject, asItIs),
    row('allowMissingDown', c.allowMissingDown, asItIs),
    row('logFormat', c.logFormat, asItIs),
    row('dryRun', c.dryRun, asItIs),
    ...libpqs(shown),
  ];
}

/** What libpq's variables fill in. */
const libpqs = (around: Surroundings): readonly Row[] =>
  Object.keys({ ...around.dotenv, ...around.environment })
    .filter((name) => /^PG[A-Z]+$/.test(name))
    .flatMap((name) => {
      const found = lookUp(name, around);
      if (found === null) return [];
      return {
        key: name,
        value: name === 'PGPASSWORD' || unquotable(found.text) !== null ? '***' : found.text,
        source: originText(found.origin),
      };
    });

export function configText(shown: Shown): string {
  const lines = rows(shown).map(({ key, value, source }) => [
    key,
    value === null ? '-' : String(value).replaceAll('\n', '\\n'),
    source,
  ]);
  const widths = [0, 1].map((i) => Math.max(...lines.map((line) => [...(line[i] ?? '')].length)));
  return [
    `configuration: ${shown.file ?? 'no file'}`,
    `connects to: ${shown.target ?? '-'}`,
    '',
    ...lines.map((line) => line.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')),
  ].join('\n');
}

export const configDocument = (shown: Shown, warnings: readonly Warning[]) => ({
  command: 'config',
  file: shown.file,
  target: shown.target,
  settings: rows(shown),
  warnings,
  error: null,
});
