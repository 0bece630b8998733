/**
 * What a bundle carries, as text: behind the front (build/front.ts), which is its only code for Node, each line is a
 * comment. Node skips those faster than any code, `version --embedded` needs no more than the first two, and a file
 * that was cut off or edited still begins, and can say so.
 *
 *     //{"size":123456,"seal":"…",…}   of all that follows, and of the front
 *     //{"count":2,…}                  a Head
 *     //{"id":"1",…}                   each migration, then each repeatable
 *     //…                              the commands, which are code again once the slashes are gone
 *
 * In ASCII, so that a byte is a character: JSON can, and esbuild does. (U+2028 would end a comment.)
 */

import { isRepeatable, type Migration, type Migrations } from '../src/migration.ts';
import { digest } from '../src/sql/checksum.ts';
import type { Carried, CarriedHooks } from '../tasks/_carried.ts';
import { type Head, headIn, type Seal, type Sealed, sumOf } from './label.ts';

const NONE: CarriedHooks = { beforeAll: [], beforeEach: [], afterEach: [], afterAll: [] };

type Packed = Omit<Migration, 'version'> & { readonly version: string };

export function pack(front: string, head: Head, migrations: readonly Migration[], commands: string): string {
  const packed = migrations.map((m): Packed => ({ ...m, version: String(m.version) }));
  const listed = [head, ...packed].map((value) => `//${ascii(value)}\n`).join('');
  const text = `${listed}//${commands.replaceAll('\n', '\n//')}\n`;
  const sum = sumOf(Buffer.from(listed, 'latin1'));
  return `//${ascii({ size: text.length, seal: digest(front + text), list: listed.length, sum })}\n${text}`;
}

const ascii = (value: unknown): string =>
  JSON.stringify(value).replaceAll(
    /[^\x20-\x7e]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

export interface Damage {
  readonly built: Seal | null;
  readonly now: Pick<Seal, 'size' | 'seal'>;
  readonly lines: readonly string[];
}

export interface Cargo extends Omit<Carried, 'program'> {
  readonly commands: () => string;
}

/** SHA-256 again, as the files' own checksums say nothing of what a build found out, or of a file that is gone. */
export function unpack({ front, seal: built, bytes }: Sealed): Cargo | Damage {
  const seal = digest(Buffer.concat([front, bytes]));
  if (bytes.length !== built?.size || seal !== built.seal) {
    return { built, now: { size: bytes.length, seal }, lines: bytes.toString('latin1').split('\n') };
  }
  const { origin, layout, around = NONE, ...about } = headIn(bytes);
  const lines = (): { readonly migrations: readonly string[]; readonly end: number } => {
    const migrations: string[] = [];
    let from = bytes.indexOf('\n') + 1;
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
