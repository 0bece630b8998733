/** What docs/config.schema.json says of the value at a pointer. */

import { type Node, schema } from 'virtual:config-validator';

export function nodeAt(pointer: string): Node | null {
  let node: Node | undefined = schema;
  for (const key of pointer === '' ? [] : pointer.split('/')) {
    const known: Readonly<Record<string, Node>> = node?.properties ?? {};
    node = Object.hasOwn(known, key) ? known[key] : undefined;
  }
  return node ?? null;
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
