/** The hooks of the configuration, or of a bundle, for the engine: each command as a function that runs it. */

import { dirname } from 'node:path';
import { originText } from '../src/config/layer.ts';
import { type Emit, warn } from '../src/event.ts';
import { type GivenHook, type GivenHooks, HOOK_NAMES, type HookName } from '../src/hook.ts';
import { scriptOf } from '../src/layout/script.ts';
import type { Location, MigrationFile, Migrations } from '../src/migration.ts';
import { type Carried, type CarriedHooks, hookLine, shownAs } from './_carried.ts';
import { type Loaded, secretsOf } from './_config.ts';
import { hidingIn, shortened } from './_hidden.ts';

export interface Around {
  readonly loaded: Loaded;
  readonly carried: Carried | null;
  /** A line on stderr. */
  readonly say: (text: string) => void;
  readonly emit: Emit;
}

/** A bundle runs those that it was built with and no others, as with its migrations. */
export function hooksFor(around: Around): GivenHooks {
  const { loaded, carried } = around;
  const { hooks } = loaded.config;
  // A bundle runs where it stands; else paths are the file's, and so is the folder.
  const folder = carried === null ? dirname(loaded.file ?? '') : '.';
  const given = (name: HookName): readonly GivenHook[] =>
    carried === null
      ? hooks[name].value.map((hook) => ('file' in hook ? hook.file : commandHook(around, folder, hook)))
      : carriedHooks(name, folder);
  const inside = carried?.hooks() ?? null;
  if (inside !== null) warnOfOthers(around, inside);
  return {
    beforeAll: given('beforeAll'),
    beforeEach: given('beforeEach'),
    afterEach: given('afterEach'),
    afterAll: given('afterAll'),
  };

  function carriedHooks(name: HookName, folder: string): readonly GivenHook[] {
    return (inside?.[name] ?? []).map((hook) =>
      'file' in hook ? scriptIn(hook.file) : commandHook(around, folder, hook),
    );
  }
}

const scriptIn = (file: MigrationFile): Migrations => ({
  layout: 'script',
  origin: file.path,
  migrations: [scriptOf({ name: file.path, file })],
  repeatable: [],
  ignored: [],
});

interface ConfiguredCommand {
  readonly command: string;
  readonly timeoutMs: number | null;
  /** A bundle's has none. */
  readonly location?: Location | null;
}

function commandHook(
  { loaded, say }: Around,
  folder: string,
  { command, timeoutMs, location = null }: ConfiguredCommand,
): GivenHook {
  const hidden = hidingIn(secretsOf(loaded));
  return {
    command,
    location,
    run: async (plan, signal) => {
      // Behind an import: few projects have one.
      const { runCommand } = await import('./hooks/command.ts');
      const { planDocument } = await import('../src/report/hooks.ts');
      await runCommand({
        command,
        folder,
        env: { ...loaded.env, DATABASE_URL: loaded.config.database?.value },
        input: `${JSON.stringify(planDocument(plan))}\n`,
        onLine: (line) => say(`  ${hidden(line)}`),
        timeoutMs,
        signal,
      }).catch((e: Error) => {
        throw new Error(shortened(hidden(e.message)));
      });
    },
  };
}

/** What is not run is not passed over in silence. */
function warnOfOthers({ loaded, emit }: Around, inside: CarriedHooks): void {
  const { hooks } = loaded.config;
  const built = HOOK_NAMES.flatMap((name) => inside[name].map((hook) => hookLine(name, hook)));
  // A build names them as its configuration does, wherever that was seen from.
  const home = dirname(loaded.file ?? '');
  const said = HOOK_NAMES.flatMap((name) =>
    hooks[name].value.map((hook) => `${name}: ${'file' in hook ? shownAs(hook.file, home) : hook.command}`),
  );
  const first = HOOK_NAMES.map((name) => hooks[name]).find(({ value }) => value.length > 0);
  if (first === undefined || said.join('\n') === built.join('\n')) return;
  const message = `${originText(first.origin)}: these hooks are not run: a bundle runs those that it was built with${built.length === 0 ? ', and this one has none' : ''}`;
  warn(emit, 'other_hooks', message);
}
