/** What a bundle carries, for the commands in it. */

import { relative, sep } from 'node:path';
import type { HookName } from '../src/hook.ts';
import type { MigrationFile, Migrations } from '../src/migration.ts';
import { counted } from '../src/report/amounts.ts';
import type { Result } from './_result.ts';

/** A hook as a build has taken it in. */
export type CarriedHook =
  | { readonly file: MigrationFile }
  | { readonly command: string; readonly timeoutMs: number | null };
export type CarriedHooks = Readonly<Record<HookName, readonly CarriedHook[]>>;

export const hookLine = (name: HookName, hook: CarriedHook): string =>
  `${name}: ${'file' in hook ? hook.file.path : hook.command}`;

/** With `/` on Windows too: the same input makes the same build everywhere. */
export const shownAs = (folder: string, project: string): string =>
  relative(project, folder).replaceAll(sep, '/') || '.';

export interface About {
  /** Of the versioned ones. */
  readonly count: number;
  /** In decimal. */
  readonly first: string;
  readonly last: string;
  /** How many of these. */
  readonly repeatable: number;
  /** Of all of it (src/digest.ts). */
  readonly digest: string;
  /** As in `beforeEach: hooks/limits.sql`. */
  readonly hooks: readonly string[];
  /** The PostgreSQL whose syntax the files were held to. */
  readonly serverVersion: number;
  /** What built it. */
  readonly tool: string;
}

export interface Carried {
  /** How the bundle is called, for hints. */
  readonly program: string;
  readonly about: About;
  readonly migrations: () => Migrations;
  readonly hooks: () => CarriedHooks;
}

export function aboutText({
  count,
  first,
  last,
  repeatable,
  digest,
  hooks,
  serverVersion,
  tool,
}: About): string {
  const which = count === 0 ? '' : count === 1 ? `: ${first}` : `: ${first} to ${last}`;
  const again = repeatable === 0 ? '' : ` and ${counted(repeatable, 'repeatable')}`;
  const what = `${counted(count, 'migration')}${which}${again}`;
  return [what, `digest: ${digest}`, ...hooks, `built by ${tool} for PostgreSQL ${serverVersion}`].join('\n');
}

/** `version --embedded`. */
export const carriedResult = (about: About): Result => ({
  text: aboutText(about),
  document: { command: 'version', embedded: about, warnings: [], error: null },
});
