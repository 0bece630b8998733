/** Which hooks run for a plan, and what they are told of it. */

import type { Hook, HookedStep, HookName, Hooks, StepHooks } from '../hook.ts';
import type { Analysis, MigrationFile, Mode, Step } from '../migration.ts';
import { type HookReport, refOf } from '../report.ts';

export const hookedStep = ({ migration, direction, file }: Step, mode: Mode): HookedStep => ({
  ...refOf(migration),
  file: file?.path ?? null,
  direction,
  mode,
});

export function hookReport(
  hook: HookName,
  { kind, name }: Hook,
  step: Pick<Step, 'migration' | 'direction'> | null,
  executionTimeMs: number | null = null,
): HookReport {
  if (step === null) return { hook, kind, name, migration: null, executionTimeMs };
  const { migration, direction } = step;
  return { hook, kind, name, migration: { ...refOf(migration), direction }, executionTimeMs };
}

const isSql = ({ kind }: Hook): boolean => kind === 'sql';

/** In the transaction with which a migration begins. What is continued has had it. */
export const beforeStep = ({ beforeEach }: Hooks, step: Step): readonly HookReport[] =>
  (step.resume === null ? beforeEach : []).filter(isSql).map((h) => hookReport('beforeEach', h, step));

/** In the one with which it ends. */
export const afterStep = ({ afterEach }: Hooks, step: Step): readonly HookReport[] =>
  afterEach.filter(isSql).map((h) => hookReport('afterEach', h, step));

/** All that would run, in order. */
export function plannedHooks(hooks: Hooks, steps: readonly Step[]): readonly HookReport[] {
  if (steps.length === 0) return [];
  const calls = (hook: 'beforeEach' | 'afterEach', step: Step) =>
    hooks[hook].filter((h) => !isSql(h)).map((h) => hookReport(hook, h, step));
  return [
    ...hooks.beforeAll.map((h) => hookReport('beforeAll', h, null)),
    ...steps.flatMap((s) => [
      ...calls('beforeEach', s),
      ...beforeStep(hooks, s),
      ...afterStep(hooks, s),
      ...calls('afterEach', s),
    ]),
    ...hooks.afterAll.map((h) => hookReport('afterAll', h, null)),
  ];
}

/** Each once. */
export const hookFiles = (hooks: Hooks): readonly MigrationFile[] => [
  ...new Set(Object.values(hooks).flatMap((list) => list.flatMap((h) => (h.kind === 'sql' ? [h.file] : [])))),
];

export function stepHooks(hooks: Hooks, analysed: ReadonlyMap<MigrationFile, Analysis>): StepHooks {
  const read = (hook: HookName) =>
    hooks[hook].flatMap((h) => {
      const analysis = h.kind === 'sql' ? analysed.get(h.file) : undefined;
      return h.kind === 'sql' && analysis !== undefined ? [{ hook, file: h.file, analysis }] : [];
    });
  return { before: read('beforeEach'), after: read('afterEach') };
}
