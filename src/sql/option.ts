import type { DefElem, Node } from './grammar.ts';

/** An option such as `concurrently` in `(verbose, concurrently off)`, as a boolean; null if it is not there. */
export function booleanOption(options: readonly Node[] | undefined, name: string): boolean | null {
  let value: boolean | null = null;
  for (const option of options ?? []) {
    // Said twice, the last one counts: `reindex (concurrently false) table concurrently t` is refused in a transaction.
    if ('DefElem' in option && option.DefElem.defname === name) value = isOn(option.DefElem);
  }
  return value;
}

/** As the server's defGetBoolean has it: a bare name is true. What it would refuse is read as false. */
function isOn({ arg }: DefElem): boolean {
  if (arg === undefined) return true;
  if ('Integer' in arg) return arg.Integer.ival === 1;
  // `off` is no keyword, and so a type name to the grammar.
  const word = 'TypeName' in arg ? arg.TypeName.names?.at(-1) : arg;
  return word !== undefined && 'String' in word && /^(true|on)$/i.test(word.String.sval ?? '');
}

/** A string option such as `version '1.6'`; null if it is not there. */
export function textOption(options: readonly Node[] | undefined, name: string): string | null {
  for (const option of options ?? []) {
    if (!('DefElem' in option) || option.DefElem.defname !== name) continue;
    const { arg } = option.DefElem;
    if (arg !== undefined && 'String' in arg) return arg.String.sval ?? null;
  }
  return null;
}
