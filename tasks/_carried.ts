/** What a bundle carries, for the commands in it. */

import type { Migrations } from '../src/migration.ts';
import { counted } from '../src/report/amounts.ts';
import type { Result } from './_result.ts';

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
}

export function aboutText({ count, first, last, repeatable, digest, serverVersion, tool }: About): string {
  const which = count === 0 ? '' : count === 1 ? `: ${first}` : `: ${first} to ${last}`;
  const again = repeatable === 0 ? '' : ` and ${counted(repeatable, 'repeatable')}`;
  const what = `${counted(count, 'migration')}${which}${again}`;
  return `${what}\ndigest: ${digest}\nbuilt by ${tool} for PostgreSQL ${serverVersion}`;
}

/** `version --embedded`. */
export const carriedResult = (about: About): Result => ({
  text: aboutText(about),
  document: { command: 'version', embedded: about, warnings: [], error: null },
});
