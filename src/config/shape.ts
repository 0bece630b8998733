/** What docs/config.schema.json says of the value at a pointer. */

import { type Node, schema } from 'virtual:config-validator';

export function nodeAt(pointer: string): Node | null {
  let node: Node | undefined = schema;
  for (const key of pointer === '' ? [] : pointer.split('/')) {
    const known: Readonly<Record<string, Node>> = node?.properties ?? {};
    node = Object.hasOwn(known, key) ? known[key] : /^\d+$/.test(key) ? node?.items : undefined;
    node = followed(node);
  }
  return node ?? null;
}

/** What several keys have in common stands in one place. */
function followed(node: Node | undefined): Node | undefined {
  const name = node?.$ref?.replace('#/definitions/', '');
  return name === undefined ? node : { ...schema.definitions?.[name], ...node };
}

export const defaultOf = (pointer: string): string | null => {
  const value = nodeAt(pointer)?.default;
  return value === undefined ? null : String(value);
};

export const isSecret = (pointer: string): boolean => nodeAt(pointer)?.writeOnly === true;

/** Sections of other programs have no type; nothing in them is ours to judge or to fill in. */
export const isRead = (pointer: string): boolean => {
  const node = nodeAt(pointer);
  return (
    node === null || node.type !== undefined || node.enum !== undefined || node.errorMessage !== undefined
  );
};

/** A command line, which is its shell's to read. */
export const isCommand = (pointer: string): boolean => /^(hooks\/.+|targets)\/command$/.test(pointer);
