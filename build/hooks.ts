/** The configuration's hooks as a build takes them in: SQL read and understood, commands as they are typed. */

import type { ConfiguredHook, ConfiguredHooks } from '../src/config/hooks.ts';
import { embed, type Finding, type Setting } from '../src/embed.ts';
import { HOOK_NAMES, type HookName } from '../src/hook.ts';
import type { MigrationFile, Problem } from '../src/migration.ts';
import { readFile } from '../src/source.ts';
import { type CarriedHook, type CarriedHooks, hookLine, shownAs } from '../tasks/_carried.ts';

export interface TakenHooks {
  readonly hooks: CarriedHooks;
  /** One for each. */
  readonly lines: readonly string[];
  /** By path. */
  readonly files: ReadonlyMap<string, MigrationFile>;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Finding[];
}

export async function takeHooks(
  configured: ConfiguredHooks,
  home: string,
  setting: Setting,
): Promise<TakenHooks> {
  const hooks: Record<HookName, CarriedHook[]> = {
    beforeAll: [],
    beforeEach: [],
    afterEach: [],
    afterAll: [],
  };
  const files = new Map<string, MigrationFile>();
  const problems: Problem[] = [];
  const warnings: Finding[] = [];
  const take = async (hook: ConfiguredHook): Promise<CarriedHook | null> => {
    if ('command' in hook) return { command: hook.command, timeoutMs: hook.timeoutMs };
    const path = shownAs(hook.file, home);
    const known = files.get(path);
    if (known !== undefined) return { file: known };
    const read = await readFile(hook.file);
    if ('problem' in read) {
      problems.push({ ...read.problem, file: path });
      return null;
    }
    const found = await embed({ ...read.file, path }, setting, true);
    problems.push(...found.problems);
    warnings.push(...found.warnings);
    files.set(path, found.file);
    return { file: found.file };
  };
  for (const name of HOOK_NAMES) {
    for (const hook of configured[name].value) {
      const taken = await take(hook);
      if (taken !== null) hooks[name].push(taken);
    }
  }
  const lines = HOOK_NAMES.flatMap((name) => hooks[name].map((hook) => hookLine(name, hook)));
  return { hooks, lines, files, problems, warnings };
}
