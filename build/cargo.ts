/**
 * What a bundle carries, as text: behind the front (build/front.ts), which is its only code for Node, each line is a
 * comment. Node skips those faster than any code, `version --embedded` needs no more than the first two, and a file
 * that was cut off or edited still begins, and can say so.
 *
 *     //{"size":123456,"seal":"…"}     of all that follows
 *     //{"count":2,…}                  a Head
 *     //{"id":"1",…}                   each migration, then each repeatable
 *     //…                              the commands, which are code again once the slashes are gone
 *
 * In ASCII, so that a byte is a character: JSON can, and esbuild does. (U+2028 would end a comment.)
 */

import { isRepeatable, type Layout, type Migration, type Migrations } from '../src/migration.ts';
import { digest } from '../src/sql/checksum.ts';
import type { About, Carried, CarriedHooks } from '../tasks/_carried.ts';

export interface Head extends About {
  readonly layout: Layout;
  readonly origin: string;
  /** Absent where there are none. */
  readonly around?: CarriedHooks;
}

const NONE: CarriedHooks = { beforeAll: [], beforeEach: [], afterEach: [], afterAll: [] };

type Packed = Omit<Migration, 'version'> & { readonly version: string };

export function pack(head: Head, migrations: readonly Migration[], commands: string): string {
  const packed = migrations.map((m): Packed => ({ ...m, version: String(m.version) }));
  const body = [...[head, ...packed].map(ascii), commands].map(
    (part) => `//${part.replaceAll('\n', '\n//')}\n`,
  );
  const text = body.join('');
  return `//${ascii({ size: text.length, seal: digest(text) })}\n${text}`;
}

const ascii = (value: unknown): string =>
  JSON.stringify(value).replaceAll(
    /[^\x20-\x7e]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/**
 * What the first line says of the rest; SHA-256 again, as the files' own checksums say nothing of what a build found out,
 * or of a file that is gone.
 */
export interface Seal {
  readonly size: number;
  readonly seal: string;
}
export interface Damage {
  readonly built: Seal | null;
  readonly now: Seal;
  readonly lines: readonly string[];
}

export interface Cargo extends Omit<Carried, 'program'> {
  readonly commands: () => string;
}

/** `body`: from the first of those lines on. Bytes, as a text of half a megabyte is only wanted for commands. */
export function unpack(body: Buffer): Cargo | Damage {
  const end = body.indexOf('\n') + 1;
  const built = sealIn(body.toString('latin1', 0, end));
  const bytes = body.subarray(end);
  const seal = digest(bytes);
  if (bytes.length !== built?.size || seal !== built.seal) {
    return { built, now: { size: bytes.length, seal }, lines: bytes.toString('latin1').split('\n') };
  }
  const headEnd = bytes.indexOf('\n');
  const { origin, layout, around = NONE, ...about }: Head = JSON.parse(bytes.toString('latin1', 2, headEnd));
  const lines = (): { readonly migrations: readonly string[]; readonly end: number } => {
    const migrations: string[] = [];
    let from = headEnd + 1;
    while (migrations.length < about.count + about.repeatable) {
      const to = bytes.indexOf('\n', from);
      migrations.push(bytes.toString('latin1', from, to));
      from = to + 1;
    }
    return { migrations, end: from };
  };
  return {
    about,
    migrations: (): Migrations => {
      const all = lines().migrations.map(migrationIn);
      return {
        layout,
        origin: `the bundle of ${origin}`,
        migrations: all.filter((m) => !isRepeatable(m.id)),
        repeatable: all.filter((m) => isRepeatable(m.id)),
        ignored: [],
      };
    },
    hooks: () => around,
    commands: () => bytes.toString('latin1', lines().end + 2).replaceAll('\n//', '\n'),
  };
}

export function migrationIn(line: string): Migration {
  const packed: Packed = JSON.parse(line.slice(2));
  return { ...packed, version: BigInt(packed.version) };
}

function sealIn(line: string): Seal | null {
  try {
    const { size, seal }: Partial<Seal> = JSON.parse(line.slice(2));
    return size === undefined || seal === undefined ? null : { size, seal };
  } catch {
    return null;
  }
}
