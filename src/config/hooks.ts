/** The `hooks:` section: which files and commands, in their order. */

import type { HookName } from '../hook.ts';
import type { Location } from '../migration.ts';
import type { Checked } from './check.ts';
import { readDuration } from './duration.ts';
import { DEFAULT, type Origin, placeOf } from './layer.ts';

export type ConfiguredHook =
  /** As it is seen from the working directory. */
  | { readonly file: string }
  | {
      readonly command: string;
      readonly timeoutMs: number | null;
      /** Where it stands. */
      readonly location: Location | null;
    };

export type ConfiguredHooks = Readonly<
  Record<HookName, { readonly value: readonly ConfiguredHook[]; readonly origin: Origin }>
>;

/** Only the file has them. */
export function hooksOf(layers: readonly Checked[], fromFile: (path: string) => string): ConfiguredHooks {
  const values = new Map(layers.flatMap((c) => [...c.values]));
  const hookAt = (pointer: string): readonly (ConfiguredHook & { readonly origin: Origin })[] => {
    const file = values.get(pointer);
    if (file !== undefined) return [{ file: fromFile(String(file.value)), origin: file.origin }];
    const command = values.get(`${pointer}/command`);
    if (command === undefined) return [];
    const timeoutMs = readDuration(String(values.get(`${pointer}/timeout`)?.value ?? ''));
    const { value, origin } = command;
    return [{ command: String(value), timeoutMs, location: placeOf(origin), origin }];
  };
  const hooksAt = (name: HookName) => {
    const found = [...hookAt(`hooks/${name}`)];
    for (let i = 0; ; i++) {
      const more = hookAt(`hooks/${name}/${i}`);
      if (more.length === 0) break;
      found.push(...more);
    }
    const value = found.map(({ origin: _, ...hook }) => hook);
    return { value, origin: found[0]?.origin ?? DEFAULT };
  };
  return {
    beforeAll: hooksAt('beforeAll'),
    beforeEach: hooksAt('beforeEach'),
    afterEach: hooksAt('afterEach'),
    afterAll: hooksAt('afterAll'),
  };
}

export const hookText = (hook: ConfiguredHook): string => ('file' in hook ? hook.file : hook.command);
