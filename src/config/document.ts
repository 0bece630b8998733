/**
 * rungs.yaml to a layer. Scalars stay the text that was written (YAML's failsafe schema), since what they mean is
 * for the validator to say.
 */

import {
  Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import type { Environment } from './keywords.ts';
import type { Layer, Origin, Problem, Tree } from './layer.ts';
import { hasPassword } from './masked.ts';
import { isCommand, isRead, isSecret } from './shape.ts';
import { substitute } from './substitute.ts';
import { NO_ANCHOR, YAML_FAULTS } from './yaml-fault.ts';

export interface FileLayer extends Layer {
  /** Whether a password stands in the file itself. */
  readonly holdsPassword: boolean;
}

/** Under way. */
interface Reading {
  readonly document: Document;
  readonly env: Environment;
  readonly originAt: (offset: number) => Origin;
  readonly complain: (offset: number, message: string) => void;
  readonly origins: Map<string, Origin>;
  readonly hidden: Set<string>;
  readonly faulty: Set<string>;
  holdsPassword: boolean;
}

interface Entry {
  readonly key: string;
  readonly at: number;
  readonly value: unknown;
  readonly isMerged: boolean;
}

/** Nothing that we know of is deeper; and an anchor may hold itself. */
const DEEPEST = 4;

/** `file` is its name for messages. */
export function readDocument(text: string, file: string, env: Environment): FileLayer {
  const lineCounter = new LineCounter();
  const options = { schema: 'failsafe', lineCounter, prettyErrors: false, logLevel: 'error' } as const;
  const document: Document = parseDocument(text, options);
  const problems: Problem[] = [];
  const originAt = (offset: number): Origin => {
    const { line, col } = lineCounter.linePos(offset);
    return { kind: 'file', file, line, column: col };
  };
  const complain = (offset: number, message: string): void => {
    problems.push({ origin: originAt(offset), message });
  };
  const found = { origins: new Map<string, Origin>(), hidden: new Set<string>(), faulty: new Set<string>() };
  const reading: Reading = { document, env, originAt, complain, ...found, holdsPassword: false };

  const faults = [...document.errors, ...document.warnings];
  // One mistake makes many errors behind it, and what is read then is not what was meant.
  const first = faults.find((e) => e.code !== 'DUPLICATE_KEY');
  for (const e of first === undefined ? faults : [first]) complain(e.pos[0], YAML_FAULTS[e.code]);
  const isEmpty =
    document.contents === null || (isScalar(document.contents) && document.contents.source === '');
  const root = first !== undefined || isEmpty ? {} : readNode(reading, document.contents, '', 0, 0);
  const isSection = typeof root === 'object' && !Array.isArray(root);
  if (!isSection) complain(0, 'the file must be a list of `key: value` lines');
  const tree = isSection ? (root as Tree) : {};
  return { ...found, tree, problems, holdsPassword: reading.holdsPassword };
}

function readNode(r: Reading, node: unknown, pointer: string, depth: number, at: number): unknown {
  const target = isAlias(node) ? node.resolve(r.document) : node;
  if (isMap(target)) return sectionOf(r, target, pointer, depth + 1);
  if (isSeq(target)) return listOf(r, target, pointer, depth + 1, at);
  if (isScalar(target)) return textOf(r, String(target.value ?? ''), pointer, at);
  if (isAlias(node)) {
    r.complain(at, NO_ANCHOR);
    r.faulty.add(pointer);
  }
  return '';
}

function listOf(r: Reading, list: YAMLSeq, pointer: string, depth: number, at: number): readonly unknown[] {
  if (depth > DEEPEST) return [];
  return list.items.map((item, i) => {
    const inner = `${pointer}/${i}`;
    const here = isNode(item) ? (item.range?.[0] ?? at) : at;
    r.origins.set(inner, r.originAt(here));
    return readNode(r, item, inner, depth, here);
  });
}

function textOf(r: Reading, written: string, pointer: string, at: number): string {
  // A command's own `${NAME}` is for its shell, and so no secret is in what is shown of it.
  if (isCommand(pointer)) return written;
  const { text, isSubstituted, fault } = substitute(written, r.env);
  if (fault !== null) {
    r.complain(at, `${pointer.replaceAll('/', '.')}: ${fault}`);
    r.faulty.add(pointer);
  }
  if (isSubstituted) r.hidden.add(pointer);
  if (isSecret(pointer)) {
    // What stands in the file itself, be the rest from variables or not.
    const own = written.replaceAll(/\$\{\w*\}/g, '');
    const isWhole = pointer === 'database' || pointer.startsWith('targets/');
    if (own !== '' && (!isWhole || hasPassword(own))) r.holdsPassword = true;
  }
  return pointer === 'database/sslmode' ? text.toLowerCase() : text;
}

function sectionOf(r: Reading, map: YAMLMap, pointer: string, depth: number): Tree {
  // Without a prototype, as `__proto__` is as good a key as any.
  const tree: Tree = Object.create(null);
  if (depth > DEEPEST) return tree;
  for (const { key, at, value, isMerged } of entriesOf(r, map, depth)) {
    // Viper, which reads ToolHive's file, does not mind the case.
    const name = pointer === 'database' && /^sslmode$/i.test(key) ? 'sslmode' : key;
    if (Object.hasOwn(tree, name)) {
      if (!isMerged && name !== key) r.complain(at, YAML_FAULTS.DUPLICATE_KEY);
      continue;
    }
    const inner = pointer === '' ? name : `${pointer}/${name}`;
    r.origins.set(inner, r.originAt(at));
    tree[name] = isRead(inner) ? readNode(r, value, inner, depth, at) : '-';
  }
  return tree;
}

/** The keys that are written, and then those of `<<`, which fill in. */
function entriesOf(r: Reading, map: YAMLMap, depth: number): readonly Entry[] {
  const own = map.items.flatMap(({ key, value }): readonly Entry[] => {
    if (isScalar(key)) return [{ key: String(key.value), at: key.range?.[0] ?? 0, value, isMerged: false }];
    r.complain(map.range?.[0] ?? 0, YAML_FAULTS.NON_STRING_KEY);
    return [];
  });
  const merged = own
    .filter(({ key }) => key === '<<')
    .flatMap(({ value, at }) => (isSeq(value) ? value.items : [value]).map((node) => ({ node, at })))
    .flatMap(({ node, at }) => {
      const target = isAlias(node) ? node.resolve(r.document) : node;
      if (isMap(target)) return depth < DEEPEST ? entriesOf(r, target, depth + 1) : [];
      r.complain(at, 'what is behind << must be a section, or the name of an anchor above');
      return [];
    })
    .map((entry) => ({ ...entry, isMerged: true }));
  return [...own.filter(({ key }) => key !== '<<'), ...merged];
}

/**
 * The text with one setting more, or another value of it; comments and all else stay. Null where that cannot be done
 * without touching more: the file is not a list of `key: value` lines, or takes the value from elsewhere.
 */
export function withSetting(text: string, key: string, value: string): string | null {
  const document: Document = parseDocument(text, { prettyErrors: false, logLevel: 'error' });
  const root = document.contents;
  const line = indentOf(text, root?.range?.[0] ?? 0) + new Document({ [key]: value }).toString();
  if (document.errors.length > 0) return null;
  if (root === null) return /^(\.\.\.|---)/m.test(text) ? null : `${text}${endOf(text)}${line}`;
  if (!isMap(root) || root.flow === true) return null;
  const written = root.items.find((item) => isScalar(item.key) && item.key.value === key);
  if (written === undefined) return /^\.\.\./m.test(text) ? null : `${text}${endOf(text)}${line}`;
  const [from, to] = (isScalar(written.value) ? written.value.range : null) ?? [];
  if (from === undefined || to === undefined || from === to) return null;
  return `${text.slice(0, from)}${line
    .trimStart()
    .slice(key.length + 2)
    .trimEnd()}${text.slice(to)}`;
}

/** All lines of the list begin at one column, be it the first or not. */
const indentOf = (text: string, at: number): string =>
  ' '.repeat(at - text.slice(0, at).lastIndexOf('\n') - 1);

const endOf = (text: string): string => (text === '' || text.endsWith('\n') ? '' : '\n');
