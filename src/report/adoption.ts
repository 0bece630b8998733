/** What `adopt` and `baseline` found, for people and for programs. */

import type { Adoption, Baseline } from '../adopt/adoption.ts';
import type { Entry } from '../adopt/mapping.ts';
import type { Warning } from '../event.ts';
import type { Place } from '../recorded.ts';
import { type ErrorDocument, versionText } from './document.ts';
import { inVoice, type Voice } from './error-text.ts';

/** The change of rungs.yaml. */
export interface Setting {
  readonly file: string;
  readonly value: string;
  readonly written: boolean;
}

const named = ({ schema, table }: Pick<Place, 'schema' | 'table'>): string => `${schema}.${table}`;
const pathOf = ({ migration }: Entry): string | null =>
  migration === null ? null : ((migration.up ?? migration.down)?.path ?? null);

export function adoptionText(a: Adoption, setting: Setting | null, voice: Voice): string {
  const applied = a.entries.filter((e) => e.problem === null).length;
  const many = applied === 1 ? '1 migration' : `${applied} migrations`;
  return [
    `${a.title}: table ${named(a.from)}`,
    ...rows(a.entries),
    '',
    ...(a.error === null
      ? [
          `${a.written ? 'Adopted' : 'Would adopt'} ${many}: ${named(a.ledger)} ${a.written ? 'is' : 'would be'} at version ${a.version ?? 0}`,
        ]
      : [`Cannot be adopted: ${a.error.message}`, `next: ${inVoice(a.error.hint, voice)}`]),
    ...settingLines(a, setting),
    ...(a.written
      ? [`${named(a.from)} was left as it is`]
      : a.error === null
        ? [inVoice('Nothing was written: `task migrate:adopt -- --yes` writes it', voice)]
        : []),
  ].join('\n');
}

function rows(entries: readonly Entry[]): readonly string[] {
  if (entries.length === 0) return ['  nothing is recorded as applied'];
  const cells = entries.map((e) => [
    e.recorded ?? '',
    e.appliedAt === null ? '' : `${e.appliedAt.slice(0, 19).replace('T', ' ')} UTC`,
    [pathOf(e) ?? '', ...(e.problem === null ? [] : [`PROBLEM: ${e.problem}`])].join('  ').trim(),
  ]);
  const all = [['recorded', 'applied at', 'file'], ...cells];
  const widths = [0, 1].map((i) => Math.max(...all.map((c) => [...(c[i] ?? '')].length)));
  return all.map((c) => `  ${c.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')}`.trimEnd());
}

function settingLines({ setting, from, title }: Adoption, done: Setting | null): readonly string[] {
  if (setting === null) return [];
  if (done === null) return [`${named(from)} is ${title}’s: \`table: ${setting}\` would go into rungs.yaml`];
  return done.written
    ? [`\`table: ${done.value}\` was written into ${done.file}`]
    : [`${done.file} could not be written: put \`table: ${done.value}\` into it by hand`];
}

export function adoptionDocument(
  a: Adoption,
  setting: Setting | null,
  error: ErrorDocument | null,
  warnings: readonly Warning[],
) {
  return {
    command: 'adopt',
    tool: a.tool,
    from: named(a.from),
    table: named(a.ledger),
    version: versionText(a.version),
    written: a.written,
    migrations: a.entries.map((e) => ({
      recorded: e.recorded,
      id: e.migration?.id ?? null,
      version: versionText(e.migration?.version ?? null),
      name: e.migration?.name ?? null,
      file: pathOf(e),
      appliedAt: e.appliedAt,
      executionTimeMs: e.executionTimeMs,
      problem: e.problem,
    })),
    setting:
      a.setting === null
        ? null
        : { key: 'table', value: a.setting, file: setting?.written === true ? setting.file : null },
    warnings,
    error,
  };
}

export function baselineText(
  { version, migrations, objects, written, ledger }: Baseline,
  voice: Voice,
): string {
  const count = migrations.length === 1 ? '1 migration counts' : `${migrations.length} migrations count`;
  const there = objects === 1 ? 'the 1 object' : `all ${objects} objects`;
  return [
    `${there} that the files up to version ${version} create ${objects === 1 ? 'is' : 'are'} there`,
    written
      ? `${count} as applied: ${named(ledger)} is at version ${version}`
      : inVoice(`Nothing was written: \`task migrate:baseline -- ${version}\` writes it`, voice),
  ].join('\n');
}

export const baselineDocument = (b: Baseline, warnings: readonly Warning[]) => ({
  command: 'baseline',
  version: versionText(b.version),
  table: named(b.ledger),
  objects: b.objects,
  written: b.written,
  migrations: b.migrations.map(({ id, version, name }) => ({ id, version: String(version), name })),
  warnings,
  error: null,
});
