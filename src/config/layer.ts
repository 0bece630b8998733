/** What one place says, before it is known whether it makes sense. */

import type { Location } from '../migration.ts';

/** Where a value comes from. */
export type Origin =
  | { readonly kind: 'default' }
  | { readonly kind: 'file'; readonly file: string; readonly line: number; readonly column: number }
  | { readonly kind: 'variable'; readonly name: string; readonly dotenv: boolean }
  | { readonly kind: 'flag'; readonly name: string };

export interface Sourced<T> {
  readonly value: T;
  readonly origin: Origin;
}

export const DEFAULT: Origin = { kind: 'default' };

/** As in `rungs config`: `rungs.yaml:4`, `DATABASE_URL`, `PGHOST (.env)`, `--path`. */
export function originText(origin: Origin): string {
  if (origin.kind === 'default') return 'default';
  if (origin.kind === 'file') return `${origin.file}:${origin.line}`;
  if (origin.kind === 'flag') return `--${origin.name}`;
  return origin.dotenv ? `${origin.name} (.env)` : origin.name;
}

/** For an error; null where it is in no file. */
export const placeOf = (origin: Origin): Location | null =>
  origin.kind === 'file' ? { file: origin.file, line: origin.line, column: origin.column } : null;

/** Of the shape of rungs.yaml. A list, which nothing is, is an empty array. */
export interface Tree {
  [key: string]: unknown;
}

/**
 * All values are text, as they were written: so `password: 0123` keeps its zero, and a variable can be used where a
 * number is wanted. `origins` are by JSON pointer without the first slash: `retry/delay`.
 */
export interface Layer {
  readonly tree: Tree;
  readonly origins: ReadonlyMap<string, Origin>;
  /** Pointers to what is not to be shown, as a variable's value went into it. */
  readonly hidden: ReadonlySet<string>;
  /** Pointers to what cannot be read, as `problems` says already. */
  readonly faulty: ReadonlySet<string>;
  readonly problems: readonly Problem[];
}

export interface Problem {
  /** Null: the configuration as a whole. */
  readonly origin: Origin | null;
  /** Begins with the key where that is not the origin's name. Holds no secret. */
  readonly message: string;
}

/** Values by pointer as a layer; those that are absent are not in it. */
export function layerOf(
  values: Iterable<readonly [pointer: string, text: string | null | undefined, origin: Origin]>,
): Layer {
  const tree: Tree = {};
  const origins = new Map<string, Origin>();
  for (const [pointer, text, origin] of values) {
    const [key = '', inner] = pointer.split('/');
    // A URL is not a section that a password could be put into.
    if (text === null || text === undefined || typeof tree[key] === 'string') continue;
    if (inner === undefined) tree[key] = text;
    else {
      const section = (tree[key] ?? {}) as Tree;
      section[inner] = text;
      tree[key] = section;
    }
    origins.set(pointer, origin);
  }
  return { tree, origins, hidden: new Set(), faulty: new Set(), problems: [] };
}
