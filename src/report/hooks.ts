/** Hooks for people, in `--json`, and as the plan that a command reads on its standard input. */

import type { HookedStep, HookPlan } from '../hook.ts';
import type { HookReport } from '../report.ts';

export const hookDocument = ({ hook, kind, name, migration, executionTimeMs }: HookReport) => ({
  hook,
  kind,
  name,
  migration: migration?.id ?? null,
  direction: migration?.direction ?? null,
  executionTimeMs,
});

const stepDocument = ({ id, version, name, direction, mode, file }: HookedStep) => ({
  id,
  version: versionText(version),
  name,
  direction,
  mode,
  file,
});

const versionText = (version: bigint | null): string | null => (version === null ? null : String(version));

/** docs/hook.schema.json is its shape. */
export const planDocument = (p: HookPlan) => ({
  hook: p.hook,
  command: p.command,
  database: p.database,
  layout: p.layout,
  from: versionText(p.from),
  to: versionText(p.to),
  migration: p.migration === null ? null : stepDocument(p.migration),
  migrations: p.migrations.map(stepDocument),
});

/** Of a dry run: each hook once, though it would run for every migration. */
export function hookLines(hooks: readonly HookReport[]): readonly string[] {
  const lines = new Set(
    hooks.map(({ hook, name, kind }) => `  - ${hook}: ${name}${kind === 'sql' ? '' : ` (${kind})`}`),
  );
  return lines.size === 0 ? [] : ['', 'Hooks:', ...lines];
}
