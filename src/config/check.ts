/** A layer against docs/config.schema.json: the values that it says, and every problem in it at once. */

import { type Fault, validate } from 'virtual:config-validator';
import type { Layer, Origin, Problem } from './layer.ts';
import { nearest } from './nearest.ts';
import { isCommand, isSecret, nodeAt } from './shape.ts';
import { quotable, unquotable } from './unquotable.ts';

/** A value of the type that the schema wants, and where it was said. */
export interface Given {
  readonly value: string | number | boolean;
  readonly origin: Origin;
}

export interface Checked {
  /** By pointer; no sections. */
  readonly values: ReadonlyMap<string, Given>;
  readonly problems: readonly Problem[];
}

export function check(layer: Layer): Checked {
  const empty = [...layer.origins.keys()].filter((p) => at(layer, p) === '' && nodeAt(p) !== null);
  // The validator writes into the tree.
  const tree = structuredClone(layer.tree);
  const faults = validate(tree) ? [] : (validate.errors ?? []);
  const found = new Map<string, string>(empty.map((pointer) => [pointer, 'has no value']));
  for (const pointer of layer.origins.keys()) {
    const what = misplaced(layer, pointer);
    if (what !== null) found.set(pointer, what);
  }
  for (const fault of faults) {
    const pointer = pointerOf(fault);
    if (!found.has(pointer)) found.set(pointer, complaint(layer, fault, pointer));
  }
  const values = new Map<string, Given>();
  for (const [pointer, origin] of layer.origins) {
    const value = at({ tree }, pointer);
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
      values.set(pointer, { value, origin });
    }
  }
  for (const pointer of layer.faulty) found.delete(pointer);
  const problems = [...found].map(([pointer, what]) => problemOf(layer, pointer, what));
  return { values, problems: [...layer.problems, ...problems] };
}

/** What all layers say in a section, by key; they come with the one that wins first. */
export function valuesIn(section: string, layers: readonly Checked[]): ReadonlyMap<string, Given> {
  const found = new Map<string, Given>();
  for (const { values } of layers.toReversed()) {
    for (const [pointer, given] of values) {
      if (pointer.startsWith(`${section}/`)) found.set(pointer.slice(section.length + 1), given);
    }
  }
  return found;
}

const pointerOf = ({ instancePath, params }: Fault): string =>
  [...instancePath.slice(1).split('/'), params.additionalProperty ?? '']
    .filter((key) => key !== '')
    .join('/');

function at({ tree }: Pick<Layer, 'tree'>, pointer: string): unknown {
  let value: unknown = tree;
  for (const key of pointer.split('/'))
    value = (value as Readonly<Record<string, unknown>> | undefined)?.[key];
  return value;
}

/** A file's values are known by their keys, and others by the name of the variable or flag. */
function problemOf({ origins }: Layer, pointer: string, what: string): Problem {
  const origin = origins.get(pointer) ?? null;
  const key = pointer.replaceAll('/', '.');
  const name = origin?.kind === 'variable' || origin?.kind === 'flag' ? '' : `${key} `;
  return { origin, message: `${name}${what}` };
}

/** As in `postgres://app:secret@db`, but not `postgres://app:$PASSWORD@db`. */
const PASSWORD_SHAPE = /:\/\/[^\s/@:]*:[^\s/@$][^\s/@]*@|(pass(word|wd|phrase)?|pwd)\s*=\s*['"]?[^\s'"$]/i;

/** A connection string where another thing belongs; whatever shows that setting would show the password. */
function misplaced(layer: Layer, pointer: string): string | null {
  const value = at(layer, pointer);
  const node = nodeAt(pointer);
  if (typeof value !== 'string' || node === null || isSecret(pointer)) return null;
  if (isCommand(pointer))
    return PASSWORD_SHAPE.test(value) ? `holds a password: it ${node.errorMessage}` : null;
  const what = unquotable(value);
  return what === null ? null : `is ${what}: it ${node.errorMessage ?? 'cannot be used'}`;
}

function complaint(layer: Layer, { keyword, params }: Fault, pointer: string): string {
  if (keyword === 'additionalProperties') {
    const section = nodeAt(pointer.split('/').slice(0, -1).join('/'));
    if (section?.patternProperties !== undefined)
      return 'is no name: one has letters, digits and _, and begins with no digit';
    const meant = nearest(params.additionalProperty ?? '', Object.keys(section?.properties ?? {}));
    return `is not a known key${meant === null ? '' : `; did you mean ${meant}?`}`;
  }
  const node = nodeAt(pointer);
  const value = at(layer, pointer);
  if (keyword === 'maxProperties') {
    const known = Object.keys(node?.properties ?? {}).filter((key) => Object.hasOwn(value as object, key));
    if (known.length > 1) return `has ${known.join(' and ')} in it: only one of them can be given`;
  }
  const meant = typeof value === 'string' ? nearest(value, node?.enum ?? []) : null;
  const wanted = `${node?.errorMessage ?? 'cannot be used'}${meant === null ? '' : `; did you mean ${meant}?`}`;
  return isSecret(pointer) || layer.hidden.has(pointer) ? wanted : `is ${shown(value)}: it ${wanted}`;
}

/** Nothing that might be a URL with a password in it. */
function shown(value: unknown): string {
  if (typeof value === 'string') return quotable(value);
  return Array.isArray(value) ? 'a list' : 'a section';
}
